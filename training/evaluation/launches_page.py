"""The section of docs/quality.md on launches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
"""A row as it was written as JSON; `Any` because JSON is."""


def launches_section(kept: Mapping[str, Any]) -> str:
    """The section as Markdown; `kept` is the contents of docs/quality/launches.json, `Any` because JSON is."""
    rows: Sequence[Row] = kept["rows"]
    return "\n".join(
        [
            "\n## Launches",
            "",
            f"`{kept['command']}`, on {kept['data']}.",
            "",
            kept["protocol"],
            "",
            *_means([row for row in rows if row["level"] == "all"]),
            "",
            "### Launch by launch",
            "",
            *_by_launch([row for row in rows if row["level"] != "all" and row["kind"] == "product"], kept["launches"]),
        ]
    )


def _means(rows: Sequence[Row]) -> list[str]:
    lines = [
        "| method | kind | AUC | average precision | lift at 10% | calibration error | AUC gain | lift gain |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- | --- |",
    ]
    for row in rows:
        values = [_with_error(row, name, places) for name, places in (("auc", 3), ("ap", 3), ("lift10", 2), ("ece", 4))]
        gains = [_gain(row, name, places) for name, places in (("auc", 3), ("lift10", 2))]
        lines.append(f"| {row['method']} | {row['kind']} | {' | '.join([*values, *gains])} |")
    told = [row for row in rows if row["predicted"] is not None]
    lines += [""]
    lines += [
        f"- {row['method']}: over {row['launches']} launches {row['predicted']:,.0f} buyers were expected and "
        f"{row['buyers']:,} bought; the calibration error over all members of all of them is {row['pooled_ece']:.4f}."
        for row in told
    ]
    return lines


def _by_launch(rows: Sequence[Row], names: Mapping[str, str]) -> list[str]:
    lines = [
        "| product | what | members | expected buyers | buyers | AUC | lift at 10% | calibration error |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    return lines + [
        f"| {row['level']} | {names.get(row['level'], '')} | {row['members']:,} | {row['predicted']:.1f} "
        f"| {row['buyers']} | {row['auc']:.3f} | {row['lift10']:.2f} | {row['ece']:.4f} |"
        for row in sorted(rows, key=lambda row: -row["buyers"])
    ]


def _with_error(row: Row, name: str, places: int) -> str:
    value, error = row.get(name), row.get(f"{name}_error")
    if value is None:
        return "-"
    return f"{value:.{places}f}" if error is None else f"{value:.{places}f} ± {error:.{places}f}"


def _gain(row: Row, name: str, places: int) -> str:
    value = row.get(f"{name}_gain")
    if value is None:
        return "-"
    low, high = row[f"{name}_gain_low"], row[f"{name}_gain_high"]
    return f"{value:+.{places}f} [{low:+.{places}f}, {high:+.{places}f}]"
