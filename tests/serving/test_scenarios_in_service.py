"""Scenarios change with the settings file; wrong ones are told once and leave the last good ones in service."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from features.contracts.errors import SettingsError
from features.contracts.scenario_settings import ScenarioSettings
from features.contracts.settings import load_settings
from features.contracts.settings_files import SETTINGS_FILE, settings_file
from serving.scenarios_in_service import Scenarios, ScenariosInService


class AnyEngine:
    """Serves every scenario but one named `attic`."""

    def check_scenarios(self, scenarios: Scenarios) -> None:
        if "attic" in scenarios:
            raise SettingsError("settings: scenarios.attic.filter: wrong")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the committed settings that a test may change."""
    copy = tmp_path / "settings.toml"
    copy.write_text(settings_file().read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setenv(SETTINGS_FILE, str(copy))
    return copy


@pytest.fixture
def refusals() -> list[str]:
    return []


@pytest.fixture
def scenarios(file: Path, refusals: list[str]) -> ScenariosInService:
    return ScenariosInService(
        load_settings().scenarios,
        file=file,
        load=lambda: load_settings().scenarios,
        on_refused=lambda: refusals.append("refused"),
    )


def change(file: Path, before: str, after: str) -> None:
    """Replaces a line of the file, as an editor does: a new file under the old name."""
    text = file.read_text(encoding="utf-8")
    assert before in text
    fresh = file.with_suffix(".new")
    fresh.write_text(text.replace(before, after), encoding="utf-8")
    os.replace(fresh, file)


def test_a_change_is_taken(scenarios: ScenariosInService, file: Path) -> None:
    assert not scenarios.look(AnyEngine())
    change(file, "[scenarios.replenish]", "[scenarios.start]\nkind = 'home'\nnew_share = 0.5\n\n[scenarios.replenish]")
    assert scenarios.look(AnyEngine())
    assert scenarios.current["start"] == ScenarioSettings(kind="home", new_share=0.5)
    assert not scenarios.look(AnyEngine())


def test_a_change_of_something_else_is_no_change(scenarios: ScenariosInService, file: Path) -> None:
    before = scenarios.current
    change(file, "port = 3000", "port = 3001")
    assert not scenarios.look(AnyEngine())
    assert scenarios.current is before


@pytest.mark.parametrize(
    ("after", "sentence"),
    [
        ("[scenarios.home]\nkind = 'attic'\n\n[scenarios.x]", "scenarios.home.kind"),
        ("[scenarios.home]\nkind = 'home'\ncolour = 1\n[scenarios.x]", "scenarios.home.colour"),
        ("[scenarios.Home]", "scenarios.Home"),
        ("[scenarios.attic]", "scenarios.attic.filter: wrong"),
        ("[scenarios.home", "settings.toml"),
    ],
)
def test_a_wrong_change_is_told_once_and_the_last_good_ones_stay(
    scenarios: ScenariosInService,
    file: Path,
    refusals: list[str],
    caplog: pytest.LogCaptureFixture,
    after: str,
    sentence: str,
) -> None:
    before = scenarios.current
    change(file, "[scenarios.home]", after)
    with caplog.at_level(logging.ERROR):
        assert not scenarios.look(AnyEngine())
        assert not scenarios.look(AnyEngine())
    assert scenarios.current is before
    (record,) = caplog.records
    assert sentence in record.getMessage()
    assert refusals == ["refused"]


def test_after_a_wrong_change_a_right_one_is_taken(scenarios: ScenariosInService, file: Path) -> None:
    change(file, "[scenarios.home]", "[scenarios.attic]")
    assert not scenarios.look(AnyEngine())
    change(file, "[scenarios.attic]", "[scenarios.start]")
    assert scenarios.look(AnyEngine())
    assert "start" in scenarios.current


def test_a_file_that_is_gone_for_a_moment_changes_nothing(scenarios: ScenariosInService, file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    file.unlink()
    assert not scenarios.look(AnyEngine())
    file.write_text(text.replace("[scenarios.home]", "[scenarios.start]"), encoding="utf-8")
    assert scenarios.look(AnyEngine())


def test_the_environment_overrides_a_key_of_a_scenario(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACES_SCENARIOS__HOME__NEW_SHARE", "0.25")
    assert load_settings().scenarios["home"].new_share == 0.25
    monkeypatch.setenv("FACES_SCENARIOS__HOME__COLOUR", "red")
    with pytest.raises(SettingsError, match="FACES_SCENARIOS__HOME__COLOUR is not a setting"):
        load_settings()
