"""Tags on disk, how many have each, what they say, and what members like best."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from literal_shop import AS_OF
from literal_tags import literal_build, tags_by_member

from features.contracts.settings import Settings
from features.contracts.tag_settings import TagSettings
from features.snapshots import FeatureBuild
from features.tags.counts import tag_counts
from features.tags.favourites import favourite_categories
from features.tags.stored import FOLDER, member_tags, tags_file, write_tags
from features.tags.words import sentence_of, tag_in_group

DRINKER = TagSettings(when="spend_place <= 1", per="category", en="Likes {category}", zh="喜欢{category}")
BUYER = TagSettings(when="days_since_order < 40", group="life", en="Buys", zh="购买")
OTHER = TagSettings(when="days_since_order is not null", group="life", en="Bought", zh="买过")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, FeatureBuild]:
    settings, build = literal_build(tmp_path_factory.mktemp("made"))
    tags = {"buyer": BUYER, "other": OTHER, "likes": DRINKER}
    return settings.model_copy(update={"tags": tags}), build


def written(build: FeatureBuild) -> dict[Path, int]:
    return {file: os.stat(file).st_mtime_ns for file in build.folder.rglob("*.parquet")}


def test_they_are_written_once_and_changed_tags_alone_are_computed_anew(made: tuple[Settings, FeatureBuild]) -> None:
    settings, build = made
    snapshots = written(build)
    assert write_tags(settings, build) is True
    first = written(build)
    assert write_tags(settings, build) is False
    assert written(build) == first
    assert tags_by_member(settings, build)["anna"] == ["buyer", "likes:DAIRY"]

    changed = settings.model_copy(update={"tags": {"other": OTHER}})
    assert write_tags(changed, build) is True
    assert tags_by_member(changed, build)["anna"] == ["other"]
    assert {file: at for file, at in written(build).items() if FOLDER not in file.parts} == snapshots
    # what the earlier declarations gave is gone
    assert not tags_file(settings.tags, build, AS_OF).exists()


def test_another_sentence_computes_nothing_anew_and_another_order_does(made: tuple[Settings, FeatureBuild]) -> None:
    settings, build = made
    reworded = {**settings.tags, "buyer": BUYER.model_copy(update={"en": "Comes by"})}
    assert tags_file(reworded, build, AS_OF) == tags_file(settings.tags, build, AS_OF)
    turned = dict(reversed(settings.tags.items()))
    assert tags_file(turned, build, AS_OF) != tags_file(settings.tags, build, AS_OF)
    assert "other" in tags_by_member(settings.model_copy(update={"tags": turned}), build)["anna"]


def test_members_are_counted_by_tag_and_by_category(made: tuple[Settings, FeatureBuild]) -> None:
    settings, build = made
    counts = {each.name: each for each in tag_counts(settings.tags, member_tags(settings, build, at=AS_OF))}
    assert list(counts) == ["buyer", "other", "likes"]
    assert (counts["buyer"].members, counts["other"].members) == (1, 2)
    assert counts["likes"].members == 2
    assert counts["likes"].values == (("likes:DAIRY", 1), ("likes:DRINKS", 1))


def test_a_shop_without_tags_has_none(made: tuple[Settings, FeatureBuild]) -> None:
    settings, build = made
    assert tags_by_member(settings.model_copy(update={"tags": {}}), build) == {}


def test_a_tag_says_what_it_is_with_its_category_and_one_of_a_group_is_found() -> None:
    tags = {"buyer": BUYER, "likes": DRINKER}
    assert sentence_of(tags, "likes:茶").zh == "喜欢茶"
    assert sentence_of(tags, "likes:TEA").en == "Likes TEA"
    assert sentence_of(tags, "buyer").en == "Buys"
    # a release may hold a tag that the settings have dropped since
    assert sentence_of(tags, "gone").en == "gone"
    assert tag_in_group(tags, ["likes:TEA", "buyer"], "life") == "buyer"
    assert tag_in_group(tags, ["likes:TEA"], "life") is None


def test_favourites_are_the_categories_with_most_spend_first(made: tuple[Settings, FeatureBuild]) -> None:
    _, build = made
    rows = {row["member_id"]: row["categories"] for row in favourite_categories(build, at=AS_OF).to_pylist()}
    assert rows == {"anna": ["DAIRY", "BAKERY"], "ben": ["DRINKS", "BAKERY"]}
    fewer = favourite_categories(build, at=AS_OF, most=1).to_pylist()
    assert [row["categories"] for row in fewer] == [["DAIRY"], ["DRINKS"]]
