"""Finds texts in every byte of a folder, also where they stand packed: in Parquet, arrays, databases and profiles."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from feast.protos.feast.types.Value_pb2 import Value
from google.protobuf.message import DecodeError

from features.contracts.errors import StoreUnavailable
from features.store.packed_profile import unpack_profile


def places_of(texts: Iterable[str], folder: Path) -> dict[str, set[str]]:
    """Text to the files that hold it, by their paths below the folder; a text that stands nowhere is left out."""
    wanted = {text: text.encode() for text in texts}
    found: dict[str, set[str]] = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        held = b"\0".join(contents_of(file))
        for text, encoded in wanted.items():
            if encoded in held:
                found.setdefault(text, set()).add(str(file.relative_to(folder)))
    return found


def contents_of(file: Path) -> Iterator[bytes]:
    """The file's bytes, and what is packed in them."""
    yield file.read_bytes()
    if file.suffix == ".parquet":
        for column in pq.read_table(file).columns:
            yield "\0".join(_texts_of(column)).encode()
    elif file.suffix in (".npz", ".npy"):
        loaded = np.load(file, allow_pickle=False)
        arrays = loaded.values() if file.suffix == ".npz" else [loaded]
        yield "\0".join(str(value) for array in arrays if array.dtype.kind == "U" for value in array.ravel()).encode()
    elif file.suffix == ".db" and file.read_bytes()[:6] == b"SQLite":
        yield from _packed_in_database(file)


def _texts_of(column: pa.ChunkedArray) -> Iterator[str]:
    """Every distinct text of a column; numbers and moments can hold none of those that are searched for."""
    while pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        column = pc.list_flatten(column)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        yield from (text for text in pc.unique(column).to_pylist() if text is not None)
    elif pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        yield from map(str, column.to_pylist())


def _packed_in_database(file: Path) -> Iterator[bytes]:
    with sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True) as con:
        for (table,) in con.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in con.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    if isinstance(value, bytes):
                        yield _profile_in(value)


def _profile_in(value: bytes) -> bytes:
    read = Value()
    try:
        read.ParseFromString(value)
        return str(unpack_profile(read.bytes_val)).encode()
    except (DecodeError, StoreUnavailable):
        return b""
