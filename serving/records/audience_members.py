"""Rows of audience members: stored in chunks, read back in chunks, rank by rank."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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

SCHEMA = pa.schema(
    {
        "rank": pa.int64(),
        "member_id": pa.string(),
        "probability": pa.float64(),
        "expected_revenue": pa.float64(),
        "is_held_out": pa.bool_(),
        "coupon_id": pa.string(),
        "drivers": pa.string(),
    }
)
"""Members of an audience: rank from 1 without gaps, selected and held out together, the likeliest first.

`drivers` is a JSON list of [code, value] pairs; it and `coupon_id` are null where there is nothing to say.
"""


@dataclass(frozen=True, kw_only=True)
class AudienceMember:
    """One member of a finished audience."""

    rank: int
    member_id: str
    probability: float
    expected_revenue: float | None
    is_held_out: bool
    coupon_id: str | None
    drivers: str | None
    """JSON list of [code, value] pairs."""


def replace_members(transaction: Transaction, audience_id: AudienceId, members: pa.Table) -> None:
    """Stores the members (columns of SCHEMA) in place of those a killed build may have left."""
    key = {"shop": transaction.shop, "audience_id": audience_id}
    transaction.session.execute(delete(AudienceMemberRow).filter_by(**key))
    connection = transaction.session.connection()
    # the statement is compiled once and the driver fed with plain rows: the write lock is held half as long
    statement = insert(AudienceMemberRow).compile(dialect=connection.dialect)
    for batch in members.select(SCHEMA.names).to_batches(max_chunksize=CHUNK):
        if batch.num_rows:
            connection.exec_driver_sql(str(statement), _driver_rows(statement, key, batch))


def _driver_rows(statement: Compiled, key: dict[str, str], batch: pa.RecordBatch) -> Any:
    """Rows as the driver takes them: tuples or dicts, by its style of parameters; `Any` because it has both."""
    columns = {name: batch.column(name).to_pylist() for name in batch.schema.names}
    columns |= {name: [value] * batch.num_rows for name, value in key.items()}
    if isinstance(statement, SQLCompiler) and statement.positiontup is not None:
        return list(zip(*(columns[name] for name in statement.positiontup), strict=True))
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def member_batches(
    records: Records, audience_id: AudienceId, columns: tuple[str, ...] = tuple(SCHEMA.names)
) -> Iterator[pa.RecordBatch]:
    """Chunks of an audience's members in the order of their ranks, with some columns of SCHEMA.

    Each chunk is a short read of its own, so a slow reader holds nothing back.
    """
    schema = pa.schema([SCHEMA.field(name) for name in columns])
    read = [AudienceMemberRow.rank, *(getattr(AudienceMemberRow, name) for name in columns)]
    last = 0
    while True:
        with records.reading() as transaction:
            rows = (
                select(*read)
                .where(AudienceMemberRow.shop == transaction.shop, AudienceMemberRow.audience_id == audience_id)
                .where(AudienceMemberRow.rank > last)
                .order_by(AudienceMemberRow.rank)
                .limit(CHUNK)
            )
            found = transaction.session.execute(rows).all()
        if not found:
            return
        last = found[-1][0]
        values = list(zip(*found, strict=True))[1:]
        yield pa.record_batch([pa.array(each, field.type) for each, field in zip(values, schema, strict=True)], schema)


def find_member(transaction: Transaction, audience_id: AudienceId, member_id: str) -> AudienceMember | None:
    """A member of an audience; None when the member is not in it."""
    rows = select(AudienceMemberRow).filter_by(shop=transaction.shop, audience_id=audience_id, member_id=member_id)
    row = transaction.session.scalars(rows.limit(1)).first()
    return None if row is None else _member(row)


def first_members(transaction: Transaction, audience_id: AudienceId, *, limit: int) -> tuple[AudienceMember, ...]:
    """The likeliest members of an audience, told and held out alike."""
    rows = select(AudienceMemberRow).filter_by(shop=transaction.shop, audience_id=audience_id)
    return tuple(
        _member(row) for row in transaction.session.scalars(rows.order_by(AudienceMemberRow.rank).limit(limit))
    )


def _member(row: AudienceMemberRow) -> AudienceMember:
    return AudienceMember(
        rank=row.rank,
        member_id=row.member_id,
        probability=row.probability,
        expected_revenue=row.expected_revenue,
        is_held_out=row.is_held_out,
        coupon_id=row.coupon_id,
        drivers=row.drivers,
    )
