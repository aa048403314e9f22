"""The curve of an audience: its size against the buyers that it is expected to bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from serving.console.charts.columns import ChartColumn, Columns
from serving.console.charts.theme import ACCENT, CHOSEN, told
from serving.console.languages import Language

HEIGHT = 280


def columns(language: Language) -> Columns:
    """Buyers, with the interval around them."""
    say = language.say
    return (
        ChartColumn(name="size", label=say("Members in the audience"), form="number"),
        ChartColumn(name="expected", label=say("Expected buyers"), form="number"),
        ChartColumn(name="low", label=say("At least"), form="number"),
        ChartColumn(name="high", label=say("At most"), form="number"),
    )


def share_columns(language: Language) -> Columns:
    """Buyers of a hundred members, with the interval around them."""
    say = language.say
    return (
        ChartColumn(name="size", label=say("Members in the audience"), form="number"),
        ChartColumn(name="expected", label=say("Share of members who buy"), form="percent"),
        ChartColumn(name="low", label=say("At least"), form="percent"),
        ChartColumn(name="high", label=say("At most"), form="percent"),
    )


def draw(columns: Columns) -> alt.LayerChart:
    """A band, the line in it, and an upright at the rows of `chosen`."""
    size, expected, low, high = columns
    x = alt.X(
        "size:Q",
        title=size.label,
        scale=alt.Scale(nice=False, zero=True),
        axis=alt.Axis(format=size.axis_format, grid=False),
    )
    y = alt.Y("expected:Q", title=expected.label, axis=alt.Axis(format=expected.axis_format))
    rows = alt.NamedData("rows")
    base = alt.Chart(rows, height=HEIGHT)
    band = base.mark_area(color=ACCENT, opacity=0.16).encode(
        x=x, y=alt.Y(f"{low.name}:Q", title=expected.label), y2=alt.Y2(high.name)
    )
    line = base.mark_line(color=ACCENT, strokeWidth=2.5).encode(x=x, y=y)
    # an invisible field around each size: the pointer need not hit the line
    hover = (
        base.transform_window(before="lag(size)", after="lead(size)", sort=[alt.SortField("size")])
        .transform_calculate(
            begin="isValid(datum.before) ? (datum.before + datum.size) / 2 : datum.size",
            end="isValid(datum.after) ? (datum.after + datum.size) / 2 : datum.size",
        )
        .mark_rect(opacity=0)
        .encode(
            x=alt.X("begin:Q", title=size.label),
            x2=alt.X2("end:Q"),
            y=alt.value(0),
            y2=alt.value(HEIGHT),
            tooltip=[alt.Tooltip.from_dict(told(each)) for each in columns],
        )
    )
    chosen = alt.Chart(alt.NamedData("chosen"))
    upright = chosen.mark_rule(color=CHOSEN, strokeWidth=2, strokeDash=[5, 3]).encode(x=x)
    dot = chosen.mark_point(color=CHOSEN, filled=True, size=90, opacity=1).encode(x=x, y=y)
    return alt.LayerChart(layer=[band, line, upright, dot, hover])


def rows_of(points: Sequence[Mapping[str, Any]]) -> list[dict[str, float]]:
    """Rows for `curve` out of the points of an audience's curve; `Any` because they come as JSON."""
    return [
        {
            "size": point["size"],
            "expected": point["expected_buyers"]["expected"],
            "low": point["expected_buyers"]["low"],
            "high": point["expected_buyers"]["high"],
        }
        for point in points
    ]
