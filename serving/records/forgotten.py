"""Rows of people who asked to be forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select

from features.contracts.errors import Refused
from features.contracts.forgotten import Forgotten, Marker, Named
from features.forgetting.names import Names
from serving.records.forgotten_tables import ForgettingRow, ForgottenMarkRow
from serving.records.opening import Transaction

CHUNK = 5_000
"""Marks of one statement."""


@dataclass(frozen=True, kw_only=True)
class Forgetting:
    """One time that somebody asked to be forgotten."""

    forgetting_id: str
    asked_at: datetime
    done_at: datetime | None
    names: Names
    """Whom to remove; nobody any more once it is done."""
    counts: Mapping[str, int]
    """How much was removed, by place."""


def add_forgetting(
    transaction: Transaction, forgetting_id: str, names: Names, *, marker: Marker, at: datetime
) -> Forgetting:
    """Stores that these people asked to be forgotten; a mark that is there already counts from now."""
    row = ForgettingRow(
        shop=transaction.shop, forgetting_id=forgetting_id, asked_at=at, changed_at=at, pending=names.to_json()
    )
    transaction.session.add(row)
    transaction.session.flush()
    _put_marks(transaction, row, {mark: named for named, mark in names.marks(marker)}, key_id=marker.key_id)
    return _forgetting(row)


def mark_also(transaction: Transaction, forgetting_id: str, marks: Mapping[str, Named], *, key_id: str) -> None:
    """Adds marks that were found later to a forgetting."""
    row = transaction.row(ForgettingRow, forgetting_id)
    if row is not None:
        _put_marks(transaction, row, marks, key_id=key_id)


def heed_known_by(transaction: Transaction, known_by: Mapping[str, str]) -> None:
    """Marks people who were known by a contact alone, by mark of the person and of the contact."""
    for person, contact in known_by.items():
        owner = transaction.row(ForgottenMarkRow, contact)
        if owner is not None and transaction.row(ForgottenMarkRow, person) is None:
            mark_also(transaction, owner.forgetting_id, {person: Named.PERSON}, key_id=owner.key_id)


def find_forgetting(transaction: Transaction, forgetting_id: str) -> Forgetting | None:
    """The forgetting of that id."""
    row = transaction.row(ForgettingRow, forgetting_id)
    return None if row is None else _forgetting(row)


def forgetting_of_mark(transaction: Transaction, mark: str) -> Forgetting | None:
    """When the owner of a mark asked to be forgotten last, and has not joined anew."""
    found = transaction.row(ForgottenMarkRow, mark)
    row = None if found is None else transaction.row(ForgettingRow, found.forgetting_id)
    return None if row is None or row.returned_at is not None else _forgetting(row)


def pending_forgettings(transaction: Transaction) -> tuple[Forgetting, ...]:
    """Those whose people are still to be removed, oldest first."""
    rows = select(ForgettingRow).where(ForgettingRow.shop == transaction.shop, ForgettingRow.done_at.is_(None))
    return tuple(_forgetting(row) for row in transaction.session.scalars(rows.order_by(ForgettingRow.forgetting_id)))


def extend_forgetting(transaction: Transaction, forgetting_id: str, names: Names) -> None:
    """Further names of the same people, found on the way."""
    row = transaction.row(ForgettingRow, forgetting_id)
    if row is not None and row.pending is not None:
        row.pending = (Names.from_json(row.pending) | names).to_json()


def empty_forgetting(transaction: Transaction, forgetting_id: str, *, counts: Mapping[str, int]) -> None:
    """The names go: everything that they were for was removed, so many rows by place."""
    row = transaction.row(ForgettingRow, forgetting_id)
    if row is not None:
        row.pending = Names().to_json()
        row.counts = dict(Counter(row.counts or {}) + Counter(counts))


def mark_forgotten(transaction: Transaction, forgetting_id: str, *, at: datetime) -> None:
    """Everything is done: keyed marks and counts are what stays."""
    row = transaction.row(ForgettingRow, forgetting_id)
    if row is not None:
        row.done_at = row.changed_at = at
        row.pending = None


def mark_returned(transaction: Transaction, marks: Iterable[str], *, at: datetime) -> int:
    """How many forgotten people joined anew: the owners of these marks are members again, without their past."""
    wanted = sorted(set(marks))
    found: set[str] = set()
    for start in range(0, len(wanted), CHUNK):
        rows = select(ForgottenMarkRow.forgetting_id).where(ForgottenMarkRow.shop == transaction.shop)
        found.update(transaction.session.scalars(rows.where(ForgottenMarkRow.mark.in_(wanted[start : start + CHUNK]))))
    returned = 0
    for forgetting_id in sorted(found):
        row = transaction.row(ForgettingRow, forgetting_id)
        if row is not None and row.done_at is not None and row.returned_at is None:
            row.returned_at = row.changed_at = at
            returned += 1
    return returned


def newest_change(transaction: Transaction) -> tuple[datetime | None, int]:
    """What differs when anything was added or changed; cheap enough to ask twice a second."""
    changed = select(func.max(ForgettingRow.changed_at), func.count()).where(ForgettingRow.shop == transaction.shop)
    at, number = transaction.session.execute(changed).one()
    return at, number


def read_forgotten(transaction: Transaction, marker: Marker) -> Forgotten:
    """Everybody who asked to be forgotten. Raises Refused when the marks were made with another key."""
    mark, row = ForgottenMarkRow, ForgettingRow
    rows = transaction.session.execute(
        select(mark.mark, mark.asked_at, mark.key_id, row.returned_at)
        .join(row, (row.shop == mark.shop) & (row.forgetting_id == mark.forgetting_id))
        .where(mark.shop == transaction.shop)
    ).all()
    if any(each.key_id != marker.key_id for each in rows):
        raise Refused(
            "forgotten people: they were marked with another contact key than the one in use, so they would not be "
            "known again; set FACES_SECRETS__CONTACT_KEY (or secrets/contact.key) back to the key of before"
        )
    return Forgotten(
        marker=marker,
        since={each.mark: each.asked_at for each in rows},
        returned=frozenset(each.mark for each in rows if each.returned_at is not None),
    )


def _put_marks(transaction: Transaction, row: ForgettingRow, marks: Mapping[str, Named], *, key_id: str) -> None:
    _remove_marks(transaction, marks)
    key = {"shop": transaction.shop, "forgetting_id": row.forgetting_id, "asked_at": row.asked_at, "key_id": key_id}
    values = [{**key, "mark": mark, "named": named.value} for mark, named in marks.items()]
    if values:
        transaction.session.execute(insert(ForgottenMarkRow), values)


def _remove_marks(transaction: Transaction, marks: Iterable[str]) -> None:
    wanted = sorted(marks)
    for start in range(0, len(wanted), CHUNK):
        gone = delete(ForgottenMarkRow).where(ForgottenMarkRow.shop == transaction.shop)
        transaction.session.execute(gone.where(ForgottenMarkRow.mark.in_(wanted[start : start + CHUNK])))


def _forgetting(row: ForgettingRow) -> Forgetting:
    return Forgetting(
        forgetting_id=row.forgetting_id,
        asked_at=row.asked_at,
        done_at=row.done_at,
        names=Names() if row.pending is None else Names.from_json(row.pending),
        counts=row.counts or {},
    )
