"""The coupons of a release, and those that each member may redeem."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from literal_coupons import SPRING_AT, at, literal_coupons

from features.contracts.clock import days_since_epoch
from features.contracts.ids import MemberId
from features.groups.declaration import FeatureType
from features.store.packed_member import PackedMember
from training.coupons.model import CouponModel
from training.coupons.rows import CHOICE_FEATURES, ENCODING, REDEMPTION_FEATURES
from training.coupons.scorer import Logistic, Scorer
from training.coupons.tables import CouponTables
from training.release.coupon_offers import CouponDesk, CouponField
from training.release.coupons import Coupons, build_coupons, load_coupons

SHELF = {"milk": 0, "tea": 1, "bread": 2}
AS_OF = at("2017-05-16T12:00")


class NothingKnown:
    """A history in which every feature of every member is missing."""

    def features_at(self, service: str, rows: pd.DataFrame) -> pd.DataFrame:
        assert service == "coupon_redemption"
        names = {}
        for group in ENCODING.groups:
            for feature in group.features:
                empty: object = pd.NaT if feature.type is FeatureType.MOMENT else np.nan
                names[f"{group.name}__{feature.name}"] = pd.Series([empty] * len(rows))
        moments = {
            name for name, column in names.items() if column.isna().all() and str(column.dtype) == "datetime64[ns]"
        }
        return rows.reset_index(drop=True).assign(
            **{name: column.dt.tz_localize("UTC") if name in moments else column for name, column in names.items()}
        )


def scorer(names: tuple[str, ...], by: str) -> Scorer:
    """Chances that grow with one feature alone."""
    weights: npt.NDArray[np.float64] = np.array([float(name == by) for name in names])
    model = Logistic(means=np.zeros(len(names)), scales=np.ones(len(names)), weights=weights, intercept=-2.0)
    return Scorer(names=names, model=model)


MODEL = CouponModel(
    redemption=scorer(REDEMPTION_FEATURES, "spend_covered"), choice=scorer(CHOICE_FEATURES, "spend_365d")
)


@contextmanager
def desk_of(
    folder: Path, *, shelf: dict[str, int] = SHELF, as_of: datetime = AS_OF, most: int = 200
) -> Iterator[CouponDesk]:
    with literal_coupons(folder) as tables:
        yield CouponDesk(
            history=NothingKnown(),
            tables=tables,
            model=MODEL,
            coupons=coupons_of(tables, shelf=shelf, as_of=as_of),
            shelf_row_of=shelf,
            as_of=as_of,
            most=most,
        )


def coupons_of(tables: CouponTables, *, shelf: dict[str, int] = SHELF, as_of: datetime = AS_OF) -> Coupons:
    return build_coupons(tables, shelf, currency="USD", as_of=as_of)


def test_a_release_holds_the_coupons_that_run_most_ordered_first(tmp_path: Path) -> None:
    with literal_coupons(tmp_path) as tables:
        coupons = coupons_of(tables)
    assert coupons.ids == ["s-all", "s-milk", "s-bread", "alone", "o-tea"]
    assert [coupons.table["is_open"].iloc[coupons.row_of[key]] for key in [("o-tea", "open"), ("s-all", "spring")]] == [
        True,
        False,
    ]
    assert coupons.ends_days[coupons.row_of["s-all", "spring"]] == days_since_epoch(at("2017-06-01T04:00"))


def test_a_coupon_is_named_by_value_categories_and_a_brand_of_its_own(tmp_path: Path) -> None:
    with literal_coupons(tmp_path) as tables:
        names = dict(zip(coupons_of(tables).ids, coupons_of(tables).names, strict=True))
    assert names["s-bread"] == "1.5 USD off: Coupon for BAKERY by Mill"
    assert names["s-milk"] == "Coupon for DAIRY by Farm"
    assert names["s-all"] == "Coupon for BAKERY, DAIRY and more"


def test_a_coupon_lists_what_it_covers_of_the_shelf_in_its_order(tmp_path: Path) -> None:
    with literal_coupons(tmp_path) as tables:
        coupons = coupons_of(tables, shelf={"milk": 4, "tea": 1})
    assert coupons.covered(coupons.row_of["s-all", "spring"]).tolist() == [1, 4]
    assert ("s-bread", "spring") not in coupons.row_of


def test_saved_coupons_are_read_back_as_they_were(tmp_path: Path) -> None:
    with literal_coupons(tmp_path) as tables:
        coupons = coupons_of(tables)
    folder = tmp_path / "release"
    folder.mkdir()
    coupons.save(folder)
    loaded = load_coupons(folder)
    assert loaded is not None
    pd.testing.assert_frame_equal(loaded.table, coupons.table)
    np.testing.assert_array_equal(loaded.product_rows, coupons.product_rows)
    np.testing.assert_array_equal(loaded.starts, coupons.starts)


def test_a_release_without_coupons_is_read_as_such(tmp_path: Path) -> None:
    assert load_coupons(tmp_path) is None


def test_no_running_coupon_makes_an_empty_list(tmp_path: Path) -> None:
    with literal_coupons(tmp_path) as tables:
        coupons = coupons_of(tables, as_of=at("2017-04-15T12:00"))
    assert len(coupons) == 0
    assert coupons.starts.tolist() == [0]


def test_a_member_gets_the_running_coupons_not_redeemed_yet_likeliest_first(tmp_path: Path) -> None:
    with desk_of(tmp_path) as desk:
        ids, values = desk.offers([MemberId("anna")])[MemberId("anna")]
    # s-milk was redeemed on the ninth; s-all on the twentieth, which is later
    assert set(ids) == {"s-all", "s-bread", "o-tea", "alone"}
    assert ids[0] == "s-all"
    expected = values[:, CouponField.EXPECTED]
    assert (np.diff(expected) <= 0).all()
    np.testing.assert_allclose(expected, values[:, CouponField.REDEEMS] * values[:, CouponField.CHOOSES], rtol=1e-6)


def test_a_members_values_name_the_coupon_and_the_product_bought_most(tmp_path: Path) -> None:
    with desk_of(tmp_path) as desk:
        ids, values = desk.offers([MemberId("anna")])[MemberId("anna")]
        rows = values[:, CouponField.ROW].astype(int)
        assert [desk.coupons.ids[row] for row in rows] == list(ids)
    by_id = dict(zip(ids, values, strict=True))
    # two orders of bread and two of milk: bread cost more
    assert by_id["s-all"][CouponField.BOUGHT] == SHELF["bread"]
    assert by_id["o-tea"][CouponField.BOUGHT] == -1
    assert (by_id["s-bread"][CouponField.ORDERS_365D], by_id["s-bread"][CouponField.CATEGORY_ORDERS]) == (2, 2)


def test_who_was_not_reached_gets_the_open_coupons_alone(tmp_path: Path) -> None:
    with desk_of(tmp_path) as desk:
        found = desk.offers([MemberId("cleo"), MemberId("nobody knows")])
    assert {member: set(ids) for member, (ids, _) in found.items()} == {
        "cleo": {"o-tea", "alone"},
        "nobody knows": {"o-tea", "alone"},
    }


def test_a_member_keeps_the_likeliest_coupons_when_there_are_too_many(tmp_path: Path) -> None:
    with desk_of(tmp_path, most=1) as desk:
        assert desk.offers([MemberId("anna")])[MemberId("anna")][0] == ("s-all",)


def test_nobody_gets_a_coupon_before_its_campaign_starts(tmp_path: Path) -> None:
    with desk_of(tmp_path, as_of=SPRING_AT - timedelta(seconds=1)) as desk:
        assert desk.offers([MemberId("anna")]) == {}


def test_packed_members_are_given_their_coupons_chunk_by_chunk(tmp_path: Path) -> None:
    def packed(member_id: str) -> PackedMember:
        return PackedMember(
            member_id=MemberId(member_id),
            as_of=datetime(2017, 5, 16, 12, tzinfo=UTC),
            vector=np.zeros(1, dtype=np.float32),
            candidate_ids=(),
            candidate_values=np.empty((0, 0), dtype=np.float32),
            recent_product_ids=(),
            recent_ordered_days=(),
            texts=(),
        )

    with desk_of(tmp_path) as desk:
        chunks = list(desk.with_coupons([[packed("anna"), packed("ben")], [packed("cleo")]]))
    assert [[member.member_id for member in chunk] for chunk in chunks] == [["anna", "ben"], ["cleo"]]
    assert [len(member.coupon_ids) for chunk in chunks for member in chunk] == [4, 5, 2]
    assert chunks[0][0].coupon_values.shape == (4, len(CouponField))


@pytest.mark.parametrize("member_id", ["anna", "ben"])
def test_the_same_release_gives_the_same_coupons(tmp_path: Path, member_id: str) -> None:
    found = []
    for _ in range(2):
        with desk_of(tmp_path) as desk:
            found.append(desk.offers([MemberId(member_id)])[MemberId(member_id)])
    assert found[0][0] == found[1][0]
    np.testing.assert_array_equal(found[0][1], found[1][1])
