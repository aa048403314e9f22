"""Parquet files without the rows of some people: a file is replaced in one step, those without them are left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.contracts.atomic import PARTIAL, new_file
from features.forgetting.names import CONTACTS, Names

MEMBER_COLUMNS = ("member_id", "old_member_id", "own_id", "referrer_id")
"""A row that names a forgotten member in one of them goes."""

PERSON = ("source", "source_id")
FIRST_PERSON = ("first_source", "first_source_id")
"""Whom a person was merged with; the row goes as well."""
REFERRER = ("referred_by_source", "referred_by_id")
"""Who brought the person of a row: emptied when that one is forgotten, the row is somebody else's."""

TABLES_OF_STAFF = frozenset({"associates"})
"""Tables whose rows stay with the person emptied: an associate works on, whoever they are as a customer."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What becomes of the rows of a batch."""

    gone: Mask
    """bool (rows,): rows that are removed."""
    emptied: dict[tuple[str, str], Mask]
    """By pair of columns: bool (rows,) of the rows in which the pair is emptied."""

    @property
    def touched(self) -> int:
        """Rows that do not stay as they are."""
        touched = self.gone.copy()
        for mask in self.emptied.values():
            touched |= mask
        return int(touched.sum())


Decide = Callable[[pa.RecordBatch, int], Fate]
"""The fate of a batch; the number is the position of its first row in the file."""


def parquet_files(folder: Path) -> Iterator[Path]:
    """Every finished Parquet file below a folder."""
    for file in sorted(folder.rglob("*.parquet")) if folder.is_dir() else ():
        if not any(part.startswith(PARTIAL) for part in file.relative_to(folder).parts):
            yield file


def remove_people(file: Path, names: Names) -> int:
    """How many rows of these people a Parquet file held; it holds none afterwards."""
    return rewrite(file, lambda batch, _start: fate_of(batch, names, table=file.stem))


def fate_of(batch: pa.RecordBatch, names: Names, *, table: str) -> Fate:
    """Which rows of a batch are these people's, or name them."""
    gone = np.zeros(batch.num_rows, dtype=np.bool_)
    emptied: dict[tuple[str, str], Mask] = {}
    for column in MEMBER_COLUMNS:
        gone |= _is_in(batch, column, names.member_ids)
    for named, column in CONTACTS.items():
        gone |= _is_in(batch, column, [value for kind, value in names.contacts if kind is named])
    for pair in (PERSON, FIRST_PERSON, REFERRER):
        found = _are_people(batch, pair, names)
        if pair != REFERRER and table not in TABLES_OF_STAFF:
            gone |= found
        elif found.any():
            emptied[pair] = found
    return Fate(gone=gone, emptied=emptied)


def rewrite(file: Path, decide: Decide) -> int:
    """How many rows were removed from the file or emptied of somebody; without any it is not written."""
    with pq.ParquetFile(file) as found:
        keys = [name for name in _key_columns() if name in found.schema_arrow.names]
        touched = sum(decide(batch, start).touched for batch, start in _row_groups(found, keys)) if keys else 0
        if touched:
            with new_file(file) as partial, pq.ParquetWriter(partial, found.schema_arrow, compression="zstd") as writer:
                for batch, start in _row_groups(found, None):
                    fate = decide(batch, start)
                    # a row group for each of before: readers skip groups by what is in them
                    writer.write_batch(_emptied(batch, fate).filter(pa.array(~fate.gone)))
    return touched


def _row_groups(found: pq.ParquetFile, columns: list[str] | None) -> Iterator[tuple[pa.RecordBatch, int]]:
    """Each row group as one batch, with the position of its first row."""
    start = 0
    for group in range(found.num_row_groups):
        table = found.read_row_group(group, columns=columns)
        if table.num_rows:
            yield table.combine_chunks().to_batches()[0], start
        start += table.num_rows


def _emptied(batch: pa.RecordBatch, fate: Fate) -> pa.RecordBatch:
    for pair, mask in fate.emptied.items():
        for name in pair:
            place = batch.schema.get_field_index(name)
            field = batch.schema.field(place)
            values = pc.if_else(pa.array(mask), pa.scalar(None, field.type), batch.column(place))
            batch = batch.set_column(place, field, values)
    return batch


def _key_columns() -> tuple[str, ...]:
    return (*MEMBER_COLUMNS, *CONTACTS.values(), *PERSON, *FIRST_PERSON, *REFERRER)


def _is_in(batch: pa.RecordBatch, column: str, values: frozenset[str] | list[str]) -> Mask:
    if not values or column not in batch.schema.names:
        return np.zeros(batch.num_rows, dtype=np.bool_)
    texts = batch.column(column).cast(pa.string())
    return np.asarray(pc.is_in(texts, value_set=pa.array(sorted(values), pa.string())).to_numpy(zero_copy_only=False))


def _are_people(batch: pa.RecordBatch, pair: tuple[str, str], names: Names) -> Mask:
    if not names.people or not set(pair) <= set(batch.schema.names):
        return np.zeros(batch.num_rows, dtype=np.bool_)
    # most batches hold none of the ids, and then nothing is put together
    likely = _is_in(batch, pair[1], [source_id for _, source_id in names.people])
    for row in np.flatnonzero(likely):
        likely[row] = (batch.column(pair[0])[row].as_py(), batch.column(pair[1])[row].as_py()) in names.people
    return likely
