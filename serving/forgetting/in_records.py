"""Removes people from the operational records; what only counts them stays."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import delete, func, select, text, tuple_, update

from features.contracts.errors import Busy
from features.contracts.forgotten import Named
from features.forgetting.names import Names
from features.store.online import identity_key
from serving.records.opening import Records, Transaction
from serving.records.tables import (
    AudienceMemberRow,
    AudienceReportRow,
    AudienceRow,
    EventRow,
    ExportedMemberRow,
    IdempotencyRow,
    IdListEntryRow,
    RecommendationRow,
)

AT_ONCE = 500
"""Names of one statement: every database takes as many parameters."""

FORGOTTEN = "forgotten"
"""Of an audience's summary and manifest: how many of its members asked to be forgotten since it was built."""


def forget_in_records(records: Records, names: Names) -> Counter[str]:
    """Rows removed, by table, or emptied of the people (`recommendation_log`, `audiences`)."""
    counts = Counter[str]()
    with records.writing() as transaction:
        counts["audience_members"] = _forget_in_audiences(transaction, names)
        counts["exported_members"] = _delete(transaction, ExportedMemberRow, "member_id", names.member_ids)
        counts["id_list_entries"] = _delete(transaction, IdListEntryRow, "entry", _entries(names))
        counts["recommendation_log"] = _empty_recommendations(transaction, names)
        counts["idempotency_keys"] = _forget_answers(transaction, names)
        counts["events"] = _forget_events(transaction, names)
    return counts


def member_keys(names: Names) -> list[str]:
    """Keys under which events and what a person just did are kept."""
    own = {identity_key(source=source, source_id=source_id) for source, source_id in names.people}
    return sorted(own | names.member_ids)


def clean_pages(records: Records) -> None:
    """Leaves nothing of removed rows in the files of the database.

    PostgreSQL keeps removed rows until it is vacuumed, and copies of its log as long as its own settings say.
    """
    if records.engine.dialect.name != "sqlite":
        with records.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM"))
        return
    # the driver's own connection: every other one begins a transaction, and pages are not cleaned within one
    with contextlib.closing(records.engine.raw_connection()) as raw:
        try:
            raw.cursor().execute("VACUUM")
            left = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError as error:
            raise Busy(f"forget: the records are in use ({error}); run `faces forget` again") from error
    if left is not None and left[0]:
        raise Busy("forget: somebody reads the records for long; run `faces forget` again")


def _forget_in_audiences(transaction: Transaction, names: Names) -> int:
    row, gone = AudienceMemberRow, Counter[str]()
    for some in _parts(names.member_ids):
        found = select(row.audience_id, func.count()).where(row.shop == transaction.shop, row.member_id.in_(some))
        for audience_id, number in transaction.session.execute(found.group_by(row.audience_id)):
            gone[audience_id] += number
    _delete(transaction, row, "member_id", names.member_ids)
    for audience_id, number in gone.items():
        report = transaction.row(AudienceReportRow, audience_id)
        if report is not None:
            manifest = dict(report.report.get("manifest", {}))
            manifest[FORGOTTEN] = manifest.get(FORGOTTEN, 0) + number
            report.report = {**report.report, "manifest": manifest}
    for audience in transaction.session.scalars(_with_summary(transaction)):
        summary = _without_members(audience.summary or {}, names, gone[audience.audience_id])
        if summary != audience.summary:
            audience.summary = summary
    return gone.total()


def _with_summary(transaction: Transaction) -> Any:
    # `Any` because the types of statements are longer than what they say
    return select(AudienceRow).where(AudienceRow.shop == transaction.shop, AudienceRow.summary.is_not(None))


def _without_members(summary: dict[str, Any], names: Names, gone: int) -> dict[str, Any]:
    """A summary without the members among its first ones; `Any` because JSON is."""
    changed = dict(summary)
    if "top_members" in summary:
        changed["top_members"] = [each for each in summary["top_members"] if each["member_id"] not in names.member_ids]
    if gone:
        changed[FORGOTTEN] = summary.get(FORGOTTEN, 0) + gone
    return changed


def _empty_recommendations(transaction: Transaction, names: Names) -> int:
    """Rows stay, as processes are settled by counting them; who was shown what is gone from them."""
    row, emptied = RecommendationRow, 0
    for some in _parts(names.member_ids):
        wanted = update(row).where(row.shop == transaction.shop, row.member_id.in_(some))
        emptied += transaction.session.execute(wanted.values(member_id=None, items=[])).rowcount  # type: ignore[attr-defined]  # of an update
    return emptied


def _forget_answers(transaction: Transaction, names: Names) -> int:
    """Kept answers that name one of the people: the same key asks anew."""
    spelled = [json.dumps(name, ensure_ascii=ascii) for name in names.member_ids for ascii in (True, False)]
    rows = select(IdempotencyRow).where(IdempotencyRow.shop == transaction.shop)
    gone = [row for row in transaction.session.scalars(rows) if any(name in row.response for name in spelled)]
    for row in gone:
        transaction.session.delete(row)
    return len(gone)


def _forget_events(transaction: Transaction, names: Names) -> int:
    removed = _delete(transaction, EventRow, "member_key", frozenset(member_keys(names)))
    for some in _parts(names.people):
        is_theirs = tuple_(EventRow.source, EventRow.source_id).in_(some)
        gone = delete(EventRow).where(EventRow.shop == transaction.shop, is_theirs)
        removed += transaction.session.execute(gone).rowcount  # type: ignore[attr-defined]  # of a delete
    return removed


def _entries(names: Names) -> frozenset[str]:
    """What lists of members hold: ids, and stored hashes of phone numbers."""
    return names.member_ids | {value for named, value in names.contacts if named is Named.PHONE}


def _delete(transaction: Transaction, row: Any, column: str, values: Collection[str]) -> int:
    """How many rows went; `row` is the class of a table, `Any` because they have no type in common with the column."""
    removed = 0
    for some in _parts(values):
        gone = delete(row).where(row.shop == transaction.shop, getattr(row, column).in_(some))
        removed += transaction.session.execute(gone).rowcount  # type: ignore[attr-defined]  # of a delete
    return removed


def _parts(values: Collection[Any]) -> Iterator[tuple[Any, ...]]:
    # `Any`: texts or pairs of them
    ordered = sorted(values)
    for start in range(0, len(ordered), AT_ONCE):
        yield tuple(ordered[start : start + AT_ONCE])
