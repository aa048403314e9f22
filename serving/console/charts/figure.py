"""`chart(...)` of the templates: a figure with its sentence, its picture and its figures as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from serving.console.charts.columns import Form
from serving.console.charts.locales import day_form, number_form, weekdays
from serving.console.charts.specs import chart_spec
from serving.console.charts.vega_script import vega_address
from serving.console.script_json import json_for_script
from serving.console.visit import Reader

Row = Mapping[str, Any]
"""A row of a chart, by column; `Any` because each column has its own type."""


@pass_context
def chart(
    context: Context,
    kind: str,
    rows: Sequence[Row],
    *,
    title: str,
    says: str = "",
    id: str | None = None,
    labels: Mapping[str, str] | None = None,
    forms: Mapping[str, Form] | None = None,
    marks: Sequence[Row] = (),
    empty: str = "",
) -> Markup:
    """A figure of one of KINDS.

    `says`: what the picture shows, in a sentence. `labels`, `forms`: of columns, where the kind's own do not fit.
    `marks`: the second set of rows, where the kind has one. Without rows the figure is hidden, or says `empty`.
    """
    reader: Reader = context["reader"]
    made = chart_spec(
        kind, reader.language.code, tuple(sorted((labels or {}).items())), tuple(sorted((forms or {}).items()))
    )
    columns = [{**asdict(column), "counts": column.counts} for column in made.columns]
    names = [column.name for column in made.columns]
    kept = [{name: row[name] for name in names if name in row} for row in rows]
    datasets: dict[str, Any] = {"rows": kept}
    if made.marks:
        datasets[made.marks] = [dict(mark) for mark in marks]
    template = context.environment.get_template("parts/chart.html")
    text = template.render(
        reader=reader,
        id=id or f"chart-{kind}",
        kind=kind,
        title=title,
        says=says,
        empty=empty,
        columns=made.columns,
        weekdays=weekdays(reader.language.code),
        rows=kept,
        brought=json_for_script({"spec": made.spec, "datasets": datasets, "columns": columns, "marks": made.marks}),
    )
    return Markup(text)


@pass_context
def chart_assets(context: Context) -> Markup:
    """What a page with charts loads; it belongs into the block `scripts`."""
    reader: Reader = context["reader"]
    text = context.environment.get_template("parts/chart_assets.html").render(
        reader=reader,
        vega=vega_address(),
        locales=json_for_script(
            {
                "number": number_form(reader.number_locale, reader.settings.currency),
                "time": day_form(reader.language.code),
            }
        ),
    )
    return Markup(text)
