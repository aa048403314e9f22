"""Audiences of a real shop by its released model: who is in them, in which order, and what is said of them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from made_shop import MadeShop

from features.contracts.clock import moment_text
from features.contracts.errors import BadRequest, NothingLoaded, Refused, ReleaseDamaged
from features.contracts.settings import Settings, load_settings
from features.snapshots import FeatureBuild, current_build
from serving.audiences.build import BuiltAudience, build_audience
from serving.audiences.rebuild import rebuild_audience
from serving.audiences.rule import AudienceRule
from serving.records.audience_members import SCHEMA
from training.release.manifest import read_manifest, write_manifest
from training.release.shelf import release_folder, require_active_release

CHEESE = {"target": {"category": "CHEESE"}}
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


def build(settings: Settings, *, is_dry_run: bool = False, **asked: Any) -> BuiltAudience:
    rule = AudienceRule.from_json({**CHEESE, **asked})
    return build_audience(settings, rule, is_dry_run=is_dry_run, progress=lambda *_: None)


@pytest.fixture(scope="module")
def everybody(settings: Settings) -> BuiltAudience:
    return build(settings)


def members(audience: BuiltAudience) -> list[str]:
    return [str(each) for each in audience.members.column("member_id").to_pylist()]


def active_at(visits: pd.DataFrame, moment: datetime) -> set[str]:
    late = visits[(visits["ordered_at"] < moment) & (visits["ordered_at"] >= moment - ACTIVE)]
    return set(late["member_id"])


def test_without_a_cut_every_active_member_is_in_it_once(
    everybody: BuiltAudience, visits: pd.DataFrame, features: FeatureBuild
) -> None:
    found = members(everybody)
    assert len(found) == len(set(found)) > 200
    assert set(found) == active_at(visits, features.as_of)
    assert everybody.summary["size"] == everybody.summary["population"] == len(found)
    assert everybody.members.schema == SCHEMA


def test_the_likeliest_come_first_and_are_likelier_than_the_average(
    settings: Settings, everybody: BuiltAudience
) -> None:
    rows = everybody.members.to_pylist()
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    assert rows == sorted(rows, key=lambda row: (-row["probability"], row["member_id"]))
    assert 0 < rows[-1]["probability"] < rows[0]["probability"] < 1
    few = build(settings, size=30)
    assert members(few) == members(everybody)[:30]
    assert few.summary["lift"] > 1.2


def test_the_same_request_gives_the_same_audience(settings: Settings, everybody: BuiltAudience) -> None:
    again = build(settings)
    assert again.members.equals(everybody.members)
    assert again.summary == everybody.summary
    assert again.report == everybody.report


def test_the_answer_is_json_and_whole(settings: Settings, features: FeatureBuild) -> None:
    audience = build(settings, size=40, holdout={"share": 0.2}, channel="sms", exclude={"contacted_within_days": 30})
    told, report = json.loads(json.dumps(audience.summary)), json.loads(json.dumps(audience.report))
    assert (told, report) == (audience.summary, audience.report)
    assert (told["as_of"], told["release"]) == (moment_text(features.as_of), "r000001")
    funnel = told["funnel"]
    first = sum(each["first"] for each in funnel["suppressed"].values())
    assert funnel["combined"] - first == funnel["reachable"]
    assert funnel["selected"] + funnel["held_out"] == funnel["chosen"] == audience.members.num_rows
    assert set(report) == {"curve", "drivers", "profile", "associated", "manifest"}
    assert all(each["sentence"]["en"] and each["sentence"]["zh"] for each in report["drivers"])
    assert report["drivers"]
    assert report["profile"]
    chances = [row["probability"] for row in audience.members.to_pylist() if not row["is_held_out"]]
    interval = told["expected_buyers_interval"]
    assert interval["low"] <= interval["expected"] <= interval["high"] <= len(chances)


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ({"brand": "Maker 69", "category": "CHEESE"}, "products"),
        ({"department": "GROCERY"}, "products"),
        ({"filter": 'subcategory == "SHREDDED CHEESE" and is_private_label'}, "products"),
        ({"event": "visit"}, "event"),
        ({"lapse": True}, "lapse"),
        ({"launch": {"category": "CHEESE", "price": 3.5}}, "launch"),
    ],
)
def test_anything_can_be_a_target(settings: Settings, target: dict[str, Any], kind: str) -> None:
    audience = build(settings, target=target, size=20)
    assert audience.summary["target"]["kind"] == kind
    assert audience.members.num_rows == 20
    again = build(settings, target=target, size=20, is_dry_run=True)
    assert again.summary == audience.summary


def test_a_lapse_is_the_opposite_of_a_visit(settings: Settings) -> None:
    visit, lapse = (
        {row["member_id"]: row["probability"] for row in build(settings, target=target).members.to_pylist()}
        for target in ({"event": "visit"}, {"lapse": True})
    )
    assert all(visit[member] + lapse[member] == pytest.approx(1.0) for member in visit)


def test_the_longer_the_horizon_the_likelier_a_purchase(settings: Settings) -> None:
    shares = [build(settings, horizon_days=days, is_dry_run=True).summary["mean_probability"] for days in (7, 28, 56)]
    assert shares == sorted(shares)


def test_a_manifest_builds_the_same_audience_again(settings: Settings) -> None:
    audience = build(settings, size=25, holdout={"share": 0.3}, exclude={"bought_within_days": 7})
    manifest = json.loads(json.dumps(audience.report["manifest"]))
    again = rebuild_audience(settings, manifest, progress=lambda *_: None)
    assert again.members.equals(audience.members)
    with pytest.raises(Refused, match="other members come out now"):
        rebuild_audience(settings, {**manifest, "members_sha256": "0"}, progress=lambda *_: None)
    with pytest.raises(Refused, match=r"cannot be built again: feature_build is .*, was an older one"):
        rebuild_audience(settings, {**manifest, "feature_build": "an older one"}, progress=lambda *_: None)


@pytest.fixture(scope="module")
def earlier(small_shop: MadeShop, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A copy whose release says that it was made at the start of week 42."""
    settings = small_shop.copy_to(tmp_path_factory.mktemp("earlier") / "home").settings
    folder = release_folder(settings.paths, require_active_release(settings.paths))
    write_manifest(folder, read_manifest(folder).model_copy(update={"as_of": week_42(settings)}))
    return settings


def week_42(settings: Settings) -> datetime:
    return settings.week_anchor + timedelta(weeks=40)


def test_at_an_earlier_week_only_what_was_known_then_counts(
    earlier: Settings, features: FeatureBuild, visits: pd.DataFrame
) -> None:
    audience = build(earlier)
    moment = week_42(earlier)
    assert set(members(audience)) == active_at(visits, moment) != active_at(visits, features.as_of)
    assert audience.summary["as_of"] == moment_text(moment)


def test_a_moment_after_the_features_is_that_of_the_features(settings: Settings, everybody: BuiltAudience) -> None:
    later = build(settings, as_of="2030-01-01")
    assert later.members.equals(everybody.members)
    assert later.summary == everybody.summary


def test_a_moment_before_the_release_is_refused(earlier: Settings) -> None:
    moment = week_42(earlier) - timedelta(seconds=1)
    for settings, asked in ((earlier, moment), (earlier.model_copy(update={"as_of": moment}), None)):
        with pytest.raises(Refused, match=r"release r000001: it knows what happened up to .* make one with `faces rel"):
            build(settings, as_of=asked)


@pytest.mark.parametrize("category", ["NO SUCH CATEGORY", "cheese", "'; DROP TABLE members --"])
def test_an_unknown_category_is_refused(settings: Settings, category: str) -> None:
    with pytest.raises(BadRequest, match=r"target\.category: there is no category"):
        build(settings, target={"category": category})


def test_a_horizon_that_the_model_does_not_know_is_refused(settings: Settings) -> None:
    with pytest.raises(BadRequest, match="horizon"):
        build(settings, horizon_days=13)


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
