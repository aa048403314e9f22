from __future__ import annotations

import pytest

from serving.cli.audience_screen import show_audience
from serving.cli.results import _show

INTERVAL = {"expected": 12.3, "low": 8.0, "high": 17.0}
SUMMARY = {
    "target": {"category": "EGGS", "kind": "products", "products": 9},
    "as_of": "2017-12-31T00:00:00Z",
    "horizon_days": 28,
    "population": 2_300,
    "size": 50,
    "expected_buyers": 12.3,
    "expected_buyers_interval": INTERVAL,
    "expected_revenue_interval": {"expected": 40.0, "low": 20.0, "high": 61.0},
    "currency": "USD",
    "lift": 3.1,
    "warnings": ["size 9,000 is more than the 50 members left"],
    "notes": ["contacts are synthetic"],
    "funnel": {
        "members": 2_469,
        "scored": 2_400,
        "population": 2_300,
        "combined": 2_300,
        "suppressed": {"bought": {"first": 20, "all": 30}},
        "eligible": 2_280,
        "reachable": None,
        "selected": 45,
        "held_out": 5,
    },
    "top_members": [{"member_id": "m1", "probability": 0.9}],
}
CURVE = [
    {"size": size, "expected_buyers": INTERVAL, "precision": 0.25, "lift": 2.0}
    for size in (*range(1, 26), 50, 100, 2280)
]
REPORT = {
    "curve": CURVE,
    "drivers": [{"odds_ratio": 2.0, "sentence": {"en": "bought it lately"}}],
    "profile": [{"sentence": {"en": "older than all"}}],
    "associated": {"products": [{"product_id": "p1", "name": "Bacon", "lift": 2.5, "orders": 9}], "alike": []},
}


def test_an_audience_is_told_with_its_interval_its_warnings_and_its_reasons(capsys):
    show_audience(SUMMARY, REPORT)
    told = capsys.readouterr().out
    for expected in (
        "EGGS: 50 of 2,300 active members, 12.3 expected to buy within 28 days",
        "8 to 17 buyers and 20 to 61 USD",
        "- size 9,000 is more than the 50 members left",
        "- contacts are synthetic",
        "- bought",
        "bought it lately",
        "older than all",
        "Bacon",
    ):
        assert expected in told
    assert "reachable" not in told


def test_the_curve_shows_the_size_chosen_and_everybody(capsys):
    show_audience(SUMMARY, {"curve": CURVE})
    rows = [line.split("│")[1].strip() for line in capsys.readouterr().out.splitlines() if "0.2500" in line]
    assert "50" in rows
    assert rows[-1] == "2,280"
    assert len(rows) < len(CURVE)


@pytest.mark.parametrize("is_said", [True, False])
def test_results_say_what_is_known_only(capsys, is_said):
    group = {"members": 45, "buyers": 9, "rate": 0.2, "revenue": 30.5 if is_said else None}
    effect = {"estimate": 1.1, "low": 0.8, "high": 1.5 if is_said else None}
    compared = {**INTERVAL, "actual": 9.0} if is_said else dict.fromkeys(("expected", "low", "high", "actual"))
    _show(
        {
            "as_of": "a",
            "until": "b",
            "horizon_days": 28,
            "note": "placebo: nobody was told",
            **dict.fromkeys(("selected", "held_out", "exported"), group),
            "lift": {"ratio": effect, "more_buyers": effect},
            "predicted": {"buyers": compared},
        }
    )
    told = capsys.readouterr().out
    assert "placebo: nobody was told" in told
    assert ("predicted 12.3 buyers (8 to 17), 9 came" in told) is is_said
    assert "1.10 (0.80 to " in told
