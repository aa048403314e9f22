"""Numbers, money, shares, days and moments as a reader writes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_currency, format_decimal, format_percent

from features.contracts.clock import parse_moment

NOTHING = "–"
"""Stands where there is no value."""
MOMENT = {"en": "d MMM y, HH:mm", "zh": "y年M月d日 HH:mm"}
"""Moments to the minute: seconds say nothing to a reader."""
WHOLE_FROM = 100
"""Amounts from here on are written without cents."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """The reader's way of writing; days and moments are those of the shop's zone."""

    locale: Locale
    """Form of numbers."""
    words: Locale
    """Language of months and days."""
    zone: ZoneInfo
    currency: str

    def number(self, value: float | None, digits: int = 0) -> str:
        """A number with at most so many decimals."""
        if value is None:
            return NOTHING
        return str(format_decimal(round(value, digits), format="#,##0." + "#" * digits, locale=self.locale))

    def money(self, value: float | None) -> str:
        """An amount in the shop's currency; whole units from a hundred on."""
        if value is None:
            return NOTHING
        if abs(value) < WHOLE_FROM:
            return str(format_currency(value, self.currency, locale=self.locale))
        whole = str(self.locale.currency_formats["standard"].pattern).replace(".00", "")
        return str(format_currency(round(value), self.currency, whole, locale=self.locale, currency_digits=False))

    def percent(self, share: float | None, digits: int = 0) -> str:
        """A share as a percentage."""
        if share is None:
            return NOTHING
        pattern = str(self.locale.percent_formats[None].pattern)
        if digits:
            pattern = pattern.replace("#,##0", "#,##0." + "0" * digits)
        return str(format_percent(share, pattern, locale=self.locale))

    def day(self, value: datetime | date | str | None) -> str:
        """A day."""
        known = self._date(value)
        return NOTHING if known is None else str(format_date(known, format="medium", locale=self.words))

    def moment(self, value: datetime | str | None) -> str:
        """A day and the time of day."""
        if value is None:
            return NOTHING
        known = parse_moment(value) if isinstance(value, str) else value
        return str(
            format_datetime(
                known, format=MOMENT.get(self.words.language, "medium"), tzinfo=self.zone, locale=self.words
            )
        )

    def ago(self, value: datetime | str | None, now: datetime) -> str:
        """How long ago a moment was, in the largest unit that fits."""
        if value is None:
            return NOTHING
        known = parse_moment(value) if isinstance(value, str) else value
        return str(format_timedelta(min(known - now, timedelta(seconds=-1)), add_direction=True, locale=self.words))

    def _date(self, value: datetime | date | str | None) -> date | None:
        if isinstance(value, str):
            value = date.fromisoformat(value) if len(value) == len("2026-01-31") else parse_moment(value)
        return value.astimezone(self.zone).date() if isinstance(value, datetime) else value
