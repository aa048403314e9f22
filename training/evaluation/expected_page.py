"""The section of docs/quality.md on expected buyers and revenue, and its reliability diagram."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

DIAGRAM = "quality/reliability.svg"
KEPT = "expected.json"

Row = Mapping[str, Any]
"""A row as it was written as JSON; `Any` because JSON is."""

TITLES = {
    "all": "All",
    "test": "Chosen on, and never chosen on",
    "snapshot": "By snapshot",
    "horizon": "By horizon",
    "share": "By cut",
    "kind": "By kind of target",
    "expected buyers": "By expected buyers",
}
SIDE = 360
MARGIN = 44
COLOUR = "#4c6a92"


def expected_section(kept: Mapping[str, Any]) -> str:
    """The section as Markdown; `kept` is the contents of KEPT, `Any` because JSON is."""
    lines = [
        "\n## Expected buyers and revenue",
        "",
        f"`{kept['command']}`, on {kept['data']}.",
        "",
        kept["protocol"],
        "",
        "| audiences | number | buyers in the interval | fewer | more | expected over actual buyers "
        "| sum of probabilities over actual | mean width | revenue in the interval | expected over actual revenue |",
        "| --- |" + " ---: |" * 9,
    ]
    for grouping, title in TITLES.items():
        rows = [row for row in kept["rows"] if row["grouping"] == grouping]
        if rows:
            lines.append(f"| **{title}** |" + " |" * 9)
            lines += [_line(row) for row in rows]
    return "\n".join([*lines, "", *_reliability(kept["reliability"]), "", *_placebo(kept["placebo"])])


def reliability_svg(bins: Sequence[Row]) -> str:
    """The diagram as SVG: share who did it over mean probability, the area of a point as its members."""
    largest = max((each["members"] for each in bins), default=1)
    points = [
        f'<circle cx="{_x(each["predicted"]):.1f}" cy="{_y(each["actual"]):.1f}" '
        f'r="{2.5 + 6.0 * (each["members"] / largest) ** 0.5:.1f}" fill="{COLOUR}" fill-opacity="0.8">'
        f"<title>{each['members']:,} members: predicted {each['predicted']:.3f}, actual {each['actual']:.3f}</title>"
        "</circle>"
        for each in bins
    ]
    ticks = [part for tick in (0.0, 0.25, 0.5, 0.75, 1.0) for part in _tick(tick)]
    whole = SIDE + 2 * MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole}" width="{whole}" height="{whole}" '
            'font-family="sans-serif" font-size="11" role="img" aria-label="reliability diagram">',
            f'<rect width="{whole}" height="{whole}" fill="white"/>',
            f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" stroke="#999999"/>',
            *ticks,
            *points,
            f'<text x="{_x(0.5)}" y="{whole - 8}" text-anchor="middle">mean probability</text>',
            f'<text transform="translate(12 {_y(0.5)}) rotate(-90)" text-anchor="middle">share who did it</text>',
            "</svg>",
            "",
        ]
    )


def reliability_picture(folder: Path) -> str:
    """The diagram of what the command kept in `folder`; an empty one before it has kept anything."""
    file = folder / KEPT
    return reliability_svg(json.loads(file.read_text(encoding="utf-8"))["reliability"] if file.is_file() else [])


def _line(row: Row) -> str:
    revenue = ["-", "-"]
    if row["revenue_audiences"]:
        revenue = [f"{row['revenue_held']:.1%}", f"{row['revenue_predicted_to_actual']:.3f}"]
    cells = [
        row["group"],
        f"{row['audiences']:,}",
        f"{row['held']:.1%}",
        f"{row['below']:.1%}",
        f"{row['above']:.1%}",
        _number(row["predicted_to_actual"]),
        _number(row["summed_to_actual"]),
        "-" if row["width"] is None else f"{row['width']:.0%}",
        *revenue,
    ]
    return f"| {' | '.join(cells)} |"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _reliability(bins: Sequence[Row]) -> list[str]:
    return [
        "### Reliability",
        "",
        f"![Share who did it over mean probability]({DIAGRAM})",
        "",
        "Every active member with every target and horizon of the snapshots that nothing was chosen on.",
        "",
        "| probability | members | mean probability | share who did it |",
        "| --- | ---: | ---: | ---: |",
        *(
            f"| {each['lowest']:g} to {each['highest']:g} | {each['members']:,} | {each['predicted']:.4f} "
            f"| {each['actual']:.4f} |"
            for each in bins
        ),
    ]


def _placebo(found: Row) -> list[str]:
    return [
        "### Placebo",
        "",
        f"Nobody was told anything in this data. Of {found['audiences']:,} audiences (the best {found['share']:.0%} of "
        f"the active members), {found['held_out_share']:.0%} held out by the rule of the service, the 95% interval of "
        f"the difference between selected and held-out members holds no effect in {found['hold_no_effect']:,}.",
    ]


def _tick(at: float) -> list[str]:
    return [
        f'<line x1="{_x(at)}" y1="{_y(0)}" x2="{_x(at)}" y2="{_y(1)}" stroke="#e4e4e4"/>',
        f'<line x1="{_x(0)}" y1="{_y(at)}" x2="{_x(1)}" y2="{_y(at)}" stroke="#e4e4e4"/>',
        f'<text x="{_x(at)}" y="{_y(0) + 15}" text-anchor="middle">{at:g}</text>',
        f'<text x="{_x(0) - 6}" y="{_y(at) + 4}" text-anchor="end">{at:g}</text>',
    ]


def _x(share: float) -> float:
    return MARGIN + SIDE * share


def _y(share: float) -> float:
    return MARGIN + SIDE * (1.0 - share)
