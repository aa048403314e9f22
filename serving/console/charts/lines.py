"""Lines over days: several named series, each with a dash and a shape of its own."""

from __future__ import annotations

import altair as alt

from serving.console.charts.columns import ChartColumn, Columns
from serving.console.charts.theme import ACCENT, DASHES, SERIES, SHAPES, told
from serving.console.languages import Language

HEIGHT = 260
DAY_FORMATS = {"en": "%-d %b", "zh": "%-m月%-d日"}


def columns(language: Language) -> Columns:
    """A day, whose figure, and the figure."""
    say = language.say
    return (
        ChartColumn(name="day", label=say("Day"), form="day"),
        ChartColumn(name="series", label=say("Which"), form="text"),
        ChartColumn(name="value", label=say("Value"), form="number"),
    )


def week_columns(language: Language) -> Columns:
    """A week, by its first day, and the visits in it."""
    say = language.say
    return (
        ChartColumn(name="day", label=say("Week from"), form="day"),
        ChartColumn(name="value", label=say("Visits"), form="number"),
    )


def draw(columns: Columns, *, day_format: str) -> alt.LayerChart:
    """A line with points for each series."""
    day, _, value = columns
    base = alt.Chart(alt.NamedData("rows"), height=HEIGHT).encode(
        x=_days(day, day_format=day_format),
        y=alt.Y("value:Q", title=value.label, axis=alt.Axis(format=value.axis_format)),
        color=alt.Color(
            "series:N",
            sort=None,
            title=None,
            scale=alt.Scale(range=list(SERIES)),
            legend=alt.Legend(symbolType="stroke", symbolStrokeWidth=2.5, symbolSize=320),
        ),
        strokeDash=alt.StrokeDash("series:N", sort=None, title=None, scale=alt.Scale(range=list(DASHES))),
    )
    line = base.mark_line(strokeWidth=2)
    points = base.mark_point(filled=True, size=45, opacity=1).encode(
        # the legend of colour and dash names the series once
        shape=alt.Shape("series:N", sort=None, scale=alt.Scale(range=list(SHAPES)), legend=None),
        tooltip=[alt.Tooltip.from_dict(told(each)) for each in columns],
    )
    return alt.LayerChart(layer=[line, points])


def draw_weeks(columns: Columns, *, day_format: str) -> alt.Chart:
    """A bar for each week."""
    day, value = columns
    chart: alt.Chart = (
        alt.Chart(alt.NamedData("rows"), height=150)
        .mark_bar(color=ACCENT, width={"band": 0.8})
        .encode(
            x=alt.X(
                "utcyearmonthdate(day):O",
                title=None,
                axis=alt.Axis(format=day_format, labelAngle=0, labelOverlap="greedy"),
            ),
            y=alt.Y("value:Q", title=value.label, axis=alt.Axis(format=value.axis_format, tickMinStep=1)),
            tooltip=[alt.Tooltip.from_dict(told(each)) for each in (day, value)],
        )
    )
    return chart


def _days(day: ChartColumn, *, day_format: str) -> alt.X:
    # days have no zone: read and written in UTC they stay what they are, wherever the reader is
    return alt.X(
        "utcyearmonthdate(day):T", title=day.label, axis=alt.Axis(format=day_format, labelFlush=True, grid=False)
    )
