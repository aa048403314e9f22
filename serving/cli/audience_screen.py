"""How an audience looks on a terminal: funnel, expectation, curve, drivers, profile, and what goes with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from serving.cli.screen import say, show_table

CURVE_ROWS = 8
ROWS = 8


def show_audience(summary: Mapping[str, Any], report: Mapping[str, Any]) -> None:
    """Prints an audience; a dry run has its figures and curve only. `Any` because both are JSON."""
    say(
        f"{_target(summary['target'])}: {summary['size']:,} of {summary['population']:,} active members, "
        f"{summary['expected_buyers']:,} expected to buy within {summary['horizon_days']} days "
        f"({summary['lift']} times the average member), as of {summary['as_of']}"
    )
    say(
        f"nine times in ten {_between(summary['expected_buyers_interval'])} buyers and "
        f"{_between(summary['expected_revenue_interval'])} {summary['currency']}"
    )
    for line in (*summary["warnings"], *summary["notes"]):
        say(f"- {line}")
    _show_funnel(summary["funnel"])
    _show_curve(report["curve"], chosen=summary["size"])
    if "drivers" in report:
        _show_reasons(report)
        show_table(
            "Likeliest buyers",
            ["member", "probability"],
            [[each["member_id"], each["probability"]] for each in summary["top_members"]],
        )


def _show_funnel(funnel: Mapping[str, Any]) -> None:
    rows = [[name, funnel[name]] for name in ("members", "scored", "population", "combined")]
    rows += [[f"- {reason}", counts["first"]] for reason, counts in funnel["suppressed"].items()]
    rows += [
        [name, funnel[name]] for name in ("eligible", "reachable", "selected", "held_out") if funnel[name] is not None
    ]
    show_table("From everybody to the audience", ["step", "members"], rows)


def _show_curve(curve: Sequence[Mapping[str, Any]], *, chosen: int) -> None:
    if not curve:
        return
    step = max(1, len(curve) // CURVE_ROWS)
    shown = [
        point for place, point in enumerate(curve) if point["size"] == chosen or (len(curve) - 1 - place) % step == 0
    ]
    show_table(
        "Other sizes",
        ["size", "buyers", "nine in ten", "precision", "lift"],
        [
            [
                point["size"],
                round(point["expected_buyers"]["expected"], 1),
                _between(point["expected_buyers"]),
                point["precision"],
                "-" if point["lift"] is None else point["lift"],
            ]
            for point in shown
        ],
    )


def _show_reasons(report: Mapping[str, Any]) -> None:
    show_table(
        "Why these members",
        ["odds", "because"],
        [[f"x {each['odds_ratio']:.2f}", each["sentence"]["en"]] for each in report["drivers"][:ROWS]],
    )
    show_table(
        "Who they are",
        ["compared with all active members"],
        [[each["sentence"]["en"]] for each in report["profile"][:ROWS]],
    )
    associated = report["associated"]
    if associated["products"]:
        show_table(
            "Bought with it",
            ["product", "name", "lift", "orders"],
            [
                [each["product_id"], each["name"], each["lift"], each["orders"]]
                for each in associated["products"][:ROWS]
            ],
        )
    elif associated["alike"]:
        show_table(
            "Most like it",
            ["product", "name"],
            [[each["product_id"], each["name"]] for each in associated["alike"][:ROWS]],
        )


def _target(target: Mapping[str, Any]) -> str:
    """The target in a few words."""
    if target.get("lapse"):
        return "No purchase of anything"
    if "event" in target:
        return str(target["event"])
    if "launch" in target:
        return f"A launch in {target['launch']['category']}"
    words = [
        str(target[name]) for name in ("department", "category", "subcategory", "brand", "filter") if name in target
    ]
    if not words and "product_ids" in target:
        words = [", ".join(target["product_ids"][:3]) + (", ..." if len(target["product_ids"]) > 3 else "")]
    return " / ".join(words) or f"List {target.get('list_id')}"


def _between(interval: Mapping[str, float]) -> str:
    return f"{interval['low']:,.0f} to {interval['high']:,.0f}"
