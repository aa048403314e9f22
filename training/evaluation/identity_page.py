"""The section of docs/quality.md on identity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def identity_section(kept: Mapping[str, Any]) -> str:
    """The section as Markdown; `kept` is the contents of docs/quality/identity.json, `Any` because JSON is."""
    lines = [
        "\n## Identity",
        "",
        f"`{kept['command']}`, on {kept['data']}.",
        "",
        kept["protocol"],
        "",
        "| data | records | people | members | precision | recall | recall, all pairs | wrong pairs | true pairs |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [_line(row) for row in kept["rows"]]
    rates = ", ".join(f"{name.replace('_', ' ')} {rate:.0%}" for name, rate in kept["rates"].items())
    return "\n".join([*lines, "", f"Rates: {rates}."])


def _line(row: Mapping[str, Any]) -> str:
    # `Any`: a row as it was written as JSON
    recall = "-" if row["recall"] is None else f"{row['recall']:.4f}"
    return (
        f"| {row['data']} | {row['records']:,} | {row['people']:,} | {row['members']:,} | {row['precision']:.4f} "
        f"| {recall} | {row['recall_all']:.4f} | {row['wrong_pairs']:,} | {row['true_pairs']:,} |"
    )
