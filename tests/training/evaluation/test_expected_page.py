"""The page of the backtest: every group in its place, and a diagram in which right probabilities lie on the line."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from training.evaluation.expected_page import expected_section, reliability_picture, reliability_svg

ROW = {
    "audiences": 40,
    "held": 0.9,
    "below": 0.04,
    "above": 0.06,
    "predicted_to_actual": 1.02,
    "summed_to_actual": 1.05,
    "width": None,
    "revenue_audiences": 0,
    "revenue_held": None,
    "revenue_predicted_to_actual": None,
}
BIN = {"lowest": 0.2, "highest": 0.3, "members": 1200, "predicted": 0.25, "actual": 0.25}
KEPT = {
    "command": "faces evaluate expected",
    "data": "10 order lines",
    "protocol": "How it was done.",
    "rows": [
        {**ROW, "grouping": "snapshot", "group": "week 44"},
        {**ROW, "grouping": "all", "group": "all", "revenue_audiences": 9, "revenue_held": 0.875}
        | {"revenue_predicted_to_actual": 1.1},
    ],
    "reliability": [BIN],
    "placebo": {"audiences": 100, "share": 0.2, "held_out_share": 0.2, "hold_no_effect": 95},
}
SVG = "{http://www.w3.org/2000/svg}"


def test_groups_stand_in_their_order_with_what_was_not_measured_left_open() -> None:
    lines = expected_section(KEPT).splitlines()
    everything = lines.index("| all | 40 | 90.0% | 4.0% | 6.0% | 1.020 | 1.050 | - | 87.5% | 1.100 |")
    week = lines.index("| week 44 | 40 | 90.0% | 4.0% | 6.0% | 1.020 | 1.050 | - | - | - |")
    assert everything < week


def test_every_row_of_the_table_has_as_many_cells_as_its_head() -> None:
    lines = expected_section(KEPT).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| audiences"))
    table = lines[start : lines.index("", start)]
    assert {line.count("|") for line in table} == {11}


def test_the_placebo_says_in_how_many_audiences_nothing_was_found() -> None:
    assert "holds no effect in 95." in expected_section(KEPT)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_probability_that_came_true_lies_on_the_line(share: float) -> None:
    drawn = ElementTree.fromstring(reliability_svg([{**BIN, "predicted": share, "actual": share}]))
    point = drawn.find(f"{SVG}circle")
    line = drawn.find(f"{SVG}line")
    assert point is not None
    assert line is not None
    (x1, y1), (x2, y2) = ((float(line.attrib[f"x{n}"]), float(line.attrib[f"y{n}"])) for n in (1, 2))
    assert float(point.attrib["cx"]) == pytest.approx(x1 + share * (x2 - x1), abs=0.1)
    assert float(point.attrib["cy"]) == pytest.approx(y1 + share * (y2 - y1), abs=0.1)


def test_before_anything_was_kept_the_diagram_has_no_points(tmp_path: Path) -> None:
    assert "<circle" not in reliability_picture(tmp_path)
    (tmp_path / "expected.json").write_text(json.dumps(KEPT))
    assert reliability_picture(tmp_path).count("<circle") == 1
