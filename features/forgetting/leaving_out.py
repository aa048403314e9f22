"""Keeping forgotten people out of a batch that is being read; of that it remembers counts and marks alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from features.contracts.atomic import read_json
from features.contracts.errors import NothingLoaded
from features.contracts.forgotten import Forgotten, Named
from features.contracts.paths import ShopPaths
from features.forgetting.recognise import Recognised, keep_others, recognise, remove_recognised
from features.tables.storage import current_tables

FORGOTTEN = "forgotten"
"""Of what a batch tells of itself: who was left out when it was read."""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """What of a batch was left out because somebody asked to be forgotten; nobody is named."""

    rows: dict[str, int] = field(default_factory=dict)
    """By table."""
    known_by: dict[str, str] = field(default_factory=dict)
    """Mark of a person who was known by a contact alone, to the mark of that contact."""
    again: tuple[str, ...] = ()
    """Marks of forgotten people who joined anew."""

    @property
    def note(self) -> str | None:
        """The same in words, None when nobody was left out."""
        if not self.rows:
            return None
        rows = ", ".join(f"{table} {count:,}" for table, count in sorted(self.rows.items()))
        return f"rows of people who asked to be forgotten were left out: {rows}"

    def to_json(self) -> dict[str, Any]:
        """What the batch remembers; `Any` because JSON is."""
        return asdict(self)


def leave_out(con: duckdb.DuckDBPyConnection, folder: Path, forgotten: Forgotten, paths: ShopPaths) -> LeftOut:
    """Removes the rows of forgotten people from the tables of a folder that is no batch yet."""
    found = Recognised()
    recognise(con, folder, forgotten, found)
    if not found or forgotten.marker is None:
        return LeftOut()
    keep_known_others(con, found, paths)
    mark = forgotten.marker.mark
    again = [mark(Named.PERSON, *person) for person in sorted(found.joined_anew)]
    return LeftOut(
        rows=remove_recognised(con, folder, found),
        known_by={
            mark(Named.PERSON, *person): contact
            for person, contact in sorted(found.by_contact.items())
            if person not in found.joined_anew
        },
        again=tuple(each for each in again if each in forgotten.since),
    )


def keep_known_others(con: duckdb.DuckDBPyConnection, found: Recognised, paths: ShopPaths) -> None:
    """Takes out whom the tables in use know as somebody else."""
    try:
        tables = current_tables(paths)
    except NothingLoaded:
        return
    keep_others(con, found, member_ids=tables.file("member_ids"))


def left_out_of_batches(paths: ShopPaths) -> Iterator[LeftOut]:
    """What every batch remembers."""
    for file in sorted(paths.raw.glob("*/batch.json")):
        told = (read_json(file) or {}).get(FORGOTTEN)
        if told is not None:
            yield LeftOut(rows=told["rows"], known_by=told["known_by"], again=tuple(told["again"]))
