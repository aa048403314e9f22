"""Charts: sound specifications of every kind, in the reader's words and numbers, with their figures as a table."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import altair as alt
import pytest
from babel import Locale

from features.contracts.settings import load_settings
from serving.console.charts.columns import named
from serving.console.charts.curve import rows_of
from serving.console.charts.kinds import KINDS
from serving.console.charts.locales import day_form, number_form, weekdays
from serving.console.charts.specs import chart_spec
from serving.console.languages import LanguageCode, language_of
from serving.console.rendering import _environment
from serving.console.visit import Reader

POINT = {"size": 10, "expected_buyers": {"expected": 4.0, "low": 2.0, "high": 6.0}}


def figure(call: str, *, code: LanguageCode = "en", locale: str = "en_US", **words: Any) -> str:
    reader = Reader(
        language=language_of(code),
        number_locale=Locale.parse(locale),
        settings=load_settings(),
        now=datetime(2026, 11, 22, tzinfo=UTC),
    )
    return _environment(code).from_string("{{ " + call + " }}").render(reader=reader, **words)


def brought(page: str) -> Any:
    return json.loads(re.findall(r'class="chart-brought">(.*?)</script>', page)[0])


@pytest.mark.parametrize("code", ["en", "zh"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_is_a_sound_specification(kind: str, code: LanguageCode) -> None:
    made = chart_spec(kind, code)
    alt.Chart.from_dict(made.spec, validate=True)
    asked = set(re.findall(r'"field": "(\w+)"', json.dumps(made.spec)))
    calculated = {"begin", "end", "weekday_name"}
    assert {column.name for column in made.columns} >= asked - calculated
    assert made.spec["width"] == "container"


def test_rows_stand_in_the_picture_and_in_the_table_in_the_readers_numbers() -> None:
    rows = [{"label": "Gold", "series": "These", "value": 0.125, "unused": "x"}]
    page = figure("chart('bars', rows, title='Who', forms={'value': 'percent'})", locale="de_DE", rows=rows)
    assert brought(page)["datasets"] == {"rows": [{"label": "Gold", "series": "These", "value": 0.125}]}
    assert re.findall(r"<td[^>]*>(.*?)</td>", page) == ["Gold", "These", "12,5\xa0%"]
    assert "hidden" not in page.split(">")[0]


def test_a_chart_names_its_columns_in_the_readers_language() -> None:
    rows = [{"weekday": 7, "hour": 9, "value": 2}]
    page = figure("chart('rhythm', rows, title='到店时间')", code="zh", rows=rows)
    assert re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", page) == ["星期", "时段（点）", "到店次数", "周日", "9", "2"]


def test_a_page_names_a_column_in_its_own_words() -> None:
    page = figure(
        "chart('weeks', rows, title='x', labels={'value': 'Purchases'})", rows=[{"day": "2026-11-02", "value": 3}]
    )
    assert '<th scope="col" class="end">Purchases</th>' in page
    assert brought(page)["spec"]["encoding"]["y"]["title"] == "Purchases"


def test_a_column_that_the_chart_has_not_is_refused() -> None:
    with pytest.raises(KeyError, match="no column 'size'"):
        named(KINDS["bars"].columns(language_of("en")), labels={"size": "x"}, forms={})


def test_without_rows_a_figure_is_hidden_or_says_what_to_do() -> None:
    assert " hidden>" in figure("chart('curve', [], title='x')").split("<figcaption")[0]
    told = figure("chart('curve', [], title='x', empty='Choose a product first.')")
    assert " hidden>" not in told.split("<figcaption")[0]
    assert '<p class="empty chart-empty">Choose a product first.</p>' in told


def test_what_a_shop_calls_its_goods_stays_text() -> None:
    rows = [{"label": "</script><b>", "value": 1}]
    page = figure("chart('steps', rows, title='<i>')", rows=rows)
    assert "<b>" not in page
    assert "<i>" not in page
    assert brought(page)["datasets"]["rows"][0]["label"] == "</script><b>"


def test_a_curve_shows_buyers_and_the_size_chosen() -> None:
    assert rows_of([POINT]) == [{"size": 10, "expected": 4.0, "low": 2.0, "high": 6.0}]
    page = figure("chart('curve', rows, title='x', marks=[{'size': 10, 'expected': 4}])", rows=rows_of([POINT]))
    assert brought(page)["datasets"]["chosen"] == [{"size": 10, "expected": 4}]


@pytest.mark.parametrize(
    ("locale", "currency", "expected"),
    [
        ("en_US", "USD", (".", ",", [3], ["$", ""], "%")),
        ("de_DE", "EUR", (",", ".", [3], ["", " €"], "\xa0%")),
        ("zh_Hans_CN", "CNY", (".", ",", [3], ["¥", ""], "%")),
        ("en_IN", "INR", (".", ",", [3, 2, 2, 2, 2, 2, 2], ["₹", ""], "%")),
    ],
)
def test_d3_writes_numbers_as_babel_does(locale: str, currency: str, expected: tuple[Any, ...]) -> None:
    form = number_form(Locale.parse(locale), currency)
    assert tuple(form[name] for name in ("decimal", "thousands", "grouping", "currency", "percent")) == expected


def test_every_locale_that_a_browser_may_ask_for_has_a_form() -> None:
    for name in ("ar-EG", "fa-IR", "hi-IN", "fr-CH", "ja-JP", "sv-SE", "tr-TR", "eu-ES"):
        form = number_form(Locale.parse(name, sep="-"), "EUR")
        assert form["percent"].strip() == "%", name
        assert len(form["currency"]) == 2


def test_weeks_begin_on_monday_and_d3s_on_sunday() -> None:
    assert weekdays("en")[0] == "Mon"
    assert day_form("zh")["shortDays"][0] == "周日"
