from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from babel import Locale

from serving.console.written import NOTHING, Written


def written(locale="en_US", *, words="en_GB", currency="USD"):
    return Written(
        locale=Locale.parse(locale), words=Locale.parse(words), zone=ZoneInfo("America/New_York"), currency=currency
    )


@pytest.mark.parametrize(
    ("locale", "number", "money", "small", "share"),
    [
        ("en_US", "1,234.5", "$1,235", "$9.90", "12.5%"),
        ("de_DE", "1.234,5", "1.235\xa0$", "9,90\xa0$", "12,5\xa0%"),
    ],
)
def test_each_reader_has_an_own_form_of_numbers(locale, number, money, small, share):
    one = written(locale)
    assert (one.number(1234.54, 1), one.money(1234.54), one.money(9.9), one.percent(0.125, 1)) == (
        number, money, small, share,
    )  # fmt: skip


def test_days_and_moments_are_those_of_the_shop():
    late = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    assert (written().day(late), written().moment(late)) == ("1 Jan 2026", "1 Jan 2026, 22:04")
    assert written(words="zh_Hans_CN").moment(late) == "2026年1月1日 22:04"
    assert written().day("2026-02-03") == written().day(date(2026, 2, 3)) == "3 Feb 2026"


def test_how_long_ago_never_lies_ahead():
    now = datetime(2026, 1, 2, tzinfo=UTC)
    assert written().ago("2025-12-30T00:00:00Z", now) == "3 days ago"
    assert "in" not in written().ago(datetime(2026, 1, 3, tzinfo=UTC), now).split()


def test_nothing_is_a_dash():
    one = written()
    assert {one.number(None), one.money(None), one.percent(None), one.day(None), one.moment(None)} == {NOTHING}
