"""The table of pages: every row and header in plain HTML, what a script sorts by beside each value."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from babel import Locale

from features.contracts.settings import load_settings
from serving.console.languages import LanguageCode, language_of
from serving.console.rendering import _environment
from serving.console.visit import Reader

PAGE = """
{% from "parts/table.html" import table with context %}
{% set columns = [{"label": "Name"}, {"label": "Members", "end": true, "sorted": "descending"},
                  {"label": "", "fixed": true}] %}
{% call(row) table(columns, rows, caption="Lists <all>", empty="None yet.") %}
  <td>{{ row.name }}</td><td class="end" data-value="{{ row.members }}">{{ row.members | number }}</td><td></td>
{% endcall %}
"""


def shown(rows: list[dict[str, object]], *, code: LanguageCode = "en") -> str:
    reader = Reader(
        language=language_of(code),
        number_locale=Locale.parse("de_DE"),
        settings=load_settings(),
        now=datetime(2026, 11, 22, tzinfo=UTC),
    )
    return _environment(code).from_string(PAGE).render(reader=reader, rows=rows)


def test_a_table_holds_every_row_without_a_script() -> None:
    page = shown([{"name": f"<b>{each}", "members": 1000 * each} for each in range(1, 41)])
    assert page.count("<tr>") == 41
    assert '<td>&lt;b&gt;40</td><td class="end" data-value="40000">40.000</td>' in page
    assert re.findall(r"<th [^>]*>", page) == [
        '<th scope="col">',
        '<th scope="col" class="end" aria-sort="descending">',
        '<th scope="col" data-fixed>',
    ]
    assert 'aria-label="Lists &lt;all&gt;"' in page
    assert '<p class="empty data-table-empty" hidden>' in page


def test_an_empty_table_says_so_in_its_place() -> None:
    page = shown([])
    assert 'aria-label="Lists &lt;all&gt;" hidden>' in page
    assert '<p class="empty data-table-empty">None yet.</p>' in page


def test_what_a_script_says_is_in_the_readers_language() -> None:
    page = shown([], code="zh")
    assert 'data-range="第 {first}–{last} 条，共 {all} 条"' in page
    assert 'data-up="已按“{column}”从小到大排序"' in page
