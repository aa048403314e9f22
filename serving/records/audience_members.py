"""Rows of audience members: stored in chunks, read back in chunks, rank by rank."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import delete, insert, select
from sqlalchemy.engine.interfaces import Compiled
from sqlalchemy.sql.compiler import SQLCompiler

from features.contracts.ids import AudienceId
from serving.records.opening import Records, Transaction
from serving.records.tables import AudienceMemberRow

CHUNK = 20_000
"""Rows held in memory at once, on the way in and out."""

MemberLine = tuple[int, str, float]
"""Rank from 1, member id, probability."""


def replace_members(transaction: Transaction, audience_id: AudienceId, members: pa.Table) -> None:
    """Stores the members (rank, member_id, probability) in place of those a killed build may have left."""
    key = {"shop": transaction.shop, "audience_id": audience_id}
    transaction.session.execute(delete(AudienceMemberRow).filter_by(**key))
    connection = transaction.session.connection()
    # the statement is compiled once and the driver fed with plain rows: the write lock is held half as long
    statement = insert(AudienceMemberRow).compile(dialect=connection.dialect)
    for batch in members.select(["rank", "member_id", "probability"]).to_batches(max_chunksize=CHUNK):
        if batch.num_rows:
            connection.exec_driver_sql(str(statement), _driver_rows(statement, key, batch))


def _driver_rows(statement: Compiled, key: dict[str, str], batch: pa.RecordBatch) -> Any:
    """Rows as the driver takes them: tuples or dicts, by its style of parameters; `Any` because it has both."""
    columns = {name: batch.column(name).to_pylist() for name in batch.schema.names}
    columns |= {name: [value] * batch.num_rows for name, value in key.items()}
    if isinstance(statement, SQLCompiler) and statement.positiontup is not None:
        return list(zip(*(columns[name] for name in statement.positiontup), strict=True))
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def member_lines(records: Records, audience_id: AudienceId) -> Iterator[Sequence[MemberLine]]:
    """Chunks of an audience's members in the order of their ranks.

    Each chunk is a short read of its own, so a slow reader holds nothing back.
    """
    last = 0
    while True:
        with records.reading() as transaction:
            rows = (
                select(AudienceMemberRow.rank, AudienceMemberRow.member_id, AudienceMemberRow.probability)
                .where(AudienceMemberRow.shop == transaction.shop, AudienceMemberRow.audience_id == audience_id)
                .where(AudienceMemberRow.rank > last)
                .order_by(AudienceMemberRow.rank)
                .limit(CHUNK)
            )
            lines = transaction.session.execute(rows).all()
        if not lines:
            return
        yield lines
        last = lines[-1][0]
