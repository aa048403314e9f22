"""Putting a changed folder in the place of one that is in use, in one step."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from features.contracts.atomic import partial_name

BEFORE = ".before-"
"""Prefix of a folder that was moved away, where a file system cannot exchange two of them."""

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@contextlib.contextmanager
def changed_copy(folder: Path) -> Iterator[Path]:
    """A copy of a folder to change; it takes the folder's place when the block ends without an error.

    A reader finds the folder of before or the changed one, never a part of either, except where the file system has no
    exchange of names: there is a moment without the folder, and `bring_back` mends what a kill in it left.
    """
    partial = partial_name(folder)
    try:
        shutil.copytree(folder, partial)
        yield partial
        for file in partial.rglob("*"):
            if file.is_file():
                with file.open("rb+") as handle:
                    os.fsync(handle.fileno())
        if not _exchange(partial, folder):
            aside = folder.with_name(f"{BEFORE}{folder.name}")
            os.rename(folder, aside)
            os.rename(partial, folder)
            shutil.rmtree(aside)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def bring_back(parent: Path) -> None:
    """Puts back the folders that a killed `changed_copy` had moved away, and removes those that were replaced."""
    for aside in parent.glob(f"{BEFORE}*") if parent.is_dir() else ():
        folder = aside.with_name(aside.name.removeprefix(BEFORE))
        if folder.exists():
            shutil.rmtree(aside)
        else:
            os.rename(aside, folder)


def _exchange(one: Path, other: Path) -> bool:
    """Whether the two names were exchanged in one step; not every system can."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    done = renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
    return bool(done == 0)
