"""What a delivery brings that is not there already, file by file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from features.sources.choice import Delivery
from features.tables.batch_states import Batches, BatchState
from features.tables.raw import RawBatch, Readings


@dataclass(frozen=True, kw_only=True)
class News:
    """The files of a delivery that are to be read."""

    files: Mapping[str, tuple[Path, ...]]
    """Table to files."""
    readings: Readings
    notes: tuple[str, ...]

    def names(self, delivery: Delivery) -> set[str]:
        """The files' names as they are stored."""
        return {delivery.file_name(file) for files in self.files.values() for file in files}


def file_news(delivery: Delivery, readings: Readings, batches: Batches) -> News:
    """Files that no batch in use has read like this, without those that were undone."""
    in_use, undone = _known(batches.in_use), _known(batches.of_state(BatchState.UNDONE))
    files: dict[str, tuple[Path, ...]] = {}
    notes = []
    for table, found in delivery.files.items():
        new = []
        for file in found:
            name = delivery.file_name(file)
            digest, there = readings[table][name], in_use.get((table, name))
            held_back = undone.get((table, name))
            if there is not None and there[0] == digest:
                continue
            if held_back is not None and held_back[0] == digest:
                number = int(held_back[1])
                notes.append(
                    f"{name}: was undone as batch {number} and left out; `faces loads redo {number}` brings it back"
                )
                continue
            if there is not None:
                notes.append(f"{name}: replaces the file of that name in batch {int(there[1])}")
            new.append(file)
        if new:
            files[table] = tuple(new)
    chosen = {
        table: {delivery.file_name(file): readings[table][delivery.file_name(file)] for file in new}
        for table, new in files.items()
    }
    return News(files=files, readings=chosen, notes=tuple(notes))


def _known(batches: list[RawBatch]) -> dict[tuple[str, str], tuple[str, str]]:
    """Table and file to the digest and the batch that read it last."""
    return {
        (table, file): (digest, batch.number)
        for batch in batches
        for table, files in batch.readings.items()
        if table not in batch.derived
        for file, digest in files.items()
    }
