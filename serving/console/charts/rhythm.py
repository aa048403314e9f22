"""When a member comes: weekday against hour of the day."""

from __future__ import annotations

import altair as alt

from serving.console.charts.columns import ChartColumn, Columns
from serving.console.charts.theme import ACCENT, told
from serving.console.languages import Language

HEIGHT = 190


def columns(language: Language) -> Columns:
    """A weekday (1 is Monday), an hour, and the visits then."""
    say = language.say
    return (
        ChartColumn(name="weekday", label=say("Weekday"), form="weekday"),
        ChartColumn(name="hour", label=say("Hour"), form="number"),
        ChartColumn(name="value", label=say("Visits"), form="number"),
    )


def draw(columns: Columns, *, weekdays: tuple[str, ...]) -> alt.LayerChart:
    """A field for each hour of the week, the darker the more visits; the number stands in it."""
    weekday, hour, value = columns
    names = "[" + ",".join(f"'{name}'" for name in weekdays) + "]"
    named = f"{names}[datum.value - 1]"
    base = (
        alt.Chart(alt.NamedData("rows"), height=HEIGHT)
        .transform_calculate(weekday_name=f"{names}[datum.weekday - 1]")
        .encode(
            x=alt.X(
                "hour:O",
                title=hour.label,
                scale=alt.Scale(domain=list(range(24))),
                axis=alt.Axis(labelAngle=0, labelOverlap="greedy", values=list(range(0, 24, 3))),
            ),
            y=alt.Y(
                "weekday:O",
                title=None,
                scale=alt.Scale(domain=list(range(1, 8))),
                axis=alt.Axis(labelExpr=named, labelOverlap=False),
            ),
            tooltip=[
                alt.Tooltip("weekday_name:N", title=weekday.label),
                *(alt.Tooltip.from_dict(told(each)) for each in (hour, value)),
            ],
        )
    )
    colour = alt.Color("value:Q", scale=alt.Scale(range=["#dbe6fe", ACCENT], zero=True), legend=None)
    fields = base.mark_rect(cornerRadius=3, stroke="white", strokeWidth=2).encode(color=colour)
    text = base.mark_text(fontSize=11).encode(
        text="value:Q",
        color=alt.condition("datum.value > 0.5 * datum.most", alt.value("white"), alt.value("#16202e")),
    )
    return alt.LayerChart(layer=[fields, text.transform_joinaggregate(most="max(value)")])
