"""How every chart looks: the console's colours and font, quiet axes, lines that a print in grey still tells apart."""

from __future__ import annotations

from typing import Any

from serving.console.charts.columns import ChartColumn

INK = "#16202e"
INK_SOFT = "#4b5a6e"
LINE = "#d8dfe8"
ACCENT = "#1d4ed8"
COMPARED = "#8391a5"
CHOSEN = "#b45309"

SERIES = (ACCENT, "#b45309", "#0f766e", "#9d174d", "#475569", "#6d28d9", "#3f6212", "#7c2d12")
"""Each at least 4.5:1 against white; a dash and a shape of its own go with each."""
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [10, 4], [1, 3], [6, 2, 1, 2])
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")

FONT = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', "
    "'WenQuanYi Micro Hei', sans-serif"
)


def look() -> dict[str, Any]:
    """Vega-Lite's `config`; `Any` because it is JSON."""
    return {
        "font": FONT,
        "background": "transparent",
        # the page itself tells the chart in a sentence and in a table
        "aria": False,
        "view": {"stroke": None},
        "axis": {
            "labelColor": INK_SOFT,
            "titleColor": INK_SOFT,
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "titlePadding": 8,
            "gridColor": LINE,
            "domainColor": LINE,
            "tickColor": LINE,
            "labelOverlap": True,
            "labelSeparation": 8,
        },
        "axisX": {"grid": False, "tickCount": 6},
        "axisY": {"tickCount": 5, "domain": False, "ticks": False, "labelPadding": 6},
        "legend": {
            "orient": "top",
            "title": None,
            "labelFontSize": 12,
            "labelColor": INK,
            "labelLimit": 260,
            "symbolSize": 90,
            "columnPadding": 14,
        },
        "bar": {"cornerRadiusEnd": 3},
        "text": {"fontSize": 12, "fill": INK},
        "range": {"category": list(SERIES)},
    }


def told(column: ChartColumn) -> dict[str, Any]:
    """A line of the text that is shown where the pointer is; `Any` because it is JSON."""
    line: dict[str, Any] = {"field": column.name, "title": column.label}
    if column.form == "day":
        return {**line, "type": "temporal", "timeUnit": "utcyearmonthdate", "format": "%x"}
    if column.form == "text":
        return {**line, "type": "nominal"}
    return {**line, "type": "quantitative", "format": column.told_format}
