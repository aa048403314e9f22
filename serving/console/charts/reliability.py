"""The reliability diagram: what was said beforehand against what came true."""

from __future__ import annotations

import altair as alt

from serving.console.charts.columns import ChartColumn, Columns
from serving.console.charts.theme import ACCENT, COMPARED, told
from serving.console.languages import Language

HEIGHT = 300


def columns(language: Language) -> Columns:
    """A group of members to whom about the same was said."""
    say = language.say
    return (
        ChartColumn(name="expected", label=say("Said beforehand"), form="percent"),
        ChartColumn(name="observed", label=say("Came true"), form="percent"),
        ChartColumn(name="low", label=say("At least"), form="percent"),
        ChartColumn(name="high", label=say("At most"), form="percent"),
        ChartColumn(name="members", label=say("Members"), form="number"),
    )


def draw(columns: Columns) -> alt.LayerChart:
    """Points with their error bars, and the diagonal on which both are the same."""
    expected, observed, low, high, _ = columns
    base = alt.Chart(alt.NamedData("rows"), height=HEIGHT)
    x = alt.X(
        "expected:Q", title=expected.label, axis=alt.Axis(format=expected.axis_format), scale=alt.Scale(zero=True)
    )
    y = alt.Y("observed:Q", title=observed.label, axis=alt.Axis(format=observed.axis_format))
    diagonal = base.mark_line(color=COMPARED, strokeDash=[5, 4]).encode(
        x=x, y=alt.Y("expected:Q", title=observed.label)
    )
    bars = base.mark_rule(color=ACCENT, strokeWidth=1.5).encode(
        x=x, y=alt.Y(f"{low.name}:Q", title=observed.label), y2=alt.Y2(high.name)
    )
    points = base.mark_point(color=ACCENT, filled=True, size=70, opacity=1).encode(
        x=x, y=y, tooltip=[alt.Tooltip.from_dict(told(each)) for each in columns]
    )
    return alt.LayerChart(layer=[diagonal, bars, points])
