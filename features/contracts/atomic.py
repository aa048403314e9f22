"""Writing so that a kill at any moment leaves the last good state in place."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from features.contracts.errors import Busy, Refused

PARTIAL = ".partial-"
"""Prefix of what is still being written; a rerun of the same command removes it."""


def partial_name(path: Path) -> Path:
    """A sibling of `path` that no reader takes for finished."""
    return path.with_name(f"{PARTIAL}{path.name}-{uuid.uuid4().hex[:8]}")


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """A path to write to; it becomes `path` in one step when the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_name(path)
    try:
        yield partial
        _flush_to_disk(partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to fill; it becomes `path` (which must not exist) when the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_name(path)
    partial.mkdir()
    try:
        yield partial
        for file in partial.rglob("*"):
            if file.is_file():
                _flush_to_disk(file)
        os.rename(partial, path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Replaces a small text file in one step."""
    with new_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Replaces a JSON file in one step; `Any` because JSON is."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """What a JSON file holds, None when there is no file; `Any` because JSON is. Raises Refused when it is no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise Refused(
            f"{path}: damaged, it holds no JSON; put it back from a copy, or remove it and run again"
        ) from error


def remove_partials(folder: Path) -> None:
    """Removes what a killed command left half-written; call it under that command's lock."""
    if not folder.is_dir():
        return
    for leftover in folder.rglob(f"{PARTIAL}*"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


@contextlib.contextmanager
def exclusive(locks: Path, command: str) -> Iterator[None]:
    """Holds the shop's lock of one command; the kernel frees it when the process dies.

    Raises Busy when another process holds it.
    """
    locks.mkdir(parents=True, exist_ok=True)
    lock = FileLock(locks / f"{command}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise Busy(f"{command}: another `faces {command}` is running for this shop; wait for it or stop it") from error
    try:
        yield
    finally:
        lock.release()


def _flush_to_disk(path: Path) -> None:
    if path.is_dir():
        return
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())
