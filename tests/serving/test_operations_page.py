"""What docs/operations.md tells to type."""

from __future__ import annotations

import re
from pathlib import Path

from typer.main import get_command

from features.contracts.settings import load_settings
from serving.cli.main import app

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")


def test_the_lines_that_lead_to_servers_are_settings(monkeypatch, tmp_path):
    lines = re.findall(r"^export (FACES_\w+)=(.+)$", PAGE, re.MULTILINE)
    assert len(lines) > 5
    for name, value in lines:
        monkeypatch.setenv(name, value.strip("'"))
    settings = load_settings(home=tmp_path)
    assert (settings.records.store, settings.online.store) == ("postgresql", "redis")
    assert settings.secrets.records_password.get_secret_value() == "a long password"


def test_every_command_and_option_on_the_page_exists():
    command = get_command(app)
    named = set(re.findall(r"faces ([a-z]+)(?: ([a-z]+))?((?: --[a-z-]+(?: [^\s`-]\S*)?)*)", PAGE))
    assert len(named) > 3
    for first, second, options in named:
        found = command.commands[first]
        if hasattr(found, "commands"):
            found = found.commands[second]
        known = {name for parameter in found.params for name in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", options)) <= known, (first, second)


def test_every_setting_named_on_the_page_exists():
    settings = load_settings()
    named = re.findall(r"`(records|reports|serving|console)\.([a-z_]+)", PAGE)
    assert len(named) > 4
    for section, key in named:
        assert hasattr(getattr(settings, section), key), (section, key)
