"""A shop's own settings file names what differs; the rest is as settings.toml says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from features.contracts.errors import SettingsError
from features.contracts.settings import Settings, load_settings

OWN = """
shop = "clothes"
timezone = "Asia/Shanghai"

[features]
not_goods_words = []

[load.format]
money_in = "cents"
"""


def of(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    file = folder / "own.toml"
    file.write_text(text, encoding="utf-8")
    monkeypatch.setenv("FACES_SETTINGS", str(file))
    return load_settings()


def test_what_a_file_does_not_name_is_as_in_settings_toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = load_settings()
    own = of(OWN, tmp_path, monkeypatch)
    assert (own.shop, own.timezone, own.load.format.money_in) == ("clothes", "Asia/Shanghai", "cents")
    assert own.features.not_goods_words == ()
    assert own.features.not_goods_departments == usual.features.not_goods_departments
    assert (own.affinity, own.scenarios, own.load.max_quantity) == (
        usual.affinity,
        usual.scenarios,
        usual.load.max_quantity,
    )


def test_the_environment_still_overrides_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACES_SHOP", "another")
    monkeypatch.setenv("FACES_LOAD__MAX_QUANTITY", "7")
    own = of(OWN, tmp_path, monkeypatch)
    assert (own.shop, own.timezone, own.load.max_quantity) == ("another", "Asia/Shanghai", 7)
    assert own.load.format.money_in == "cents"


def test_a_file_with_scenarios_has_all_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = of('[scenarios.till]\nkind = "home"\n', tmp_path, monkeypatch)
    assert list(own.scenarios) == ["till"]
    assert own.destinations


@pytest.mark.parametrize("text", ["colour = 'red'", "[load]\ncolour = 'red'", "[load\n"])
def test_a_file_with_a_wrong_key_or_form_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    with pytest.raises(SettingsError, match=r"own\.toml"):
        of(text, tmp_path, monkeypatch)


def test_weeks_begin_at_the_shops_own_midnight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().week_anchor == datetime(2017, 1, 2, 5, tzinfo=UTC)
    assert of(OWN, tmp_path, monkeypatch).week_anchor == datetime(2017, 1, 1, 16, tzinfo=UTC)
    stated = of('timezone = "Asia/Shanghai"\n[features]\nweek_anchor = "2017-01-02T05:00:00Z"', tmp_path, monkeypatch)
    assert stated.week_anchor == datetime(2017, 1, 2, 5, tzinfo=UTC)
