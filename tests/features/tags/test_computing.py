"""Which members have which tags: every stage by literal purchases, and what groups of tags promise."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from literal_shop import AS_OF, Line
from literal_tags import literal_build, tags_by_member

from features.contracts.errors import SettingsError
from features.contracts.filters.columns import Columns, number_column
from features.contracts.settings import Settings, load_settings
from features.contracts.tag_settings import TagSettings
from features.snapshots import FeatureBuild
from features.tags.computing import tagged_members

STAGES = ("new", "won_back", "lapsed", "at_risk", "slowing", "active")


def bought(member: str, *days_ago: float, product: str = "milk", spend: float = 2.0, full: float = 2.0) -> list[Line]:
    """One order of one product for each of the days."""
    moments = [(AS_OF - timedelta(days=days)).replace(tzinfo=None).isoformat() for days in days_ago]
    return [
        (member, product, f"{member}-{product}-{at}", moment, 1.0, spend, full, False)
        for at, moment in enumerate(moments)
    ]


def weekly(member: str, *, until_days_ago: int) -> list[Line]:
    return bought(member, *range(until_days_ago, until_days_ago + 15 * 7, 7))


LIFE: dict[str, tuple[str, list[Line]]] = {
    "buys for the first time": ("new", bought("a", 29.9)),
    "was a customer for a month": ("active", bought("b", 30)),
    "came back after a year's half": ("won_back", bought("c", 20, 250, 251)),
    "came back, but long ago": ("slowing", bought("d", 60, 240, 241)),
    "has not come for half a year": ("lapsed", bought("e", 182, 190)),
    "has nearly not come for half a year": ("at_risk", bought("f", 181, 190)),
    "came weekly until six weeks ago": ("at_risk", weekly("g", until_days_ago=42)),
    "came weekly until seventeen days ago": ("slowing", weekly("h", until_days_ago=17)),
    "came weekly until ten days ago": ("active", weekly("i", until_days_ago=10)),
    "buys the little that is left": (
        "slowing",
        [*bought("j", *range(30, 86, 7), spend=50.0), *bought("j", 3, product="tea", spend=1.0)],
    ),
}
MIXED: list[Line] = [line for _, lines in LIFE.values() for line in lines]


@pytest.fixture(scope="module")
def tags(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    settings, build = literal_build(tmp_path_factory.mktemp("life"), lines=MIXED)
    return tags_by_member(settings, build)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, FeatureBuild]:
    return literal_build(tmp_path_factory.mktemp("shop"))


@pytest.mark.parametrize("what", LIFE)
def test_each_stage_of_a_member_s_life(tags: dict[str, list[str]], what: str) -> None:
    stage, lines = LIFE[what]
    assert [tag for tag in tags[str(lines[0][0])] if tag in STAGES] == [stage]


def test_the_tags_of_a_member_stand_in_order_each_once(tags: dict[str, list[str]]) -> None:
    assert all(each == sorted(set(each)) for each in tags.values())
    assert list(tags) == sorted(tags)


@pytest.mark.parametrize(("members", "top"), [(10, 2), (21, 4)])
def test_the_fifth_that_brings_most_has_the_top_value_and_the_rest_has_the_other(
    tmp_path: Path, members: int, top: int
) -> None:
    lines = [line for at in range(members) for line in bought(f"m{at:02}", 5, spend=100.0 - at)]
    # bought long ago, and then nothing
    lines += bought("gone", 400, 401, spend=9_000.0)
    settings, build = literal_build(tmp_path, lines=lines)
    found = {member: each for member, each in tags_by_member(settings, build).items() if member[0] in "mg"}
    assert [member for member, each in found.items() if "top_value" in each] == [f"m{at:02}" for at in range(top)]
    assert [member for member, each in found.items() if "core_value" in each] == [
        f"m{at:02}" for at in range(top, members)
    ]
    assert "lapsed" in found["gone"]


def test_kinds_of_buyers(tmp_path: Path) -> None:
    lines = [
        # ten who take bread at a discount, one who never does
        *(line for at in range(10) for line in bought(f"m{at}", 5, 15, 25, product="bread", spend=2.0, full=3.0)),
        *bought("proud", 5, 15, 25, product="bread", spend=3.0, full=3.0),
        # milk is the shop's own label
        *bought("own", 5, 15, product="milk"),
        *bought("own", 5, 15, product="bread", full=3.0),
        *bought("few", 5, product="milk"),
        *[(*line[:-1], True) for line in bought("clip", 5, 15, 25, product="bread", full=3.0)],
    ]
    settings, build = literal_build(tmp_path, lines=lines)
    found = tags_by_member(settings, build)
    having = {tag: [member for member, each in found.items() if tag in each] for tag in settings.tags}
    assert having["full_price_buyer"] == ["proud"]
    assert having["private_label_buyer"] == ["own"]
    assert having["coupon_seeker"] == ["clip"]
    # of the literal shop's referrals and shares: anna and ben by chains, cleo brought anna, fay shared once
    assert having["advocate"] == ["anna", "ben", "cleo"]
    assert having["explorer"] == []


def test_who_buys_what_is_new_explores(tmp_path: Path) -> None:
    old, new = ("milk", "bread", "tea"), ("cola", "mate", "kwas")
    lines = [line for product in old for line in bought("usual", 300, 10, product=product)]
    lines += [line for product in new for line in bought("first", 40, product=product)]
    lines += [line for product in new for line in bought("late", 5, product=product)]
    settings, build = literal_build(tmp_path, lines=lines, categories=dict.fromkeys((*old, *new), "DRINKS"))
    found = tags_by_member(settings, build)
    assert [member for member, each in found.items() if "explorer" in each] == ["first"]


def test_a_lover_is_one_of_those_who_order_the_category_most_and_far_above_the_usual_share(tmp_path: Path) -> None:
    lines = [
        *(line for at in range(12) for line in bought(f"m{at:02}", 5, 15, product="bread", spend=9.0)),
        *(line for at in range(12) for line in bought(f"m{at:02}", 5, product="tea", spend=1.0)),
        *bought("fan", 1, 2, 3, 4, product="tea"),
        *bought("fan", 5, product="bread"),
    ]
    settings, build = literal_build(tmp_path, lines=lines)
    found = tags_by_member(settings, build)
    assert {member: [tag for tag in each if ":" in tag] for member, each in found.items() if ":" in "".join(each)} == {
        "fan": ["lover:DRINKS"]
    }


def test_what_happens_at_or_after_the_moment_changes_no_tag(tmp_path: Path) -> None:
    moments = (AS_OF - timedelta(days=28), AS_OF)
    settings, build = literal_build(tmp_path / "whole", lines=MIXED, moments=moments)
    _, early = literal_build(tmp_path / "early", lines=MIXED, moments=moments[:1], until=moments[0])
    found = tags_by_member(settings, build, at=moments[0])
    assert found == tags_by_member(settings, early, at=moments[0])
    assert len(found) > 5
    assert found != tags_by_member(settings, build)


def test_facts_decide_tags_as_numbers_and_as_words_and_nobody_is_tagged_by_what_came_later(tmp_path: Path) -> None:
    settings, build = literal_build(tmp_path, moments=(AS_OF - timedelta(days=90), AS_OF))
    told = {
        "rich": TagSettings(when="facts.points > 100", en="rich", zh="富"),
        "poor": TagSettings(when="facts.points < 100", en="poor", zh="穷"),
        "dry": TagSettings(when="facts.skin == 'dry'", en="dry", zh="干"),
    }
    settings = settings.model_copy(update={"tags": told})
    assert tags_by_member(settings, build) == {"anna": ["dry", "poor"]}
    # nobody's skin was known before May, and points of 120 were those of March
    assert tags_by_member(settings, build, at=build.moments[0]) == {"anna": ["rich"]}


@pytest.mark.parametrize(
    ("name", "when", "per", "complaint"),
    [
        ("old", "days_as_custmer > 9", "", r"tags.old.when: filter: at character 1: there is no attribute "
         r"'days_as_custmer'; near it: 'days_as_customer'; there are: "),
        ("old", "top_category > 9", "", "tags.old.when: .*'top_category' is a text"),
        ("fan", "spend_rank_365d < 1", "category", "tags.fan.when: .* no attribute 'spend_rank_365d'.* there are: "),
        ("fan", "facts.points > 1", "category", "tags.fan.when: .* no attribute 'facts.points'"),
        ("old", "facts.pionts > 1", "", "tags.old.when: .* no attribute 'facts.pionts'; near it: 'facts.points'"),
        ("old", "facts.skin > 1", "", "tags.old.when: .* 'facts.skin' is a text"),
        ("old", "tags has 'new'", "", "tags.old.when: .* no attribute 'tags'"),
    ],
)  # fmt: skip
def test_a_tag_that_asks_for_what_is_no_feature_is_refused_by_its_name(
    shop: tuple[Settings, FeatureBuild], name: str, when: str, per: str, complaint: str
) -> None:
    settings, build = shop
    told = TagSettings(when=when, per=per, en="x", zh="x")  # type: ignore[arg-type]  # one of its literals
    with pytest.raises(SettingsError, match=complaint):
        tags_by_member(settings.model_copy(update={"tags": {name: told}}), build)


FEATURES = ("days_as_customer", "gap_ended_28d", "days_since_order", "visit_overdue", "spend_trend", "spend_rank_365d")
known = st.none() | st.floats(0, 400, width=16)


@given(st.lists(st.tuples(*[known] * len(FEATURES)), min_size=1, max_size=12))
def test_a_member_has_one_tag_of_a_group_and_every_buyer_has_one_of_life_and_value(
    members: list[tuple[float | None, ...]],
) -> None:
    tags = {name: tag for name, tag in load_settings().tags.items() if tag.group}
    columns = {name: number_column(row[at] for row in members) for at, name in enumerate(FEATURES)}
    held = np.zeros((len(members), 2), dtype=np.int64)
    for tagged in tagged_members(tags, Columns(size=len(members), by_name=columns)):
        for row, tag in zip(tagged.rows, tagged.texts.to_pylist(), strict=True):
            held[row, ("lifecycle", "value").index(tags[tag].group)] += 1
    assert held.max() <= 1
    for row, (life, value) in zip(members, held, strict=True):
        assert life == 1 or row[FEATURES.index("days_since_order")] is None
        assert value == (row[FEATURES.index("spend_rank_365d")] is not None)
