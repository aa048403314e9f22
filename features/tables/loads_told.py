"""The batches of a shop as they are shown to people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from features.contracts.atomic import read_json
from features.contracts.clock import moment_text, parse_moment
from features.contracts.errors import NothingLoaded
from features.contracts.settings import Settings
from features.tables.active_rows import parts_of
from features.tables.batch_states import BatchState, read_batches, shown_state
from features.tables.storage import VERSION_FILE, current_tables

_FILES_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class LoadTold:
    """One batch."""

    number: str
    adapter: str
    loaded_at: datetime
    files: tuple[str, ...]
    rows: int
    rejected: int | None
    """Rows that were rejected the last time that the tables were made with it; None when they were not."""
    state: BatchState

    @property
    def files_shown(self) -> str:
        """The first files' names, and how many there are besides; of a batch of events the word."""
        if not self.files:
            return self.adapter
        further = len(self.files) - _FILES_SHOWN
        return ", ".join(self.files[:_FILES_SHOWN]) + (f" and {further} more" if further > 0 else "")

    def to_json(self) -> dict[str, object]:
        """Everything, as it is written to a file of figures."""
        return {
            "number": int(self.number),
            "adapter": self.adapter,
            "loaded_at": moment_text(self.loaded_at),
            "files": list(self.files),
            "rows": self.rows,
            "rejected": self.rejected,
            "state": self.state.value,
        }


def loads_told(settings: Settings) -> list[LoadTold]:
    """Every batch in the order in which they came; reads only."""
    batches = read_batches(settings.paths)
    counting = {part.batch.number for parts in parts_of(batches.in_use).values() for part in parts}
    rejected = _rejected(settings)
    return [
        LoadTold(
            number=batch.number,
            adapter=batch.adapter,
            loaded_at=parse_moment(batch.loaded_at),
            files=batch.files,
            rows=sum(batch.counts.values()),
            rejected=rejected.get(batch.number),
            state=shown_state(batches, batch, counting),
        )
        for batch in batches.every
    ]


def _rejected(settings: Settings) -> dict[str, int]:
    try:
        folder = current_tables(settings.paths).folder
    except NothingLoaded:
        return {}
    told: dict[str, int] = read_json(folder / VERSION_FILE).get("rejected_of_batch", {})
    return told
