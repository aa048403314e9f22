"""Which raw batches count: a small file beside them, replaced in one step."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from features.contracts.atomic import read_json, write_json
from features.contracts.errors import Refused
from features.contracts.paths import ShopPaths
from features.tables.raw import EVENTS_ADAPTER, RawBatch, all_batches

STATES_FILE = "states.json"


class BatchState(StrEnum):
    """What has become of a batch."""

    IN_USE = "in use"
    REPLACED = "replaced"
    """In use, and later batches hold all of its files anew."""
    UNDONE = "undone"
    REFUSED = "refused"
    """Too much of it was rejected; it never counted."""
    WAITING = "waiting"
    """Its load did not come to its end."""


@dataclass(frozen=True, kw_only=True)
class Batches:
    """Every batch of a shop with its state."""

    every: tuple[RawBatch, ...]
    states: Mapping[str, BatchState]

    def state(self, number: str) -> BatchState:
        return self.states.get(number, BatchState.WAITING)

    def of_state(self, *states: BatchState) -> list[RawBatch]:
        return [batch for batch in self.every if self.state(batch.number) in states]

    @property
    def in_use(self) -> list[RawBatch]:
        return self.of_state(BatchState.IN_USE)

    @property
    def waiting_events(self) -> list[RawBatch]:
        """Events that the next load takes up."""
        return [batch for batch in self.of_state(BatchState.WAITING) if batch.adapter == EVENTS_ADAPTER]

    def numbered(self, number: str) -> RawBatch:
        """The batch of that number, written with or without its zeros. Raises Refused when there is none."""
        for batch in self.every:
            if batch.number.lstrip("0") == number.strip().lstrip("0"):
                return batch
        raise Refused(f"loads: there is no batch {number}; `faces loads list` shows them")

    def changed(self, *batches: RawBatch, to: BatchState) -> Batches:
        """The same batches with other states for some of them."""
        every = {batch.number: batch for batch in (*self.every, *batches)}
        states = {**self.states, **{batch.number: to for batch in batches}}
        return Batches(every=tuple(every[number] for number in sorted(every)), states=states)


def read_batches(paths: ShopPaths) -> Batches:
    """Every batch with its state. Raises Refused when one is damaged."""
    every = tuple(all_batches(paths))
    told = read_json(paths.raw / STATES_FILE)
    if told is None:
        # a home of before there were states: its newest batch is the data set
        whole = [batch for batch in every if batch.is_of_before]
        return Batches(every=every, states={batch.number: BatchState.IN_USE for batch in whole})
    return Batches(every=every, states={number: BatchState(state) for number, state in told.items()})


def write_states(paths: ShopPaths, batches: Batches) -> None:
    """Keeps the states."""
    write_json(paths.raw / STATES_FILE, {number: state.value for number, state in batches.states.items()})


def shown_state(batches: Batches, batch: RawBatch, counting: Collection[str]) -> BatchState:
    """The state as it is listed; `counting` are the batches that some row is read from."""
    state = batches.state(batch.number)
    return BatchState.REPLACED if state is BatchState.IN_USE and batch.number not in counting else state
