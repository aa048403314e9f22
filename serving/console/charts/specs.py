"""Specifications as the browser takes them, each made once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from serving.console.charts.columns import Columns, Form, named
from serving.console.charts.kinds import KINDS
from serving.console.charts.theme import look
from serving.console.languages import LanguageCode, language_of

Pairs = tuple[tuple[str, str], ...]
Forms = tuple[tuple[str, Form], ...]


@dataclass(frozen=True, kw_only=True)
class ChartSpec:
    """A chart without its data."""

    columns: Columns
    spec: dict[str, Any]
    """Vega-Lite, the rows under the name `rows`; `Any` because it is JSON. Shared: never changed."""
    marks: str | None


@lru_cache(maxsize=512)
def chart_spec(kind: str, code: LanguageCode, labels: Pairs = (), forms: Forms = ()) -> ChartSpec:
    """The chart of a kind in a language, with a page's own labels and forms of columns. Raises KeyError."""
    language = language_of(code)
    columns = named(KINDS[kind].columns(language), labels=dict(labels), forms=dict(forms))
    # a test holds every kind against Vega-Lite's schema; here it would double what a first look at a page costs
    spec = KINDS[kind].draw(columns, language).to_dict(validate=False)
    return ChartSpec(
        columns=columns,
        spec={
            **spec,
            "config": look(),
            "width": "container",
            "autosize": {"contains": "padding", "resize": True},
        },
        marks=KINDS[kind].marks,
    )
