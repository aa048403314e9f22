"""`faces tags`: what it prints and writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from literal_shop import AS_OF
from literal_tags import literal_build_in_use
from typer.testing import CliRunner

from serving.cli.main import app


def test_every_tag_is_shown_with_its_members_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, _ = literal_build_in_use(tmp_path)
    monkeypatch.setenv("FACES_HOME", str(tmp_path))
    done = CliRunner().invoke(app, ["tags", "--json", str(tmp_path / "told.json")])
    assert done.exit_code == 0, done.output
    assert "4 members have a tag, as of 2017-06-01 00:00 UTC" in done.output
    told = json.loads((tmp_path / "told.json").read_text())
    assert set(told["tags"]) == set(settings.tags)
    assert told["as_of"] == AS_OF.isoformat()
    assert told["tags"]["advocate"] == {"members": 3, "values": {}}
    # anna, ben and dora bought; cleo brought anna, and fay shared too little
    stages = [name for name, tag in settings.tags.items() if tag.group == "lifecycle"]
    assert sum(told["tags"][name]["members"] for name in stages) == 3
