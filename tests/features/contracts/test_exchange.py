from __future__ import annotations

import threading

import pytest

from features.contracts import exchange
from features.contracts.exchange import bring_back, changed_copy


@pytest.fixture(params=["exchanged", "renamed twice"])
def folder(tmp_path, request, monkeypatch):
    if request.param == "renamed twice":
        monkeypatch.setattr(exchange, "_exchange", lambda _one, _other: False)
    made = tmp_path / "r000001"
    made.mkdir()
    (made / "a.txt").write_text("old")
    (made / "b.txt").write_text("stays")
    return made


def test_the_changed_copy_takes_the_place_of_the_folder(folder):
    with changed_copy(folder) as copy:
        (copy / "a.txt").write_text("new")
        assert (folder / "a.txt").read_text() == "old"
    assert {file.name: file.read_text() for file in folder.iterdir()} == {"a.txt": "new", "b.txt": "stays"}
    assert [each.name for each in folder.parent.iterdir()] == ["r000001"]


def test_a_failed_change_leaves_the_folder_and_nothing_beside_it(folder):
    def change():
        with changed_copy(folder) as copy:
            (copy / "a.txt").unlink()
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        change()
    assert (folder / "a.txt").read_text() == "old"
    assert [each.name for each in folder.parent.iterdir()] == ["r000001"]


def test_a_reader_never_misses_the_folder_where_names_can_be_exchanged(tmp_path):
    made = tmp_path / "r000001"
    made.mkdir()
    (made / "a.txt").write_text("0")
    missed, stop = [], threading.Event()

    def read():
        while not stop.is_set():
            if not (made / "a.txt").is_file():
                missed.append(1)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(30):
        with changed_copy(made) as copy:
            (copy / "a.txt").write_text(str(number))
    stop.set()
    reader.join()
    assert missed == []


def test_what_a_kill_between_two_renames_left_is_brought_back(tmp_path):
    (tmp_path / ".before-r000001").mkdir()
    (tmp_path / ".before-r000001" / "a.txt").write_text("old")
    (tmp_path / ".before-r000002").mkdir()
    (tmp_path / "r000002").mkdir()
    bring_back(tmp_path)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [
        "r000001",
        "r000001/a.txt",
        "r000002",
    ]
