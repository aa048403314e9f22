"""Segments: popularity by weeks of purchase, moved by the store and by who the member is, carefully."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.contracts.settings import Settings, load_settings
from training.affinity.blend import Field
from training.cutoffs import Cutoff
from training.release.newcomers import NEWCOMER_CANDIDATES, packed_newcomers
from training.release.segment_keys import member_keys, store_key
from training.release.segment_quality import METHODS, cold_quality
from training.release.segments import ATTRIBUTE_CAUTION, STORE_CAUTION, Segments, build_segments, load_segments

AS_OF = datetime(2017, 12, 4, 5, tzinfo=UTC)
SHELF = np.array(["unsold", "tea", "beer", "milk"], dtype=np.str_)
UNSOLD, TEA, BEER, MILK = range(4)

Line = tuple[str | None, str, str, datetime]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home")


def weeks_ago(weeks: float) -> datetime:
    return AS_OF - timedelta(weeks=weeks) - timedelta(seconds=1)


def write(folder: Path, lines: list[Line]) -> Path:
    frame = pd.DataFrame(lines, columns=["member_id", "product_id", "store_id", "ordered_at"])
    frame["ordered_at"] = pd.to_datetime(frame["ordered_at"], utc=True)
    file = folder / "purchases.parquet"
    frame.assign(order_id="o" + frame.index.astype(str)).to_parquet(file)
    return file


def town() -> list[Line]:
    """Two stores of thirty members each: the north drinks tea, the south beer, and everybody milk."""
    return [
        (f"{store}{n}", product, store, weeks_ago(week))
        for store, drink in (("north", "tea"), ("south", "beer"))
        for n in range(30)
        for week in range(3)
        for product in (drink, "milk")
    ]


AGES = pd.DataFrame(
    [(f"{store}{n}", f"age={age}") for store, age in (("north", "old"), ("south", "young")) for n in range(30)],
    columns=["member_id", "key"],
)


def built(settings: Settings, file: Path, keys: pd.DataFrame = AGES, **options: object) -> Segments:
    return build_segments(settings, file, keys, SHELF, as_of=AS_OF, **options)  # type: ignore[arg-type]  # as named


def test_popularity_counts_weeks_in_which_members_bought(settings: Settings, tmp_path: Path) -> None:
    lines: list[Line] = [
        ("anna", "tea", "north", weeks_ago(0)),
        ("anna", "tea", "south", weeks_ago(0.5)),  # the same week
        ("anna", "tea", "north", weeks_ago(1)),
        ("ben", "beer", "north", weeks_ago(0)),
        (None, "beer", "north", weeks_ago(0)),
        ("ben", "milk", "north", weeks_ago(40)),
        ("ben", "milk", "north", AS_OF),
    ]
    segments = built(settings, write(tmp_path, lines))
    assert segments.rows.tolist() == [TEA, BEER]
    assert segments.popularity.tolist() == [1.0, 0.5]
    assert not len(segments.keys)


def test_a_segment_lifts_what_it_buys_more_than_others_by_as_much_as_was_seen(
    settings: Settings, tmp_path: Path
) -> None:
    segments = built(settings, write(tmp_path, town()))
    assert segments.rows.tolist() == [MILK, TEA, BEER]
    assert segments.keys.tolist() == ["age=old", "age=young", "store=north", "store=south"]
    # the north bought tea in 90 member-weeks; its share of all purchases would have it buy 180 x 90/360 = 45
    lift = (90 + STORE_CAUTION) / (45 + STORE_CAUTION)
    np.testing.assert_allclose(
        segments.log_lifts[2], np.log([1.0, lift, STORE_CAUTION / (45 + STORE_CAUTION)]), atol=1e-6
    )
    careful = np.sqrt((90 + ATTRIBUTE_CAUTION) / (45 + ATTRIBUTE_CAUTION))
    np.testing.assert_allclose(np.exp(segments.log_lifts[0, 1]), careful, rtol=1e-6)


def test_each_store_has_its_own_list_and_an_unknown_one_has_none(settings: Settings, tmp_path: Path) -> None:
    segments = built(settings, write(tmp_path, town()))
    north, south = segments.for_store("north"), segments.for_store("south")
    assert north is not None
    assert south is not None
    assert north[0].tolist() == [MILK, TEA, BEER]
    assert south[0].tolist() == [MILK, BEER, TEA]
    assert north[1][0] == 1.0
    assert (np.diff(north[1]) < 0).all()
    assert segments.for_store("nowhere") is None
    assert segments.for_store("north") is north


def test_segments_add_up_and_unknown_ones_change_nothing(settings: Settings, tmp_path: Path) -> None:
    segments = built(settings, write(tmp_path, town()))
    keys = [store_key("north"), "age=old"]
    both = segments.scores(keys)[1]
    assert both > max(segments.scores([key])[1] for key in keys)
    np.testing.assert_array_equal(segments.scores(["age=unheard of"]), segments.popularity)
    assert segments.knows([*keys, "age=unheard of"])
    assert not segments.knows(["age=unheard of"])


def test_a_segment_of_few_members_is_none(settings: Settings, tmp_path: Path) -> None:
    segments = built(settings, write(tmp_path, town()), least_members=31)
    assert not len(segments.keys)
    assert segments.best(["age=old"])[0].tolist() == [MILK, TEA, BEER]


def test_what_hidden_members_bought_is_not_seen(settings: Settings, tmp_path: Path) -> None:
    north = np.array([f"north{n}" for n in range(30)], dtype=np.str_)
    segments = built(settings, write(tmp_path, town()), without=north)
    assert TEA not in segments.rows
    assert "store=north" not in segments.keys


def test_saved_and_loaded_it_is_the_same(settings: Settings, tmp_path: Path) -> None:
    segments = built(settings, write(tmp_path, town()))
    assert load_segments(tmp_path) is None
    segments.save(tmp_path)
    loaded = load_segments(tmp_path)
    assert loaded is not None
    for name in ("rows", "popularity", "keys", "log_lifts"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(segments, name))


def write_members(folder: Path, **columns: list[object]) -> None:
    empty: dict[str, list[object]] = {
        name: [None] * len(columns["member_id"])
        for name in ("joined_store_id", "city", "gender", "tier", "is_paid_member", "birth_year", "attributes")
    }
    pd.DataFrame(empty | columns).astype({"birth_year": "Int64", "is_paid_member": "boolean"}).to_parquet(
        folder / "members.parquet"
    )


def test_members_belong_to_the_segments_of_what_is_known_of_them(tmp_path: Path) -> None:
    write_members(
        tmp_path,
        member_id=["anna", "ben"],
        joined_store_id=["north", None],
        birth_year=[1987, None],
        is_paid_member=[True, None],
        tier=["gold", None],
        attributes=['{"kids": "2", "tier": "tin", "note": "' + "x" * 61 + '", "weight": 61.5, "none": null}', None],
    )
    keys = member_keys(tmp_path)
    assert set(keys["member_id"]) == {"anna"}
    assert keys["key"].tolist() == ["born=1980s", "is_paid_member=True", "kids=2", "store=north", "tier=gold"]


def test_members_without_purchases_are_packed_with_what_their_segments_buy(settings: Settings, tmp_path: Path) -> None:
    segments = built(settings, write(tmp_path, town()))
    write_members(tmp_path, member_id=["north1", "new", "nobody"], joined_store_id=[None, "south", "elsewhere"])
    keys = member_keys(tmp_path)
    chunks = list(
        packed_newcomers(tmp_path, segments, keys, SHELF, known=np.array(["north1"], dtype=np.str_), as_of=AS_OF)
    )
    new, nobody = chunks[0]
    assert [new.member_id, nobody.member_id] == ["new", "nobody"]
    assert new.candidate_ids == ("milk", "beer", "tea")
    assert new.candidate_values[:, Field.POPULARITY].tolist() == pytest.approx(
        segments.best(["store=south"])[1].tolist()
    )
    assert np.isnan(new.candidate_values[:, Field.LAST_ORDERED_DAYS]).all()
    assert new.recent_product_ids == ()
    assert np.isnan(new.vector).all()
    assert nobody.candidate_ids == ()
    assert len(new.candidate_ids) <= NEWCOMER_CANDIDATES


def test_hidden_members_are_served_better_by_their_store_and_attributes(settings: Settings, tmp_path: Path) -> None:
    # In the week after, everybody buys a product of the ten that only their own store sells.
    own = {"north": [f"n{i:02}" for i in range(10)], "south": [f"s{i:02}" for i in range(12)]}
    lines: list[Line] = [
        (f"{store}{n}", product, store, weeks_ago(week))
        for store, products in own.items()
        for n in range(60)
        for week in range(-1, 3)
        for product in products
        if week >= 0 or product == products[0]
    ]
    ages = pd.DataFrame(
        [(f"{store}{n}", f"age={store}") for store in own for n in range(60)], columns=["member_id", "key"]
    )
    found = cold_quality(settings, write(tmp_path, lines), ages, cutoffs=[Cutoff(week=49, at=AS_OF)])
    assert [(each.method, each.week) for each in found] == [(method, week) for week in (49, None) for method in METHODS]
    mean = {each.method: each for each in found if each.week is None}
    assert {each.members for each in found} == {60}
    assert mean["cold-attributes"].recall == mean["cold-store"].recall == 1.0
    assert mean["cold-popularity"].recall < 1.0
    assert mean["cold-store"].gain == pytest.approx(1.0 - mean["cold-popularity"].recall)
    assert mean["cold-popularity"].gain == 0.0


def test_without_known_attributes_there_is_nothing_to_report(settings: Settings, tmp_path: Path) -> None:
    nobody = pd.DataFrame({"member_id": [], "key": []}, dtype=object)
    assert cold_quality(settings, write(tmp_path, town()), nobody, cutoffs=[Cutoff(week=49, at=AS_OF)]) == ()
