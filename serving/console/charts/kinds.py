"""The kinds of charts, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import altair as alt

from serving.console.charts import bars, curve, lines, methods, reliability, rhythm
from serving.console.charts.columns import Columns
from serving.console.charts.locales import weekdays
from serving.console.languages import Language

Chart = alt.Chart | alt.LayerChart


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of chart."""

    columns: Callable[[Language], Columns]
    draw: Callable[[Columns, Language], Chart]
    marks: str | None = None
    """A second set of rows that the chart shows, of the same columns."""


def _plain(draw: Callable[[Columns], Chart]) -> Callable[[Columns, Language], Chart]:
    return lambda columns, _: draw(columns)


def _with_days(draw: Callable[..., Chart]) -> Callable[[Columns, Language], Chart]:
    return lambda columns, language: partial(draw, day_format=lines.DAY_FORMATS[language.code])(columns)


KINDS: dict[str, Kind] = {
    "curve": Kind(columns=curve.columns, draw=_plain(curve.draw), marks="chosen"),
    "curve_share": Kind(columns=curve.share_columns, draw=_plain(curve.draw), marks="chosen"),
    "bars": Kind(columns=bars.columns, draw=_plain(bars.draw)),
    "methods": Kind(columns=methods.columns, draw=_plain(methods.draw)),
    "steps": Kind(columns=bars.step_columns, draw=_plain(bars.draw_steps)),
    "lines": Kind(columns=lines.columns, draw=_with_days(lines.draw)),
    "weeks": Kind(columns=lines.week_columns, draw=_with_days(lines.draw_weeks)),
    "reliability": Kind(columns=reliability.columns, draw=_plain(reliability.draw)),
    "rhythm": Kind(
        columns=rhythm.columns,
        draw=lambda columns, language: rhythm.draw(columns, weekdays=weekdays(language.code)),
    ),
}
