"""Removes members from online rows as Feast writes them: in a file of SQLite, and in Redis."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from feast.infra.key_encoding_utils import deserialize_entity_key
from feast.protos.feast.types.Value_pb2 import Value
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # protobuf ships no types
from pydantic import TypeAdapter

from features.contracts.atomic import new_file
from features.contracts.errors import StoreUnavailable
from features.forgetting.names import Names
from features.store.packed_profile import MemberProfile, pack_profile, unpack_profile

if TYPE_CHECKING:
    from redis import Redis

_KEY_VERSION = 3
_ROWS_AT_ONCE = 2_000
_PROFILE = TypeAdapter(MemberProfile)


def remove_from_sqlite(file: Path, names: Names) -> int:
    """How many rows of a file of Feast's SQLite store were these members' or named them; none is afterwards.

    It is written anew without the rows, so that no page of it holds anything of them, and takes the file's place.
    """
    with contextlib.closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as old:
        tables = [row[0] for row in old.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        gone = {table: _rows_to_remove(old, table, names) for table in tables}
        changed = {table: _rows_to_change(old, table, names) for table in tables}
        if any(gone.values()) or any(changed.values()):
            with new_file(file) as partial:
                _copy_without(old, partial, gone, changed)
    return sum(map(len, gone.values())) + sum(map(len, changed.values()))


def remove_from_redis(client: Redis, project: str, names: Names) -> int:
    """The same for the keys of one of Feast's projects in Redis."""
    found, removed = client.scan_iter(match=f"*{project}", count=_ROWS_AT_ONCE), 0
    while keys := list(islice(found, _ROWS_AT_ONCE)):
        # a key that tells whether the rows are whole is of nobody
        removed += _remove_keys(client, [key for key in keys if not key.startswith(b"whole_")], project, names)
    return removed


def _remove_keys(client: Redis, keys: list[bytes], project: str, names: Names) -> int:
    named = {key: _named_by_key(key.removesuffix(project.encode())) for key in keys}
    gone = {key for key in keys if named[key].get("member_id") in names.member_ids}
    leading = [key for key in keys if "identity_key" in named[key]]
    values = _values(client, leading)
    gone |= {key for key in leading if not _leading_to(names).isdisjoint(values[key].values())}
    if gone:
        client.unlink(*gone)
    changed = 0
    for key, fields in _values(client, [key for key in keys if named[key].get("member_id") in names.brought]).items():
        for field, value in fields.items():
            if (without := _without_referrer(value, names)) is not None:
                client.hset(key, mapping={field: without})  # type: ignore[arg-type]  # a key may be bytes
                changed += 1
    return len(gone) + changed


def _values(client: Redis, keys: list[bytes]) -> dict[bytes, dict[bytes, bytes]]:
    with client.pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.hgetall(key)  # type: ignore[arg-type]  # a key may be bytes
        return dict(zip(keys, pipe.execute(), strict=True))


def _rows_to_remove(con: sqlite3.Connection, table: str, names: Names) -> list[bytes]:
    """Entity keys of the members' rows, and of the channels' ids and hashes that lead to them."""
    keys = (row[0] for row in con.execute(f'SELECT entity_key FROM "{table}"'))
    gone = {key for key in keys if _named_by_key(key).get("member_id") in names.member_ids}
    for value in _leading_to(names):
        gone.update(row[0] for row in con.execute(f'SELECT entity_key FROM "{table}" WHERE value = ?', (value,)))
    return sorted(gone)


def _rows_to_change(con: sqlite3.Connection, table: str, names: Names) -> dict[bytes, bytes]:
    """Entity key to the new value of profiles that say who brought the member."""
    changed: dict[bytes, bytes] = {}
    if not names.brought or not table.endswith("_profile"):
        return changed
    for key, value in con.execute(f'SELECT entity_key, value FROM "{table}"'):
        if _named_by_key(key).get("member_id") in names.brought:
            without = _without_referrer(value, names)
            if without is not None:
                changed[key] = without
    return changed


def _copy_without(
    old: sqlite3.Connection, target: Path, gone: dict[str, list[bytes]], changed: dict[str, dict[bytes, bytes]]
) -> None:
    indexes = "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    with contextlib.closing(sqlite3.connect(target)) as new, new:
        new.execute("PRAGMA journal_mode = OFF")
        for table, made_by in old.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall():
            new.execute(made_by)
            columns = [row[1] for row in old.execute(f'PRAGMA table_info("{table}")')]
            places = ", ".join("?" * len(columns))
            new.executemany(
                f'INSERT INTO "{table}" VALUES ({places})',
                _rows_left(old, table, columns, gone=frozenset(gone[table]), changed=changed[table]),
            )
        for (made_by,) in old.execute(indexes).fetchall():
            new.execute(made_by)


def _rows_left(
    con: sqlite3.Connection, table: str, columns: list[str], *, gone: frozenset[bytes], changed: dict[bytes, bytes]
) -> Iterator[tuple[object, ...]]:
    key, value = columns.index("entity_key"), columns.index("value")
    for row in con.execute(f'SELECT * FROM "{table}"'):
        if row[key] not in gone:
            yield (*row[:value], changed.get(row[key], row[value]), *row[value + 1 :])


def _named_by_key(key: bytes) -> dict[str, str]:
    """Join key to value, of an entity's key as Feast writes it."""
    entity = deserialize_entity_key(key, entity_key_serialization_version=_KEY_VERSION)
    return {name: value.string_val for name, value in zip(entity.join_keys, entity.entity_values, strict=True)}


def _leading_to(names: Names) -> set[bytes]:
    """The members' ids as Feast writes a value."""
    return {bytes(Value(string_val=member_id).SerializeToString()) for member_id in names.member_ids}


def _without_referrer(value: bytes, names: Names) -> bytes | None:
    """A profile's value without who brought the member; None when it names none of the people."""
    found = Value()
    try:
        found.ParseFromString(value)
        profile = unpack_profile(found.bytes_val)
    except (DecodeError, StoreUnavailable):
        # another field of the same key
        return None
    if profile.joined.brought_by not in names.member_ids:
        return None
    without = replace(profile, joined=replace(profile.joined, brought_by=None))
    packed = pack_profile(_PROFILE.dump_json(without, exclude_none=True).decode())
    return bytes(Value(bytes_val=packed).SerializeToString())
