"""Rows as CSV, JSON lines or Parquet, piece by piece: one chunk is held in memory."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Iterable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from serving.exports.request import Format

MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_pieces(
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    *,
    has_header: bool,
    bom: bool,
    trusted: Collection[str],
) -> Iterator[bytes]:
    """The rows as CSV; a text that a spreadsheet would take for a formula gets an apostrophe in front.

    `trusted` names the columns whose texts are known to be none.
    """
    head = "\N{ZERO WIDTH NO-BREAK SPACE}" if bom else ""
    head += ",".join(schema.names) + "\r\n" if has_header else ""
    if head:
        yield head.encode()
    guarded = {field.name for field in schema if pa.types.is_string(field.type)} - set(trusted)
    for batch in batches:
        text = io.StringIO()
        columns = (
            map(safe_for_spreadsheets, batch.column(name).to_pylist())
            if name in guarded
            else batch.column(name).to_pylist()
            for name in schema.names
        )
        csv.writer(text).writerows(zip(*columns, strict=True))
        yield text.getvalue().encode("utf-8", "replace")


def jsonl_pieces(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """The rows as one JSON object a line."""
    for batch in batches:
        lines = (json.dumps(row, ensure_ascii=False) for row in batch.select(schema.names).to_pylist())
        yield "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def parquet_pieces(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """The rows as Parquet, each chunk a row group."""
    sink = _Drained()
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch.select(schema.names))
            yield sink.drained()
    yield sink.drained()


def safe_for_spreadsheets(text: str | None) -> str | None:
    """The text, with an apostrophe in front when a spreadsheet would take it for a formula."""
    return f"'{text}" if text is not None and text.startswith(FORMULA_STARTS) else text


class _Drained(io.RawIOBase):
    """A file that gives away what was written to it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, part: object) -> int:
        # copied: the writer's buffer is its own again afterwards
        copied = bytes(memoryview(part))  # type: ignore[arg-type]  # whatever pyarrow hands over has a buffer
        self._parts.append(copied)
        return len(copied)

    def drained(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)
