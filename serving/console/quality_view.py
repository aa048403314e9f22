"""The figures of one part of the quality page: what its charts and its table show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from serving.console.charts.columns import Form
from serving.console.languages import to_say
from serving.console.visit import Reader
from serving.console.words.measure import MEASURES, MeasureWords, method_words, target_kind_words
from serving.console.words.quality import PARTS, honesty_sentence, part_sentence
from training.release.quality import ALL, Comparison, Measure, MethodQuality, PartQuality

SURE = 1.96
"""Standard errors on either side of a figure that make a 95% interval."""

ChartRow = dict[str, str | float]
TableColumn = dict[str, object]
"""A column as the tables' macro takes it."""

COUNTED = {
    "members": to_say("Measured on %(count)s members."),
    "targets": to_say("Measured on %(count)s products, brands, categories and types of product."),
    "launches": to_say("Measured on %(count)s past launches, each predicted by a model that had not seen it."),
    "reached": to_say("Measured on %(count)s members reached by later campaigns."),
}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A figure with its error, as the reader writes it."""

    text: str
    error: str
    value: float | None
    is_best: bool


@dataclass(frozen=True, kw_only=True)
class MethodRow:
    """One way of choosing in the table."""

    name: str
    is_ours: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True)
class PartView:
    """One part as the page shows it."""

    key: str
    title: str
    sentence: str | None
    honesty: str | None
    tested: tuple[str, ...]
    """On what it was measured, in sentences."""
    drawn: str
    """The figure that is drawn, in words."""
    drawn_form: Form
    methods: tuple[ChartRow, ...]
    kinds: tuple[ChartRow, ...]
    tenths: tuple[ChartRow, ...]
    reliability: tuple[ChartRow, ...]
    columns: tuple[TableColumn, ...]
    rows: tuple[MethodRow, ...]


def part_view(part: PartQuality, reader: Reader) -> PartView:
    """What the page shows of a part."""
    say = reader.language.say
    first, overall = MEASURES[part.part][0], part.overall
    return PartView(
        key=part.part,
        title=say(PARTS[part.part]),
        sentence=part_sentence(part, reader),
        honesty=honesty_sentence(part, reader),
        tested=_tested(part, reader),
        drawn=say(first.title),
        drawn_form=first.form,
        methods=() if overall is None else _methods(overall, first, reader),
        kinds=_kinds(part, first, reader),
        tenths=tenths_of(part, reader),
        reliability=_reliability(part),
        columns=(
            {"label": say("Way of choosing")},
            *({"label": say(each.title), "end": True} for each in MEASURES[part.part]),
        ),
        rows=() if overall is None else _table(overall, MEASURES[part.part], reader),
    )


def _tested(part: PartQuality, reader: Reader) -> tuple[str, ...]:
    told = []
    if part.tested_on and part.horizon_days is not None:
        days = ", ".join(reader.written.day(day) for day in part.tested_on)
        told.append(
            reader.language.say(
                "It predicted the %(horizon)s days from %(days)s, of which it had seen nothing.",
                horizon=reader.written.number(part.horizon_days),
                days=days,
            )
        )
    if part.overall is not None and part.overall.count is not None:
        told.append(reader.language.say(COUNTED[part.counted], count=reader.written.number(part.overall.count)))
    return tuple(told)


def _methods(overall: Comparison, measure: MeasureWords, reader: Reader) -> tuple[ChartRow, ...]:
    rows: list[ChartRow] = []
    ours, simple = reader.language.say("The model in service"), reader.language.say("A simple rule")
    for each in _ordered(overall.methods):
        found = each.measures.get(measure.name)
        if found is not None and each.kind != "variant":
            whose = ours if each.kind == "product" else simple
            rows.append({"label": method_words(each.method, reader.language), "whose": whose, **_interval(found)})
    return tuple(rows)


def _kinds(part: PartQuality, measure: MeasureWords, reader: Reader) -> tuple[ChartRow, ...]:
    """Two bars for each kind of target: the model's and that of the rule which is best there."""
    rows: list[ChartRow] = []
    for comparison in part.comparisons:
        if comparison.over == ALL or comparison.ours is None or measure.name not in comparison.ours.measures:
            continue
        label = target_kind_words(comparison.over, reader.language)
        simple = [
            each.measures[measure.name].value
            for each in comparison.methods
            if each.kind == "baseline" and measure.name in each.measures
        ]
        for series, value in (
            (reader.language.say("The model in service"), comparison.ours.measures[measure.name].value),
            (reader.language.say("The best simple rule"), max(simple, default=None)),
        ):
            if value is not None:
                rows.append({"label": label, "series": series, "value": value})
    return tuple(rows)


def tenths_of(part: PartQuality, reader: Reader) -> tuple[ChartRow, ...]:
    """How many times as many buyers each tenth of the members has as a tenth taken by lot; empty where none was tested.

    The members stand in the order in which the model ranks them.
    """
    percent = reader.written.percent
    whose = reader.language.say("The model in service")
    return tuple(
        {
            "label": reader.language.say("The best %(to)s", to=percent(0.1))
            if each.tenth == 1
            else f"{percent((each.tenth - 1) / 10)} – {percent(each.tenth / 10)}",
            "whose": whose,
            **_interval(Measure(value=each.lift, error=each.lift_error)),
        }
        for each in part.tenths
    )


def _reliability(part: PartQuality) -> tuple[ChartRow, ...]:
    rows: list[ChartRow] = []
    for each in part.reliability:
        # Wilson's interval: it stays within 0 and 1, and says something where nobody bought
        share, rows_, square = each.observed, each.rows, SURE * SURE
        centre = (share + square / (2 * rows_)) / (1 + square / rows_)
        reach = SURE * sqrt(share * (1 - share) / rows_ + square / (4 * rows_ * rows_)) / (1 + square / rows_)
        rows.append(
            {
                "expected": each.predicted,
                "observed": share,
                "low": max(0.0, centre - reach),
                "high": min(1.0, centre + reach),
                "members": rows_,
            }
        )
    return tuple(rows)


def _table(overall: Comparison, measures: Sequence[MeasureWords], reader: Reader) -> tuple[MethodRow, ...]:
    best = {each.name: _best(overall, each) for each in measures}
    return tuple(
        MethodRow(
            name=method_words(method.method, reader.language),
            is_ours=method.kind == "product",
            cells=tuple(
                _cell(method.measures.get(each.name), each, best=best[each.name], reader=reader) for each in measures
            ),
        )
        for method in _ordered(overall.methods)
    )


def _cell(found: Measure | None, measure: MeasureWords, *, best: float | None, reader: Reader) -> Cell:
    written = reader.written
    if found is None:
        return Cell(text=written.number(None), error="", value=None, is_best=False)
    is_share = measure.form == "percent"
    error = ""
    if found.error:
        error = "± " + (written.percent(found.error, 1) if is_share else written.number(found.error, 2))
    text = written.percent(found.value, 1) if is_share else written.number(found.value, 2)
    return Cell(text=text, error=error, value=found.value, is_best=found.value == best)


def _best(overall: Comparison, measure: MeasureWords) -> float | None:
    values = [each.measures[measure.name].value for each in overall.methods if measure.name in each.measures]
    if len(values) < 2:
        return None
    return max(values) if measure.better == "more" else min(values)


def _ordered(methods: Sequence[MethodQuality]) -> list[MethodQuality]:
    """The model's own row first, then as they stand."""
    return sorted(methods, key=lambda each: each.kind != "product")


def _interval(measure: Measure) -> dict[str, float]:
    reach = SURE * (measure.error or 0.0)
    return {"value": measure.value, "low": max(0.0, measure.value - reach), "high": measure.value + reach}
