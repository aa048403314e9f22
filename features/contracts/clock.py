"""Moments: the shop's weeks, `as_of`, and the text forms in which both are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from features.contracts.errors import SettingsError

WEEK = timedelta(days=7)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Origin of moments written as days: float32 then resolves them to about a minute."""

SECONDS_PER_DAY = 86_400.0


def parse_moment(text: str) -> datetime:
    """The UTC instant written as ISO 8601; a text without a zone is read as UTC.

    Raises SettingsError when the text is no date or instant.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(
            f"as_of: '{text}' is not a date or instant; write it like 2017-09-16 or 2017-09-16T05:00:00Z"
        ) from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def moment_text(moment: datetime) -> str:
    """ISO 8601 in UTC with a Z, to the second (microseconds when there are any)."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def moment_slug(moment: datetime) -> str:
    """The moment as it stands in file names: 20170916T050000Z, with its fraction of a second where it has one."""
    fraction = f".{moment.microsecond:06d}" if moment.microsecond else ""
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%S}{fraction}Z"


def days_since_epoch(moment: datetime) -> float:
    """Days, with fractions, from EPOCH to `moment`."""
    return (moment - EPOCH).total_seconds() / SECONDS_PER_DAY


def from_days_since_epoch(days: float) -> datetime:
    """The moment `days` after EPOCH, to the second."""
    return EPOCH + timedelta(seconds=round(days * SECONDS_PER_DAY))


def week_start(week: int, *, anchor: datetime) -> datetime:
    """Start of a numbered week; week 2 starts at the anchor and each later one 7 days after."""
    return anchor + (week - 2) * WEEK


def week_starts(*, first: datetime, last: datetime, anchor: datetime) -> list[datetime]:
    """Every week start after `first` and not after `last`, in order."""
    start = anchor + ((first - anchor) // WEEK) * WEEK
    moments = []
    while start <= last:
        if start > first:
            moments.append(start)
        start += WEEK
    return moments
