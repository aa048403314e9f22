"""Sends events to a running service at a chosen speed, and again where that is needed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from features.contracts.clock import moment_text
from features.contracts.errors import Refused
from serving.replay.day import Told

MOST_AT_ONCE = 500
TICK_SECONDS = 0.2
"""Events that are due within this time travel together."""

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0

Report = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What the service did with the events."""

    accepted: int
    duplicates: int
    rejected: int
    first_reason: str | None
    """Why the first of the rejected was."""
    retries: int


@dataclass(kw_only=True)
class Sender:
    """Sends to one service; times are handed in so that a test needs no patience."""

    client: httpx.Client
    patience_seconds: float
    """How long one batch is tried before the replay ends."""
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    retries: int = 0

    def replay(
        self,
        events: Sequence[tuple[datetime, Told]],
        *,
        speed: float,
        as_now: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        report: Report = lambda _done, _all: None,
    ) -> Replayed:
        """Sends the events at `speed` times the pace at which they happened (0: as fast as they are taken).

        They tell their own moments, or with `as_now` those at which they are sent. Raises Refused when the service
        refuses a batch or cannot be reached for long.
        """
        began = self.clock()
        accepted = duplicates = done = 0
        rejected: list[str] = []
        while done < len(events):
            batch = _due(events, done, elapsed=self.clock() - began, speed=speed)
            if not batch:
                self.sleep(TICK_SECONDS)
                continue
            told = [{**each, "occurred_at": moment_text(now())} if as_now else each for each in batch]
            answer = self._send(told)
            accepted += answer["accepted"]
            duplicates += answer["duplicates"]
            rejected += [str(each.get("reason")) for each in answer["rejected"]]
            done += len(batch)
            report(done, len(events))
        return Replayed(
            accepted=accepted,
            duplicates=duplicates,
            rejected=len(rejected),
            first_reason=rejected[0] if rejected else None,
            retries=self.retries,
        )

    def _send(self, batch: list[Told]) -> dict[str, Any]:
        """The service's answer; `Any` because JSON is. The ids make it safe to send a batch again."""
        until = self.clock() + self.patience_seconds
        pause = FIRST_PAUSE_SECONDS
        while True:
            answer, why, asked_pause = self._try(batch)
            if answer is not None:
                return answer
            if self.clock() + pause > until:
                raise Refused(f"replay: the service took no events for {self.patience_seconds:.0f} seconds: {why}")
            self.retries += 1
            self.sleep(max(pause, asked_pause))
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _try(self, batch: list[Told]) -> tuple[dict[str, Any] | None, str, float]:
        """The answer, or why there is none and for how long the service asks to wait."""
        try:
            answer = self.client.post("/v1/events", json={"events": batch})
        except httpx.TransportError as error:
            return None, f"{type(error).__name__} at {self.client.base_url}", 0.0
        if answer.status_code == 200:
            return answer.json(), "", 0.0
        why = f"{answer.status_code} {answer.text[:200]}"
        if answer.status_code < 500 and answer.status_code != 429:
            raise Refused(f"replay: the service refused a batch: {why}")
        asked = answer.headers.get("retry-after", "")
        return None, why, float(asked) if asked.isdigit() else 0.0


def _due(events: Sequence[tuple[datetime, Told]], done: int, *, elapsed: float, speed: float) -> list[Told]:
    """The events whose time has come, at most MOST_AT_ONCE; the day begins with its first event."""
    some = events[done : done + MOST_AT_ONCE]
    if speed == 0:
        return [told for _, told in some]
    reached = events[0][0] + timedelta(seconds=elapsed * speed)
    return [told for at, told in some if at <= reached]
