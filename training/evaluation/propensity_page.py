"""The section of docs/quality.md on propensity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
"""A row as it was written as JSON; `Any` because JSON is."""

KINDS = ("category", "type", "brand", "product")


def propensity_section(kept: Mapping[str, Any]) -> str:
    """The section as Markdown; `kept` is the contents of docs/quality/propensity.json, `Any` because JSON is."""
    rows: Sequence[Row] = kept["rows"]
    means = [row for row in rows if row["level"] == "all"]
    served = next(row for row in means if row["kind"] == "product")
    own = [row for row in rows if row["level"] != "all" and row["kind"] == "product"]
    return "\n".join(
        [
            "\n## Propensity",
            "",
            f"`{kept['command']}`, on {kept['data']}; week {kept['week']}, {served['members']:,} active members, "
            f"{served['targets']} of {len(kept['targets'])} targets, learnt from {kept['learnt_targets']} other sets.",
            "",
            kept["protocol"],
            "",
            *_means(means),
            "",
            f"Better than a model of the target alone on {served['targets_won']:.0%} of the targets. By kind:",
            "",
            *_by_kind(own),
            "",
            "### Reliability",
            "",
            "Members and targets in twenty bins of equal count, by probability:",
            "",
            "| predicted | observed | rows |",
            "| ---: | ---: | ---: |",
            *(
                f"| {each['predicted']:.4f} | {each['observed']:.4f} | {each['rows']:,} |"
                for each in kept["reliability"]
            ),
            "",
            "### Targets",
            "",
            "; ".join(f"{each['name']} ({each['penetration']:.1%})" for each in kept["targets"]) + ".",
        ]
    )


def _means(rows: Sequence[Row]) -> list[str]:
    lines = [
        "| method | kind | AUC | average precision | lift at 10% | calibration error | never bought | AUC gain "
        "| gain in average precision |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- | --- |",
    ]
    for row in sorted(rows, key=lambda each: -each["auc"]):
        values = [
            _with_error(row, name, places)
            for name, places in (("auc", 3), ("ap", 3), ("lift10", 2), ("ece", 4), ("auc_never", 3))
        ]
        lines.append(
            f"| {row['method']} | {row['kind']} | {' | '.join(values)} | {_gain(row, 'auc')} | {_gain(row, 'ap')} |"
        )
    return lines


def _by_kind(rows: Sequence[Row]) -> list[str]:
    lines = ["| targets | how many | AUC | average precision | lift at 10% | calibration error |"]
    lines.append("| --- | ---: | ---: | ---: | ---: | ---: |")
    for kind in KINDS:
        own = [row for row in rows if row["target_kind"] == kind]
        if own:
            values = [sum(row[name] for row in own) / len(own) for name in ("auc", "ap", "lift10", "ece")]
            lines.append(
                f"| {kind} | {len(own)} | {values[0]:.3f} | {values[1]:.3f} | {values[2]:.2f} | {values[3]:.4f} |"
            )
    return lines


def _with_error(row: Row, name: str, places: int) -> str:
    value, error = row[name], row[f"{name}_error"]
    if value is None:
        return "-"
    return f"{value:.{places}f}" + ("" if error is None else f" ± {error:.{places}f}")


def _gain(row: Row, name: str) -> str:
    if row[f"{name}_gain"] is None:
        return ""
    return f"{row[f'{name}_gain']:+.3f} ({row[f'{name}_gain_low']:+.3f} to {row[f'{name}_gain_high']:+.3f})"
