"""`faces load` and `faces loads` as they are typed."""

import json

import pytest
from typer.testing import CliRunner

from serving.cli.main import app

HEADER = "order_id,product_id,ordered_at,quantity,source,source_id"


@pytest.fixture
def faces(tmp_path, monkeypatch):
    monkeypatch.setenv("FACES_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FACES_THREADS", "1")
    monkeypatch.setenv("FACES_SECRETS__CONTACT_KEY", "key of the tests")
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)


def test_batches_are_listed_undone_and_redone(faces, tmp_path, monkeypatch):
    for number, folder in enumerate(("first", "second"), start=1):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"order_lines_{number}.csv").write_text(
            f"{HEADER}\no{number},p,2017-03-0{number},1,pos,7\n"
        )
    monkeypatch.setenv("FACES_LOAD__FILES", json.dumps({"order_lines": "order_lines_*.csv"}))
    first = faces("load", "--from", tmp_path / "first")
    assert "no products: products have no name" in " ".join(first.output.split())
    assert faces("load", "--from", tmp_path / "second").exit_code == 0
    assert faces("loads", "undo", "2").exit_code == 0
    told = tmp_path / "loads.json"
    faces("loads", "list", "--json", told)
    assert [(each["number"], each["files"], each["state"]) for each in json.loads(told.read_text())["loads"]] == [
        (1, ["order_lines_1.csv"], "in use"),
        (2, ["order_lines_2.csv"], "undone"),
    ]
    assert "1 members" in faces("loads", "redo", "2").output
