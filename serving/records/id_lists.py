"""Rows of uploaded lists: ids of members or products, each once, and counts of what was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, insert, select

from serving.records.opening import Transaction
from serving.records.tables import IdListEntryRow, IdListRow

CHUNK = 10_000
"""Ids of one statement; every database takes as many parameters."""


class ListKind(StrEnum):
    """What the ids of a list name."""

    MEMBER_ID = "member_id"
    PHONE_HASH = "phone_hash"
    PRODUCT_ID = "product_id"


@dataclass(frozen=True, kw_only=True)
class ListCounts:
    """Of the ids given: how many there were, could be no id, came twice, and are known to the shop or not."""

    given: int
    malformed: int
    duplicates: int
    known: int
    unknown: int

    def to_json(self) -> dict[str, int]:
        """The counts by name."""
        return asdict(self)

    def __add__(self, other: ListCounts) -> ListCounts:
        return ListCounts(
            given=self.given + other.given,
            malformed=self.malformed + other.malformed,
            duplicates=self.duplicates + other.duplicates,
            known=self.known + other.known,
            unknown=self.unknown + other.unknown,
        )


@dataclass(frozen=True, kw_only=True)
class IdList:
    """An uploaded list without its ids; the counts are those of the moments when the ids were given."""

    list_id: str
    name: str
    kind: ListKind
    counts: ListCounts
    created_at: datetime
    updated_at: datetime


def add_list(transaction: Transaction, list_id: str, *, name: str, kind: ListKind, at: datetime) -> None:
    """Stores a new list, still empty."""
    counts = dict.fromkeys(("given", "malformed", "duplicates", "known", "unknown"), 0)
    row = IdListRow(
        shop=transaction.shop, list_id=list_id, name=name, kind=kind.value, created_at=at, updated_at=at, **counts
    )
    transaction.session.add(row)
    transaction.session.flush()


def new_entries(transaction: Transaction, list_id: str, entries: Sequence[str]) -> list[str]:
    """Those of the entries that the list does not hold yet, in their order; `entries` holds each once."""
    # the list is locked first: what is not held now is not held when it is stored either
    transaction.row(IdListRow, list_id)
    held: set[str] = set()
    for start in range(0, len(entries), CHUNK):
        rows = select(IdListEntryRow.entry).filter_by(shop=transaction.shop, list_id=list_id)
        held.update(transaction.session.scalars(rows.where(IdListEntryRow.entry.in_(entries[start : start + CHUNK]))))
    return [entry for entry in entries if entry not in held]


def extend_list(
    transaction: Transaction, list_id: str, entries: Sequence[str], *, counts: ListCounts, at: datetime
) -> IdList | None:
    """The list with further entries, which it must not hold yet, and their counts added; None when there is none."""
    row = transaction.row(IdListRow, list_id)
    if row is None:
        return None
    rows = [{"shop": transaction.shop, "list_id": list_id, "entry": entry} for entry in entries]
    if rows:
        transaction.session.execute(insert(IdListEntryRow), rows)
    total = _list(row).counts + counts
    row.given, row.malformed, row.duplicates = total.given, total.malformed, total.duplicates
    row.known, row.unknown, row.updated_at = total.known, total.unknown, at
    return _list(row)


def find_list(transaction: Transaction, list_id: str) -> IdList | None:
    """The list of that id."""
    row = transaction.row(IdListRow, list_id)
    return None if row is None else _list(row)


def page_of_lists(transaction: Transaction, *, limit: int, before: str | None) -> tuple[IdList, ...]:
    """At most `limit` lists, newest first; `before` is the id that the page before ended with."""
    rows = select(IdListRow).where(IdListRow.shop == transaction.shop)
    if before is not None:
        rows = rows.where(IdListRow.list_id < before)
    return tuple(
        _list(row) for row in transaction.session.scalars(rows.order_by(IdListRow.list_id.desc()).limit(limit))
    )


def entries_of(transaction: Transaction, list_id: str) -> Sequence[str]:
    """Every id of a list, sorted; of a phone number its keyed hash."""
    rows = select(IdListEntryRow.entry).filter_by(shop=transaction.shop, list_id=list_id)
    # here, not there: a database may sort by the rules of a language
    return sorted(transaction.session.scalars(rows))


def remove_list(transaction: Transaction, list_id: str) -> bool:
    """Whether there was a list of that id; it and its ids are gone."""
    gone = delete(IdListRow).filter_by(shop=transaction.shop, list_id=list_id).returning(IdListRow.list_id)
    return transaction.session.scalars(gone).first() is not None


def _list(row: IdListRow) -> IdList:
    return IdList(
        list_id=row.list_id,
        name=row.name,
        kind=ListKind(row.kind),
        counts=ListCounts(
            given=row.given,
            malformed=row.malformed,
            duplicates=row.duplicates,
            known=row.known,
            unknown=row.unknown,
        ),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
