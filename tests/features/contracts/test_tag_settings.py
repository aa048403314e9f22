"""The tags of the settings: what a declaration must hold, and who may name it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from features.contracts.errors import BadRequest, SettingsError
from features.contracts.scenario_settings import Boost, Exclusion, ScenarioSettings
from features.contracts.settings import load_settings
from features.contracts.tag_settings import TagSettings, declared_tag, refuse_undeclared
from features.tags.checking import check_tags

NEW = TagSettings(when="days_as_customer < 30", group="lifecycle", en="New", zh="新")
LOVER = TagSettings(when="orders_365d > 3", per="category", en="Loves {category}", zh="爱{category}")
TAGS = {"new": NEW, "lover": LOVER}


@pytest.mark.parametrize(
    ("declared", "complaint"),
    [
        ({"when": "days = 3"}, "filter: at character 6: write == to compare"),
        ({"when": "a > 1", "per": "category", "group": "life"}, "a tag per category can hold several times"),
        ({"when": "a > 1", "per": "brand"}, "Input should be '' or 'category'"),
        ({"when": "a > 1", "sql": "x"}, "Extra inputs are not permitted"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(declared: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        TagSettings.model_validate({"en": "x", "zh": "x", **declared})


def test_the_tags_of_the_settings_can_all_be_computed_and_speak_both_languages() -> None:
    tags = load_settings().tags
    check_tags(tags)
    lifecycle = [name for name, tag in tags.items() if tag.group == "lifecycle"]
    assert lifecycle == ["new", "won_back", "lapsed", "at_risk", "slowing", "active"]
    for name, tag in tags.items():
        assert tag.en.isascii(), name
        assert any("一" <= sign <= "鿿" for sign in tag.zh), name
        assert ("{category}" in tag.en) == ("{category}" in tag.zh) == bool(tag.per), name


@pytest.mark.parametrize(
    ("tag", "found"), [("new", NEW), ("lover:茶", LOVER), ("lover", None), ("new:茶", None), ("old", None)]
)
def test_a_tag_per_category_is_declared_with_one_and_another_without(tag: str, found: TagSettings | None) -> None:
    assert declared_tag(TAGS, tag) is found


@pytest.mark.parametrize(
    ("tag", "complaint"),
    [
        ("nev", "rule: there is no tag 'nev'; near it: 'new'; there are: lover:CATEGORY, new"),
        ("lover", "rule: 'lover' is a tag per category; name one, as 'lover:TEA'"),
        ("new:TEA", "rule: there is no tag 'new:TEA'"),
    ],
)
def test_what_nothing_declares_is_refused_with_names_like_it(tag: str, complaint: str) -> None:
    refuse_undeclared(TAGS, ["new", "lover:TEA"], where="rule")
    with pytest.raises(BadRequest, match=complaint):
        refuse_undeclared(TAGS, ["new", tag], where="rule")
    with pytest.raises(BadRequest, match="no tags are declared in the settings"):
        refuse_undeclared({}, ["new"], where="rule")


@pytest.mark.parametrize("rule", ["boosts", "exclusions"])
def test_a_scenario_that_names_a_tag_that_there_is_not_is_refused_by_its_name(rule: str) -> None:
    named = {"filter": "price > 1", "factor": 2, "member_tags": ["nev"]}
    if rule == "exclusions":
        del named["factor"]
    scenarios = {"home": {"kind": "home", rule: [named]}}
    with pytest.raises(SettingsError, match=r"scenarios\.home: there is no tag 'nev'; near it: 'new'"):
        load_settings(scenarios=scenarios)


def test_a_member_s_scenario_has_the_rules_alone_that_hold_for_them() -> None:
    everybody, some = Boost(filter="a", factor=2), Boost(filter="b", factor=2, member_tags=("new", "lover:TEA"))
    cut = Exclusion(filter="c", member_tags=("lapsed",))
    whole = ScenarioSettings(kind="home", boosts=(everybody, some), exclusions=(cut,))
    assert (whole.for_member(()).boosts, whole.for_member(()).exclusions) == ((everybody,), ())
    assert whole.for_member(["lover:TEA", "lapsed"]) == whole
    plain = ScenarioSettings(kind="home", boosts=(everybody,))
    assert plain.for_member(["new"]) is plain
