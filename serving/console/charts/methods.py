"""Bars of several ways of doing the same: one is meant, the others stand beside it, each with its interval."""

from __future__ import annotations

import altair as alt

from serving.console.charts.bars import labels_above, lying, room_for_values
from serving.console.charts.columns import ChartColumn, Columns
from serving.console.charts.theme import ACCENT, COMPARED, INK_SOFT, told
from serving.console.languages import Language


def columns(language: Language) -> Columns:
    """A way, whose it is, its figure and the interval around it."""
    say = language.say
    return (
        ChartColumn(name="label", label=say("Way of choosing"), form="text"),
        ChartColumn(name="whose", label=say("Group"), form="text"),
        ChartColumn(name="value", label=say("Value"), form="decimal"),
        ChartColumn(name="low", label=say("At least"), form="decimal"),
        ChartColumn(name="high", label=say("At most"), form="decimal"),
    )


def draw(columns: Columns) -> alt.LayerChart:
    """A bar for each row, dark where it is the first one's; a line from `low` to `high`, and the value behind it.

    Labels stand above their bars, as those of `bars` do.
    """
    value, high = columns[2], columns[4]
    base = alt.Chart(alt.NamedData("rows")).encode(
        y=labels_above(), tooltip=[alt.Tooltip.from_dict(told(each)) for each in columns]
    )
    colours = alt.Scale(range=[ACCENT, COMPARED])
    bars = base.mark_bar().encode(
        x=alt.X("value:Q", title=None, axis=None, scale=room_for_values()),
        color=alt.Color("whose:N", sort=None, scale=colours, legend=None),
    )
    interval = base.mark_rule(color=INK_SOFT, strokeWidth=1.5).encode(
        x=alt.X("low:Q", title=None), x2=alt.X2(high.name)
    )
    text = base.mark_text(align="left", dx=6, fontSize=11, color=INK_SOFT).encode(
        x=alt.X("high:Q", title=None), text=alt.Text("value:Q", format=value.told_format)
    )
    return lying(bars, interval, text)
