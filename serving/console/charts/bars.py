"""Lying bars: one or more series beside each other, and the steps of a funnel.

Labels stand above their bars, so that a long one is not cut on a small screen. How high the picture is depends on the
rows: charts.js computes it, and tells the scale by `gap_share` what part of a step the label takes.
"""

from __future__ import annotations

from typing import Any

import altair as alt

from serving.console.charts.columns import ChartColumn, Columns
from serving.console.charts.theme import ACCENT, CHOSEN, COMPARED, INK_SOFT, told
from serving.console.languages import Language

BAR = 16
"""Height of a bar in pixels."""
GAP = 22
"""Height of a label."""
VALUE_WIDTH = 64
"""Pixels kept free for the value at the end of the longest bar."""


def columns(language: Language) -> Columns:
    """What is compared, for whom, and how much."""
    say = language.say
    return (
        ChartColumn(name="label", label=say("Trait"), form="text"),
        ChartColumn(name="series", label=say("Group"), form="text"),
        ChartColumn(name="value", label=say("Value"), form="number"),
    )


def step_columns(language: Language) -> Columns:
    """A step and the members left after it."""
    say = language.say
    return (
        ChartColumn(name="label", label=say("Step"), form="text"),
        ChartColumn(name="value", label=say("Members"), form="number"),
    )


def draw(columns: Columns) -> alt.LayerChart:
    """A bar of each series for each label, in the order of the rows, and each value at its bar's end."""
    colours = alt.Scale(range=[ACCENT, COMPARED, CHOSEN])
    return _bars(
        columns,
        yOffset=alt.YOffset("series:N", sort=None),
        color=alt.Color("series:N", sort=None, title=None, scale=colours),
    )


def draw_steps(columns: Columns) -> alt.LayerChart:
    """One bar for each step, from the first to the last, with its number."""
    return _bars(columns, color=alt.value(ACCENT))


def _bars(columns: Columns, *, color: Any, **offset: Any) -> alt.LayerChart:
    # `Any`: Altair's channels have no common type
    value = columns[-1]
    x = alt.X("value:Q", title=None, axis=None, scale=room_for_values())
    y = labels_above()
    base = alt.Chart(alt.NamedData("rows")).encode(
        x=x, y=y, tooltip=[alt.Tooltip.from_dict(told(each)) for each in columns], **offset
    )
    bars = base.mark_bar().encode(color=color)
    text = base.mark_text(align="left", dx=5, fontSize=11, color=INK_SOFT).encode(
        text=alt.Text("value:Q", format=value.told_format)
    )
    return lying(bars, text)


def labels_above() -> alt.Y:
    """Rows one below the other, each label above its bar."""
    share = alt.expr("gap_share")
    return alt.Y(
        "label:N",
        sort=None,
        title=None,
        scale=alt.Scale(paddingInner=share, paddingOuter=share),
        axis=alt.Axis(
            labelAlign="left",
            labelPadding=0,
            labelOffset=alt.expr(f"-(bandwidth('y') + {GAP}) / 2 + 2"),
            labelOverlap=False,
        ),
    )


def room_for_values() -> alt.Scale:
    """From zero on, with room for the figure at the end of the longest bar."""
    return alt.Scale(zero=True, nice=False, range=[0, {"expr": f"max(width - {VALUE_WIDTH}, 40)"}])


def lying(*layers: alt.Chart) -> alt.LayerChart:
    """The layers on each other, with what charts.js computes the height by."""
    chart: alt.LayerChart = alt.LayerChart(layer=list(layers)).add_params(alt.param(name="gap_share", value=0.4))
    return chart.properties(usermeta={"bar": BAR, "gap": GAP})
