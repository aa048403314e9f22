"""Audiences of a real shop: who is in them, in which order, and what is said of them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from made_shop import MadeShop

from features.contracts.clock import moment_text
from features.contracts.errors import BadRequest, NothingLoaded, Refused, ReleaseDamaged
from features.contracts.settings import Settings, load_settings
from features.groups.catalogue import GROUPS
from features.snapshots import FeatureBuild, current_build
from serving.audiences import build as building
from serving.audiences.build import SCHEMA, TOP_MEMBERS, BuiltAudience, build_audience
from serving.audiences.rule import AudienceRule
from training.propensity.model import ENCODING, PropensityModel, load_propensity
from training.release.manifest import read_manifest, write_manifest
from training.release.shelf import release_folder, require_active_release

CATEGORY = "CHEESE"
ACTIVE = timedelta(days=91)


@pytest.fixture(scope="module")
def settings(small_shop: MadeShop) -> Settings:
    return small_shop.settings


@pytest.fixture(scope="module")
def features(settings: Settings) -> FeatureBuild:
    return current_build(settings.paths)


@pytest.fixture(scope="module")
def visits(features: FeatureBuild) -> pd.DataFrame:
    return pd.read_parquet(features.folder / "visits.parquet")


@pytest.fixture(scope="module")
def model(settings: Settings) -> PropensityModel:
    return load_propensity(release_folder(settings.paths, require_active_release(settings.paths)) / "propensity")


def build(settings: Settings, *, as_of: datetime | None = None, **asked: object) -> BuiltAudience:
    rule = AudienceRule(**{"category": CATEGORY, **asked})  # type: ignore[arg-type]  # a rule's own fields
    return build_audience(settings, rule, as_of=as_of, progress=lambda *_: None)


@pytest.fixture(scope="module")
def everybody(settings: Settings) -> BuiltAudience:
    return build(settings)


def rows(audience: BuiltAudience) -> list[tuple[int, str, float]]:
    frame = audience.members.to_pandas()
    return list(frame.itertuples(index=False, name=None))


def active_at(visits: pd.DataFrame, moment: datetime) -> set[str]:
    late = visits[(visits["ordered_at"] < moment) & (visits["ordered_at"] >= moment - ACTIVE)]
    return set(late["member_id"])


def test_without_a_cut_every_active_member_is_in_it_once(
    everybody: BuiltAudience, visits: pd.DataFrame, features: FeatureBuild
) -> None:
    members = [member for _, member, _ in rows(everybody)]
    assert len(members) == len(set(members)) > 200
    assert set(members) == active_at(visits, features.as_of)
    assert everybody.summary["size"] == everybody.summary["population"] == len(members)
    assert everybody.members.schema == SCHEMA


def test_the_likeliest_come_first_and_equal_ones_by_their_id(everybody: BuiltAudience) -> None:
    found = rows(everybody)
    assert [rank for rank, _, _ in found] == list(range(1, len(found) + 1))
    assert found == sorted(found, key=lambda row: (-row[2], row[1]))
    probabilities = [probability for _, _, probability in found]
    # The calibration has steps, so there are ties to be decided.
    assert len(set(probabilities)) < len(probabilities)
    assert 0 < min(probabilities) < max(probabilities) < 1


def test_probabilities_are_the_model_s_on_the_snapshot_s_features(
    everybody: BuiltAudience, features: FeatureBuild, model: PropensityModel
) -> None:
    """Joined by hand from the snapshot's files, without Feast."""
    expected = by_hand(features, model, sorted(member for _, member, _ in rows(everybody)), moment=features.as_of)
    assert {member: probability for _, member, probability in rows(everybody)} == expected


def by_hand(
    features: FeatureBuild,
    model: PropensityModel,
    members: list[str],
    *,
    moment: datetime,
    snapshot: datetime | None = None,
) -> dict[str, float]:
    frame = pd.DataFrame({"member_id": members, "category": CATEGORY, "event_timestamp": pd.Timestamp(moment)})
    for group in ENCODING.groups:
        held = pd.read_parquet(features.snapshot(GROUPS[group.name], snapshot or moment)).drop(columns="snapshot_at")
        named = {feature.name: f"{group.name}__{feature.name}" for feature in group.features}
        frame = frame.merge(held.rename(columns=named), on=list(group.keys), how="left")
    return dict(zip(members, model.probabilities(frame).tolist(), strict=True))


@pytest.mark.parametrize("size", [1, 7, 100])
def test_a_size_takes_that_many_from_the_top(settings: Settings, everybody: BuiltAudience, size: int) -> None:
    audience = build(settings, size=size)
    assert rows(audience) == rows(everybody)[:size]
    assert audience.summary["size"] == size
    assert audience.summary["population"] == everybody.summary["population"]


def test_a_size_beyond_everybody_takes_everybody(settings: Settings, everybody: BuiltAudience) -> None:
    audience = build(settings, size=10_000)
    assert rows(audience) == rows(everybody)
    assert audience.summary["lift"] == 1.0


def test_a_least_probability_takes_all_at_or_above_it(settings: Settings, everybody: BuiltAudience) -> None:
    found = rows(everybody)
    least = found[len(found) // 3][2]
    audience = build(settings, min_probability=least)
    assert rows(audience) == [row for row in found if row[2] >= least]
    assert rows(audience)[-1][2] == least


def test_nobody_may_be_likely_enough(settings: Settings) -> None:
    audience = build(settings, min_probability=1.0)
    assert audience.members.num_rows == 0
    assert audience.members.schema == SCHEMA
    told = audience.summary
    assert (told["size"], told["expected_buyers"], told["mean_probability"], told["lift"]) == (0, 0.0, 0.0, 0.0)
    assert told["top_members"] == []


def test_expected_buyers_are_the_sum_of_the_probabilities(settings: Settings, everybody: BuiltAudience) -> None:
    for audience in (everybody, build(settings, size=30)):
        probabilities = [probability for _, _, probability in rows(audience)]
        told = audience.summary
        assert told["expected_buyers"] == round(sum(probabilities), 1)
        assert told["mean_probability"] == pytest.approx(np.mean(probabilities), abs=1e-6)
        whole = np.mean([probability for _, _, probability in rows(everybody)])
        assert told["lift"] == pytest.approx(np.mean(probabilities) / whole, abs=0.005)


def test_the_likeliest_are_likelier_than_the_average(settings: Settings) -> None:
    assert build(settings, size=30).summary["lift"] > 1.2


def test_the_summary_says_what_it_is_and_is_json(settings: Settings, features: FeatureBuild) -> None:
    audience = build(settings, size=12)
    told = json.loads(json.dumps(audience.summary))
    assert told == audience.summary
    assert told["target"] == {"category": CATEGORY}
    assert (told["as_of"], told["release"]) == (moment_text(features.as_of), "r000001")
    assert (told["model"], told["horizon_days"]) == ("main.purchase_propensity version 1", 28)
    assert [each["member_id"] for each in told["top_members"]] == [row[1] for row in rows(audience)[:TOP_MEMBERS]]
    assert [each["probability"] for each in told["top_members"]] == [
        round(row[2], 4) for row in rows(audience)[:TOP_MEMBERS]
    ]


def test_the_same_rule_gives_the_same_audience(settings: Settings, everybody: BuiltAudience) -> None:
    again = build(settings)
    assert again.summary == everybody.summary
    assert again.members.equals(everybody.members)


def test_members_scored_in_parts_give_the_same_audience(
    settings: Settings, everybody: BuiltAudience, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, int, str]] = []
    monkeypatch.setattr(building, "MEMBERS_PER_CHUNK", 100)
    rule = AudienceRule(category=CATEGORY)
    again = build_audience(settings, rule, progress=lambda *step: told.append(step))
    assert again.members.equals(everybody.members)
    whole = everybody.summary["population"]
    assert told == [*((start, whole, "scoring members") for start in range(0, whole, 100)), (whole, whole, "done")]


def test_other_goods_have_other_buyers(settings: Settings, everybody: BuiltAudience) -> None:
    other = build(settings, category="CIGARETTES")
    assert other.summary["expected_buyers"] < everybody.summary["expected_buyers"]
    assert [row[1] for row in rows(other)[:20]] != [row[1] for row in rows(everybody)[:20]]


@pytest.mark.parametrize("category", ["NO SUCH CATEGORY", "cheese", "", "'; DROP TABLE members --"])
def test_an_unknown_category_is_refused(settings: Settings, category: str) -> None:
    with pytest.raises(BadRequest, match="audience: nobody ever bought from a category named"):
        build(settings, category=category)


@pytest.fixture(scope="module")
def earlier(small_shop: MadeShop, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A copy whose release says that it was made 22 weeks before the end of the data."""
    settings = small_shop.copy_to(tmp_path_factory.mktemp("earlier") / "home").settings
    folder = release_folder(settings.paths, require_active_release(settings.paths))
    moment = current_build(settings.paths).moments[30]
    write_manifest(folder, read_manifest(folder).model_copy(update={"as_of": moment}))
    return settings


def test_at_an_earlier_week_only_what_was_known_then_counts(
    earlier: Settings, features: FeatureBuild, visits: pd.DataFrame, model: PropensityModel
) -> None:
    moment = features.moments[30]
    audience = build(earlier)
    members = {member for _, member, _ in rows(audience)}
    assert members == active_at(visits, moment)
    assert members != active_at(visits, features.as_of)
    assert audience.summary["as_of"] == moment_text(moment)
    expected = by_hand(features, model, sorted(members), moment=moment)
    assert {member: probability for _, member, probability in rows(audience)} == expected


def test_between_two_weeks_the_features_of_the_earlier_one_are_some_days_older(
    earlier: Settings, features: FeatureBuild, visits: pd.DataFrame, model: PropensityModel
) -> None:
    moment = features.moments[30] + timedelta(days=3, hours=7)
    audience = build(earlier, as_of=moment)
    assert rows(build(earlier.model_copy(update={"as_of": moment}))) == rows(audience)
    members = {member for _, member, _ in rows(audience)}
    assert members == active_at(visits, moment)
    expected = by_hand(features, model, sorted(members), moment=moment, snapshot=features.moments[30])
    assert {member: probability for _, member, probability in rows(audience)} == expected


def test_a_moment_after_the_features_is_that_of_the_features(settings: Settings, everybody: BuiltAudience) -> None:
    later = build(settings, as_of=datetime.fromisoformat("2030-01-01T00:00:00+00:00"))
    assert later.summary == everybody.summary


def test_a_moment_before_the_release_is_refused(earlier: Settings, features: FeatureBuild) -> None:
    moment = features.moments[30] - timedelta(seconds=1)
    for settings, as_of in ((earlier, moment), (earlier.model_copy(update={"as_of": moment}), None)):
        with pytest.raises(Refused, match=r"release r000001: it knows what happened up to .* make one with `faces rel"):
            build(settings, as_of=as_of)


def test_a_category_is_unknown_before_its_first_purchase(
    earlier: Settings, settings: Settings, features: FeatureBuild
) -> None:
    orders = pd.read_parquet(features.folder / "category_orders.parquet")
    first = orders.groupby("category")["ordered_at"].min()
    late = first.idxmax()
    assert first[late] > features.moments[30]
    with pytest.raises(BadRequest, match="nobody ever bought"):
        build(earlier, category=late)
    assert build(settings, category=late, size=1).summary["size"] == 1


def test_a_damaged_release_and_a_missing_one_are_refused(
    small_shop: MadeShop, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = small_shop.copy_to(tmp_path_factory.mktemp("damaged") / "home").settings
    file = release_folder(settings.paths, require_active_release(settings.paths)) / "propensity" / "model.lgb"
    file.write_text(file.read_text().replace("tree", "bush", 1))
    with pytest.raises(ReleaseDamaged, match=r"propensity/model\.lgb is damaged"):
        build(settings)
    with pytest.raises(NothingLoaded, match="run `faces release` first"):
        build(load_settings(home=tmp_path_factory.mktemp("empty")))
