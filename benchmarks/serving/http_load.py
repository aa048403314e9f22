"""A light HTTP client for load: keep-alive connections that write prepared bytes and read answers."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle


@dataclass(frozen=True, kw_only=True)
class Target:
    """An endpoint and the bodies that are sent to it in turn."""

    port: int
    route: str
    bodies: Sequence[bytes]
    headers: Mapping[str, str] = field(default_factory=dict)

    def requests(self) -> Iterator[bytes]:
        """The requests as they go over the wire, for ever."""
        own = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        head = f"POST {self.route} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: application/json\r\n{own}"
        return cycle([f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body for body in self.bodies])


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a time of load gave."""

    seconds: float
    latencies: list[float]
    """Seconds of every answer: from sending it, or at a fixed rate from the moment at which it came to be sent."""

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds


def as_fast_as_possible(target: Target, *, connections: int, seconds: float) -> Load:
    """Every connection sends its next request as soon as it has an answer."""
    return asyncio.run(_closed(target, connections=connections, seconds=seconds))


def at_rate(target: Target, *, per_second: float, connections: int, seconds: float) -> Load:
    """Requests are due at even distances whether or not earlier ones are answered: who waits in the queue, counts."""
    return asyncio.run(_open(target, per_second=per_second, connections=connections, seconds=seconds))


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, request: bytes) -> None:
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = head[9:12]
        length = next(
            int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
        )
        body = await self._reader.readexactly(length)
        if status != b"200":
            raise SystemExit(f"benchmark: answered {status.decode()} {body[:300]!r}")

    def close(self) -> None:
        self._writer.close()


async def _closed(target: Target, *, connections: int, seconds: float) -> Load:
    requests = target.requests()
    latencies: list[float] = []
    started = 0.0

    async def work(connection: _Connection) -> None:
        while (sent := time.perf_counter()) - started < seconds:
            await connection.ask(next(requests))
            latencies.append(time.perf_counter() - sent)

    async with _connected(target, connections) as opened:
        started = time.perf_counter()
        await asyncio.gather(*map(work, opened))
        return Load(seconds=time.perf_counter() - started, latencies=latencies)


async def _open(target: Target, *, per_second: float, connections: int, seconds: float) -> Load:
    requests = target.requests()
    latencies: list[float] = []
    # The moments at which requests came; one that finds no free connection waits here, and its wait counts.
    came: asyncio.Queue[float] = asyncio.Queue()

    async def work(connection: _Connection) -> None:
        while True:
            at = await came.get()
            await connection.ask(next(requests))
            latencies.append(time.perf_counter() - at)

    async with _connected(target, connections) as opened, asyncio.TaskGroup() as group:
        workers = [group.create_task(work(connection)) for connection in opened]
        started = time.perf_counter()
        number = int(per_second * seconds)
        for due in range(number):
            # A loop's timer is late by up to a millisecond; several are due at once then, and none is left out.
            await asyncio.sleep(max(0.0, started + due / per_second - time.perf_counter()))
            came.put_nowait(time.perf_counter())
        while len(latencies) < number:
            await asyncio.sleep(0.001)
        for worker in workers:
            worker.cancel()
    return Load(seconds=time.perf_counter() - started, latencies=latencies)


@contextlib.asynccontextmanager
async def _connected(target: Target, connections: int) -> AsyncIterator[list[_Connection]]:
    opened = [_Connection(*await asyncio.open_connection("127.0.0.1", target.port)) for _ in range(connections)]
    try:
        yield opened
    finally:
        for connection in opened:
            connection.close()
