"""How many recommendations a process answered, in a file that outlives a kill -9 of the process."""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

SUFFIX = ".answered"
_NUMBER = struct.Struct("<Q")


class AnsweredCounter:
    """A count in a memory-mapped file: raising it costs no system call, and the kernel keeps it after a kill."""

    def __init__(self, folder: Path, process_id: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{process_id}{SUFFIX}"
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        # held until the process ends, however it ends: it tells the living from the dead
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(self._file, _NUMBER.size)
        self._map = mmap.mmap(self._file, _NUMBER.size)
        self.answered = 0

    def next(self) -> int:
        """The number of the next answer, from 1; on record before the answer is sent."""
        self.answered += 1
        _NUMBER.pack_into(self._map, 0, self.answered)
        return self.answered

    def close(self) -> None:
        """Gives the file up; the next `ended_processes` finds it."""
        if not self._map.closed:
            self._map.close()
            os.close(self._file)


@dataclass(frozen=True, kw_only=True)
class EndedProcess:
    """A process that runs no more and what it had answered."""

    process_id: str
    answered: int
    path: Path

    def __enter__(self) -> EndedProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.path.unlink(missing_ok=True)


def ended_processes(folder: Path) -> Iterator[EndedProcess]:
    """Each process that has ended and not been settled, held so that nobody else settles it.

    Use each as a context: its file is removed when the block ends without an error.
    """
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            file = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            content = os.read(file, _NUMBER.size)
            # settled by another process between opening and locking: nothing is left to do
            if path.exists():
                answered = _NUMBER.unpack(content)[0] if len(content) == _NUMBER.size else 0
                yield EndedProcess(process_id=path.name.removesuffix(SUFFIX), answered=answered, path=path)
        except BlockingIOError:
            continue
        finally:
            os.close(file)
