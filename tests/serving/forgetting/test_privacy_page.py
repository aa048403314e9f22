"""docs/privacy.md names every place, so that no place of personal data can be added and forgotten."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from features.contracts.paths import ShopPaths
from features.tables.session import spill_folder
from serving.forgetting.run import _steps
from serving.records import account_tables, forgotten_tables  # noqa: F401 - their tables register themselves
from serving.records.tables import Table

PAGE = (Path(__file__).parents[3] / "docs" / "privacy.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)` \|(.*)\|$", PAGE, flags=re.MULTILINE))


def folders() -> list[str]:
    paths = ShopPaths(root=Path("shop"))
    named = [name for name, kind in vars(ShopPaths).items() if isinstance(kind, property)]
    return [*(getattr(paths, name).name for name in named), spill_folder(paths).name]


@pytest.mark.parametrize("place", [*folders(), *Table.metadata.tables])
def test_every_folder_and_table_is_on_the_page_with_what_forgetting_does(place):
    assert place in ROWS, f"docs/privacy.md says nothing of {place}"
    cells = [cell.strip() for cell in ROWS[place].split("|")]
    assert len(cells) == 3
    assert cells[0].startswith("nothing") or (cells[1] and cells[2]), f"{place}: how long, and what does forgetting do?"


def test_the_page_names_nothing_that_is_not_there():
    assert set(ROWS) == {*folders(), *Table.metadata.tables}


def test_every_place_with_rows_of_people_has_a_step(settings, records):
    steps = [what for what, _ in _steps(settings, records)]
    expected = ["tables", "identity", "features", "kept scores", "models", "releases", "records", "what they just did"]
    assert steps == expected
