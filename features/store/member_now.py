"""What a member just did, as one online row: what it holds, its one form in bytes, and what of it still counts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from features.contracts.errors import StoreUnavailable
from features.contracts.ids import ProductId

FORMAT = 1
"""Number of the form; rows of another one stand in another file and are never read."""

_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Touched:
    """A product and when the member last did something with it."""

    product_id: ProductId
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A store or a zone of it, and when the member was last known to be there."""

    id: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberNow:
    """A visit under way, and what was bought lately. Every part carries its time, so that a reader can tell its age."""

    newest_at: datetime
    """When the member last did anything."""
    viewed: tuple[Touched, ...] = ()
    """Products looked at, each once, the latest first."""
    basket: tuple[Touched, ...] = ()
    """Products in the basket, in the order in which they were put in."""
    bought: tuple[Touched, ...] = ()
    """Products bought, each once, the latest first."""
    store: Place | None = None
    """The store that the member is in; None when in none, or when it was left."""
    zone: Place | None = None

    def counting(
        self, as_of: datetime | None, *, session: timedelta, bought: timedelta, ahead: timedelta = timedelta(0)
    ) -> MemberNow | None:
        """What of it counts at a moment; None when nothing does.

        A visit counts until nothing has happened for as long as a `session`, a purchase for as long as `bought`.
        `as_of` None: time stands still, and the member's own last event says how late it is. What lies further
        `ahead` of `as_of` than that has not happened yet.
        """
        moment = self.newest_at if as_of is None else as_of
        until = moment + ahead
        late = tuple(each for each in self.bought if moment - bought < each.at <= until)
        since = moment - session
        if not since <= self.newest_at <= until:
            return replace(self, viewed=(), basket=(), store=None, zone=None, bought=late) if late else None
        return replace(self, bought=late)


def pack_now(now: MemberNow) -> bytes:
    """The row's bytes: JSON, times in microseconds since 1970."""
    row = {
        "n": _micros(now.newest_at),
        "v": _pairs(now.viewed),
        "b": _pairs(now.basket),
        "o": _pairs(now.bought),
        "s": [now.store.id, _micros(now.store.at)] if now.store else None,
        "z": [now.zone.id, _micros(now.zone.at)] if now.zone else None,
    }
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()


def unpack_now(packed: bytes) -> MemberNow:
    """The row that the bytes hold. Raises StoreUnavailable when they are no row."""
    try:
        row = json.loads(packed)
        return MemberNow(
            newest_at=_moment(row["n"]),
            viewed=_touched(row["v"]),
            basket=_touched(row["b"]),
            bought=_touched(row["o"]),
            store=_place(row["s"]),
            zone=_place(row["z"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise StoreUnavailable("online store: a row of what members just did is damaged") from error


def _pairs(touched: Sequence[Touched]) -> list[tuple[str, int]]:
    return [(each.product_id, _micros(each.at)) for each in touched]


def _touched(pairs: Sequence[tuple[str, int]]) -> tuple[Touched, ...]:
    return tuple(Touched(product_id=ProductId(product_id), at=_moment(at)) for product_id, at in pairs)


def _place(pair: tuple[str, int] | None) -> Place | None:
    return None if pair is None else Place(id=pair[0], at=_moment(pair[1]))


def _micros(moment: datetime) -> int:
    return (moment - _UNIX_EPOCH) // _MICROSECOND


def _moment(micros: int) -> datetime:
    return _UNIX_EPOCH + timedelta(microseconds=micros)
