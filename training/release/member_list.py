"""The members that a release has online rows of, listed in its folder: a batch walks through them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.contracts.ids import MemberId
from features.store.packed_member import PackedMember

LIST_FILE = "members.parquet"
_SCHEMA = pa.schema([pa.field("member_id", pa.string(), nullable=False)])


def listed(members: Iterable[Sequence[PackedMember]], folder: Path) -> Iterator[Sequence[PackedMember]]:
    """The same chunks, while each one's ids are written into the release folder; the list is whole after the last."""
    with pq.ParquetWriter(folder / LIST_FILE, _SCHEMA) as writer:
        for chunk in members:
            writer.write_table(pa.table({"member_id": [member.member_id for member in chunk]}, schema=_SCHEMA))
            yield chunk


def member_ids(folder: Path, *, at_once: int) -> Iterator[list[MemberId]]:
    """The members of a release in the order they were packed, at most `at_once` together; memory is bounded by it."""
    with pq.ParquetFile(folder / LIST_FILE) as file:
        for batch in file.iter_batches(batch_size=at_once):
            yield batch.column("member_id").to_pylist()


def count_members(folder: Path) -> int:
    """How many members a release has online rows of."""
    return int(pq.read_metadata(folder / LIST_FILE).num_rows)
