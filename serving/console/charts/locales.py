"""How a chart writes numbers and days: Babel's knowledge in the form that Vega takes."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from babel import Locale

_DAYS = (6, 0, 1, 2, 3, 4, 5)
"""Babel counts from Monday, D3 from Sunday."""


@lru_cache(maxsize=256)
def number_form(locale: Locale, currency: str) -> dict[str, Any]:
    """D3's locale of numbers; `Any` because it is JSON."""
    symbols = locale.number_symbols.get("latn") or next(iter(locale.number_symbols.values()))
    percent = str(locale.percent_formats[None].pattern)
    return {
        "decimal": symbols["decimal"],
        "thousands": symbols["group"],
        "grouping": list(_grouping(locale)),
        "currency": _currency(locale, currency),
        "percent": percent[percent.index("%") - 1] + "%" if percent[percent.index("%") - 1].isspace() else "%",
        "minus": symbols["minusSign"],
    }


@lru_cache(maxsize=8)
def day_form(language: str) -> dict[str, Any]:
    """D3's locale of days, in the language of the page; `Any` because it is JSON."""
    locale = Locale.parse("zh_Hans_CN" if language == "zh" else "en_GB")
    is_chinese = locale.language == "zh"
    return {
        "dateTime": "%Y年%-m月%-d日 %H:%M" if is_chinese else "%-d %B %Y, %H:%M",
        "date": "%Y年%-m月%-d日" if is_chinese else "%-d %b %Y",
        "time": "%H:%M:%S",
        "periods": ["上午", "下午"] if is_chinese else ["AM", "PM"],
        "days": [locale.days["format"]["wide"][day] for day in _DAYS],
        "shortDays": [locale.days["format"]["abbreviated"][day] for day in _DAYS],
        "months": [locale.months["format"]["wide"][month] for month in range(1, 13)],
        "shortMonths": [locale.months["format"]["abbreviated"][month] for month in range(1, 13)],
    }


def weekdays(language: str) -> tuple[str, ...]:
    """Short names from Monday on."""
    short = day_form(language)["shortDays"]
    return (*short[1:], short[0])


def _grouping(locale: Locale) -> tuple[int, ...]:
    first, rest = locale.decimal_formats[None].grouping
    # D3 goes round and round through the list
    return (first,) if first == rest else (first, *[rest] * 6)


def _currency(locale: Locale, currency: str) -> list[str]:
    symbol = str(locale.currency_symbols.get(currency, currency))
    pattern = str(locale.currency_formats["standard"].pattern).split(";")[0]
    place = pattern.index("¤")
    if place == 0:
        return [symbol + (" " if pattern[1:2].isspace() else ""), ""]
    return ["", (" " if pattern[place - 1].isspace() else "") + symbol]
