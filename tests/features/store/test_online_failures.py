"""An online store that cannot be read says so, makes nothing up, and is read again once it is back."""

from __future__ import annotations

import dataclasses
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from online_members import ANNA, EVERYBODY, RELEASE, publish

from features.contracts.errors import StoreUnavailable
from features.contracts.settings import Settings, load_settings
from features.store.embedded_rows import EmbeddedRows
from features.store.online import OnlineFiles, OnlineReader, identity_key, online_files

READERS = 3


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = load_settings(home=tmp_path)
    publish(settings)
    return settings


@pytest.fixture
def files(settings: Settings) -> OnlineFiles:
    return online_files(settings.paths, RELEASE)


def remove_rows(files: OnlineFiles) -> None:
    files.rows.unlink()


def remove_registry(files: OnlineFiles) -> None:
    files.registry.unlink()


def remove_both(files: OnlineFiles) -> None:
    files.rows.unlink()
    files.registry.unlink()


def fill_rows_with_garbage(files: OnlineFiles) -> None:
    files.rows.write_bytes(b"no database at all " * 500)


def empty_rows(files: OnlineFiles) -> None:
    files.rows.write_bytes(b"")


def cut_rows(files: OnlineFiles) -> None:
    files.rows.write_bytes(files.rows.read_bytes()[: files.rows.stat().st_size // 2])


def break_rows_inside(files: OnlineFiles) -> None:
    whole = files.rows.read_bytes()
    files.rows.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))


def fill_registry_with_garbage(files: OnlineFiles) -> None:
    files.registry.write_bytes(b"\xff\xff no registry at all")


def empty_registry(files: OnlineFiles) -> None:
    files.registry.write_bytes(b"")


DAMAGES = [
    remove_rows,
    remove_registry,
    remove_both,
    fill_rows_with_garbage,
    empty_rows,
    cut_rows,
    break_rows_inside,
    fill_registry_with_garbage,
    empty_registry,
]
TO_ROWS = [remove_rows, fill_rows_with_garbage, empty_rows, cut_rows, break_rows_inside]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_reader_that_meets_damage_says_so_and_creates_nothing(
    settings: Settings, files: OnlineFiles, damage: Callable[[OnlineFiles], None]
) -> None:
    damage(files)
    there = {file: file.read_bytes() for file in settings.paths.online.iterdir()}
    reader = OnlineReader(settings, RELEASE)
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match=r"r000001\.db"):
            reader.member("anna")
        with pytest.raises(StoreUnavailable, match=r"r000001\.db"):
            reader.member_id(identity_key(phone_hash="ab12"))
    assert {file: file.read_bytes() for file in settings.paths.online.iterdir()} == there


@pytest.mark.parametrize("damage", TO_ROWS)
def test_a_reader_that_has_read_before_notices_damage_and_recovers(
    settings: Settings, files: OnlineFiles, tmp_path: Path, damage: Callable[[OnlineFiles], None]
) -> None:
    kept = Path(shutil.copy(files.rows, tmp_path / "kept.db"))
    reader = OnlineReader(settings, RELEASE)
    assert reader.member("anna") is not None
    damage(files)
    with pytest.raises(StoreUnavailable):
        reader.member("anna")
    os.replace(kept, files.rows)
    assert reader.member("anna") is not None
    assert reader.member("nobody") is None


@pytest.mark.parametrize("damage", [remove_registry, fill_registry_with_garbage, remove_both])
def test_a_reader_recovers_when_the_rows_are_published_again(
    settings: Settings, files: OnlineFiles, damage: Callable[[OnlineFiles], None]
) -> None:
    damage(files)
    reader = OnlineReader(settings, RELEASE)
    with pytest.raises(StoreUnavailable):
        reader.member("anna")
    publish(settings)
    assert reader.member("anna") is not None


def test_rows_that_vanish_while_they_are_opened_are_not_created_anew(
    settings: Settings, files: OnlineFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening = EmbeddedRows._open

    def vanish(*args: object, **named: object) -> object:
        files.rows.unlink()
        return opening(*args, **named)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(EmbeddedRows, "_open", vanish)
    with pytest.raises(StoreUnavailable):
        OnlineReader(settings, RELEASE).member("anna")
    assert not files.rows.exists()


def test_the_rows_are_replaced_under_reading_threads_without_a_failed_read(settings: Settings) -> None:
    reader = OnlineReader(settings, RELEASE)
    stop = threading.Event()
    wrong: list[object] = []
    seen: list[set[str]] = [set() for _ in range(READERS)]

    def read(own: set[str]) -> None:
        while not stop.is_set():
            try:
                found = reader.member("anna")
                if found is None or reader.member_id(identity_key(phone_hash="ab12")) != "anna":
                    wrong.append(found)
                else:
                    own.add(found.texts[0])
            except Exception as error:
                wrong.append(error)

    threads = [threading.Thread(target=read, args=(own,)) for own in seen]
    for thread in threads:
        thread.start()
    editions = [f"edition {n}" for n in range(8)]
    try:
        for edition in editions:
            publish(settings, members=[dataclasses.replace(ANNA, texts=(edition,)), *EVERYBODY[1:]])
            found = reader.member("anna")
            assert found is not None
            assert found.texts == (edition,)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert all(len(own) > 2 for own in seen)
