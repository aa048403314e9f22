"""Load on `POST /v1/events` of the real service, and how soon a recommendation knows of an event under that load.

`python -m benchmarks.events`, from the repository's root, on the active release of FACES_HOME.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import random
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow.dataset as ds
from sqlalchemy import func, select

from benchmarks.processes import cpu_seconds, free_port, machine, running
from benchmarks.serving.http_load import Target, as_fast_as_possible, at_rate
from features.contracts.atomic import write_json
from features.contracts.settings import Settings, load_settings
from features.tables.storage import current_tables
from serving.auth import Scope, create_key
from serving.cli.screen import say, show_table
from serving.guard import SUPERVISOR
from serving.records.events import cursor
from serving.records.opening import open_records
from serving.records.tables import EventRow
from serving.supervisor import SERVER

EVENTS = "/v1/events"
RECOMMENDATIONS = "/v1/recommendations"
BATCH = 100
CONNECTIONS = 8
TYPES = ("Product Viewed", "Product Viewed", "Product Viewed", "Product Added", "Product Clicked", "Product Removed")
PERSONS = 20_000
"""Persons who do something in turn; those beyond the shop's members are known by a cookie only."""

GIVE_UP_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What was measured; milliseconds where it says so."""

    per_second: float
    """Events acknowledged a second at the asked rate."""
    ack_p50_ms: float
    ack_p99_ms: float
    changed_p50_ms: float
    """From the acknowledgement of a purchase to the first recommendation without the product."""
    changed_p99_ms: float
    changed: int
    cpu_ms: float
    """The service's CPU of an event, its row online included."""
    most_per_second: float
    """Events acknowledged a second when each connection sends as fast as it is answered."""
    sent: int
    stored: int


@dataclass(frozen=True, kw_only=True)
class _Persons:
    members: Sequence[tuple[str, str, str]]
    """Source, id in it and member id."""
    products: Sequence[str]

    def events(self, number: int, *, of: random.Random) -> list[dict[str, str]]:
        """Events of this moment."""
        at = datetime.now(UTC).isoformat()
        told = []
        for _ in range(number):
            who = of.randrange(PERSONS)
            person = (
                {"source": self.members[who][0], "source_id": self.members[who][1]}
                if who < len(self.members)
                else {"anonymous_id": f"cookie-{who}"}
            )
            about = {"type": of.choice(TYPES), "product_id": of.choice(self.products), "occurred_at": at}
            told.append({"message_id": str(uuid.UUID(int=of.getrandbits(128))), **person, **about})
        return told


def main() -> None:
    """Measures, and prints the figures beside the machine's load."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="seconds of the load at the asked rate")
    parser.add_argument("--rate", type=float, default=2_000.0, help="events a second")
    parser.add_argument("--json", type=Path, help="write the figures to a file")
    asked = parser.parse_args()
    before = machine()
    figures = measure(load_settings(), seconds=asked.seconds, rate=asked.rate)
    rows = [[name, f"{value:,.1f}"] for name, value in asdict(figures).items()]
    show_table("Events", ["figure", "value"], rows)
    say(f"{before}; at the end {machine()}")
    if figures.stored != figures.sent:
        raise SystemExit(f"benchmark: {figures.sent:,} events were acknowledged and {figures.stored:,} are stored")
    if asked.json:
        write_json(asked.json, {**asdict(figures), "machine": before})


def measure(settings: Settings, *, seconds: float, rate: float) -> Figures:
    """The figures of a service of its own over the shop's release."""
    persons = _persons(settings)
    chance = random.Random(settings.seed)
    with _service(settings) as (home, port, key, process):
        headers = {"Authorization": f"Bearer {key}"}

        def bodies(number: int) -> list[bytes]:
            return [json.dumps({"events": persons.events(BATCH, of=chance)}).encode() for _ in range(number)]

        def target(number: int) -> Target:
            return Target(port=port, route=EVENTS, bodies=bodies(number), headers=headers)

        at_rate(target(20), per_second=10, connections=CONNECTIONS, seconds=2)
        number = int(rate / BATCH * seconds)
        asked = target(number)
        probe = _Probe(port, key, [member_id for _, _, member_id in persons.members])
        probe.start()
        cpu = cpu_seconds(process)
        load = at_rate(asked, per_second=rate / BATCH, connections=CONNECTIONS, seconds=seconds)
        changed = probe.stop()
        _wait_until_online(home)
        cpu = cpu_seconds(process) - cpu
        fast = as_fast_as_possible(target(400), connections=CONNECTIONS, seconds=2.0)
        sent = (20 + number + min(len(fast.latencies), 400)) * BATCH + probe.told
        _wait_until_online(home)
        stored = _stored(home)
    ack = np.percentile(np.array(load.latencies) * 1e3, [50, 99])
    seen = np.percentile(np.array(changed) * 1e3, [50, 99])
    return Figures(
        per_second=load.per_second * BATCH,
        ack_p50_ms=float(ack[0]),
        ack_p99_ms=float(ack[1]),
        changed_p50_ms=float(seen[0]),
        changed_p99_ms=float(seen[1]),
        changed=len(changed),
        cpu_ms=cpu * 1e3 / (number * BATCH),
        most_per_second=min(fast.per_second, 400 / fast.seconds) * BATCH,
        sent=sent,
        stored=stored,
    )


class _Probe(threading.Thread):
    """Buys what a member is recommended first, and asks until it is recommended no longer; member by member."""

    def __init__(self, port: int, key: str, members: Sequence[str]) -> None:
        super().__init__(daemon=True)
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=GIVE_UP_SECONDS)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._members = members
        self._stopping = threading.Event()
        self._seconds: list[float] = []
        self.told = 0

    def run(self) -> None:
        """Goes on until it is stopped."""
        for number in range(1_000_000):
            if self._stopping.is_set():
                return
            self._seconds.append(self._until_changed(self._members[number % len(self._members)], number))

    def stop(self) -> list[float]:
        """Seconds from each acknowledgement to the first answer that knew of it."""
        self._stopping.set()
        self.join(GIVE_UP_SECONDS * 2)
        self._connection.close()
        return self._seconds

    def _until_changed(self, member_id: str, number: int) -> float:
        bought = self._first(member_id)
        order = {
            "message_id": f"probe-{number}",
            "type": "Order Completed",
            "occurred_at": datetime.now(UTC).isoformat(),
            "member_id": member_id,
            "order_id": f"probe-{number}",
            "properties": {"products": [{"product_id": bought, "quantity": 1}]},
        }
        self._ask(EVENTS, {"events": [order]})
        self.told += 1
        acknowledged = time.perf_counter()
        while self._first(member_id) == bought:
            if time.perf_counter() - acknowledged > GIVE_UP_SECONDS:
                raise SystemExit("benchmark: a purchase did not change the recommendation")
            time.sleep(0.005)
        return time.perf_counter() - acknowledged

    def _first(self, member_id: str) -> str:
        asked = {"member": {"member_id": member_id}, "scenario": "home", "count": 5, "dry_run": True}
        first: str = self._ask(RECOMMENDATIONS, asked)["items"][0]["id"]
        return first

    def _ask(self, route: str, body: object) -> dict[str, list[dict[str, str]]]:
        self._connection.request("POST", route, json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"benchmark: {route} answered {answer.status}: {text[:300]!r}")
        read: dict[str, list[dict[str, str]]] = json.loads(text)
        return read


@contextlib.contextmanager
def _service(settings: Settings) -> Iterator[tuple[Path, int, str, object]]:
    """A service with records and online rows of its own, over the shop's releases; all it wrote goes at the end."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        own = load_settings(home=home)
        own.paths.root.mkdir(parents=True)
        for shared in (settings.paths.releases, settings.paths.online, settings.paths.tables):
            (own.paths.root / shared.name).symlink_to(shared.absolute())
        records = open_records(own)
        scopes = [Scope.EVENTS, Scope.RECOMMEND]
        key = create_key(records, name="benchmark", scopes=scopes, at=datetime.now(UTC)).text
        records.close()
        port = free_port()
        environment = {
            **os.environ,
            "FACES_HOME": str(home),
            "FACES_SHOP": settings.shop,
            "FACES_SERVING__HOST": "127.0.0.1",
            "FACES_SERVING__PORT": str(port),
            SUPERVISOR: str(os.getpid()),
            "BENTOML_DO_NOT_TRACK": "True",
        }
        with running(SERVER, port=port, environment=environment) as process:
            yield home, port, key, process


def _persons(settings: Settings) -> _Persons:
    folder = current_tables(settings.paths).folder
    members = ds.dataset(folder / "member_ids.parquet").to_table(columns=["source", "source_id", "member_id"])
    products = ds.dataset(folder / "products.parquet").to_table(columns=["product_id"])
    return _Persons(
        members=list(zip(*(column.to_pylist() for column in members.columns), strict=True))[: PERSONS // 2],
        products=products["product_id"].to_pylist(),
    )


def _wait_until_online(home: Path) -> None:
    """Waits until every stored event is in the online rows."""
    records = open_records(load_settings(home=home))
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while time.monotonic() < deadline:
        with records.reading() as transaction:
            if cursor(transaction, "member_now") >= cursor(transaction, "stored"):
                break
        time.sleep(0.05)
    records.close()


def _stored(home: Path) -> int:
    records = open_records(load_settings(home=home))
    with records.reading() as transaction:
        number: int = transaction.session.scalar(select(func.count()).select_from(EventRow)) or 0
    records.close()
    return number


if __name__ == "__main__":
    main()
