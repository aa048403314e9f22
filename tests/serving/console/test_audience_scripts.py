"""The scripts of New audience that reckon: the form's draft and its rule, and figures along a curve."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from chromium import running_chromium

from serving.console.assets import STATIC

pytestmark = pytest.mark.slow

X = {"category": "X"}
RULES: list[dict[str, Any]] = [
    {"target": {"product_ids": ["p1", "p2"]}, "size": 200},
    {"target": {"product_ids": [f"p{n}" for n in range(201)]}, "size": 200},
    {"target": {"category": "TEA", "brand": "House", "filter": "price < 3"}, "expected_buyers": 12.5},
    {
        "target": {"list_id": "l1"},
        "min_probability": 0.25,
        "population": {
            "bought_within_days": 30,
            "bought_category_within": {"category": "EGGS", "days": 30},
            "filter": "tier == 'gold'",
            "tags": ["lapsed", "lover:TEA"],
            "store_ids": ["1", "2"],
            "channels": ["app", "store"],
        },
    },
    {
        "target": {"lapse": True},
        "horizon_days": 14,
        "exclude": {"bought_within_days": 7, "contacted_within_days": 14, "audience_ids": ["a1"]},
        "channel": "sms",
        "holdout": {"share": 0.125},
        "with_coupons": True,
    },
    {"target": {"event": "visit"}, "size": 3},
    {"target": {"event": "join"}, "size": 3},
    {"target": {"launch": {"category": "EGGS", "price": 2.5}}, "size": 3},
    *(
        {"target": X, "size": 3, "combine": tree}
        for tree in (
            {"audience": "a1"},
            {"not": {"list": "l2"}},
            {"and": [{"list": "l2"}, {"audience": "a1"}]},
            {"or": [{"list": "l2"}, {"audience": "a1"}]},
            {"and": [{"or": [{"list": "l2"}, {"audience": "a1"}]}, {"not": {"list": "l3"}}]},
            {"and": [{"list": "l2"}, {"not": {"or": [{"audience": "a1"}, {"list": "l3"}]}}]},
            {"or": [{"and": [{"list": "l2"}, {"list": "l5"}]}, {"audience": "a3"}]},
        )
    ),
]
POINTS = [
    {
        "size": size,
        "expected_buyers": {"expected": buyers, "low": buyers / 2, "high": buyers * 2},
        "expected_revenue": {"expected": 10 * buyers, "low": 0, "high": 20 * buyers},
        "lift": lift,
    }
    for size, buyers, lift in ((1, 1.0, 4.0), (10, 8.0, 3.0), (100, 20.0, 1.0))
]

Run = Callable[[str, str, Any], Any]
"""What a function of a script says of its argument; `Any` because JSON is."""


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with running_chromium() as browser:
        page = browser.new_page()

        def run_in_page(script: str, function: str, argument: Any) -> Any:
            text = (STATIC / script).read_text(encoding="utf-8")
            return page.evaluate(
                """async ([text, source, argument]) => {
                    const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
                    const script = await import(address);
                    return new Function("script", "argument", `return (${source})(script, argument)`)(script, argument);
                }""",
                [text, function, argument],
            )

        yield run_in_page


def test_a_rule_that_fills_the_form_in_is_asked_for_as_it_was(run):
    asked = run(
        "audience_draft.js",
        """({ draftOf, ruleOf }, rules) => rules.map((rule) => ruleOf(
            draftOf({ rule, name: "", products: {} }, (source, id) => id), { firstSize: 100, activeDays: 91 }))""",
        RULES,
    )
    assert asked == RULES


def test_an_empty_form_asks_for_nothing_and_a_size_nobody_chose_is_the_first(run):
    empty, first = run(
        "audience_draft.js",
        """({ emptyDraft, ruleOf }, defaults) => [
            ruleOf(emptyDraft(), defaults), ruleOf({ ...emptyDraft(), kind: "lapse" }, defaults)]""",
        {"firstSize": 100, "activeDays": 91},
    )
    assert empty is None
    assert first == {"target": {"lapse": True}, "size": 100}


def test_figures_run_straight_between_the_points_of_a_curve(run):
    function = "({ figuresAt }, { points, sizes }) => sizes.map((size) => figuresAt(points, size))"
    low, at, between, most = run("curve_figures.js", function, {"points": POINTS, "sizes": [1, 10, 55, 100]})
    assert (low["doers"]["expected"], at["doers"]["expected"], most["doers"]["expected"]) == (1, 8, 20)
    assert between["doers"] == {"expected": 14, "low": 7, "high": 28}
    assert (between["sales"]["expected"], between["lift"], between["share"]) == (140, 2, pytest.approx(14 / 55))


def test_of_those_held_out_nothing_is_expected(run):
    function = "({ figuresAt, ofTold }, points) => ofTold(figuresAt(points, 10), 0.25)"
    told = run("curve_figures.js", function, POINTS)
    assert (told["doers"]["expected"], told["sales"]["expected"], told["share"]) == (6, 60, 0.8)


def test_the_ends_of_the_slider_are_one_member_and_all(run):
    function = """({ placeOf, sizeOf }, largest) =>
        [sizeOf(0, largest), sizeOf(1000, largest), sizeOf(placeOf(largest, largest), largest), placeOf(1, largest)]"""
    assert run("curve_figures.js", function, 2_319) == [1, 2_319, 2_319, 0]
    assert run("curve_figures.js", function, 1) == [1, 1, 1, 1000]
