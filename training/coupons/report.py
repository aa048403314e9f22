"""Rows of the coupon table as files and pages hold them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd

from training.coupons.evaluation import CouponQuality

Figure = str | int | float | None

TASKS = {
    "redemption": ("auc", "lift10", "ece", "gain"),
    "choice": ("hit1", "recall10", "gain", "recall_gain"),
}
"""Measures of each task, in the order of its table."""


def quality_rows(found: Sequence[CouponQuality]) -> list[dict[str, Figure]]:
    """One flat record per row, as JSON holds it: what was not measured is null."""
    return [{name: _plain(value) for name, value in asdict(row).items()} for row in found]


def quality_frame(found: Sequence[CouponQuality]) -> pd.DataFrame:
    """The rows as a table."""
    return pd.DataFrame([asdict(row) for row in found])


def coupon_quality_rows(records: Sequence[dict[str, Figure]], *, task: str) -> tuple[list[str], list[list[str]]]:
    """Heading and cells of one task's table, from the records that `faces evaluate coupons --json` wrote.

    A measure stands with its standard error, a gain with the interval that holds 95% of its resamples.
    """
    measures = TASKS[task]
    cells = [
        [str(record["method"]), str(record["kind"]), *(_cell(record, measure) for measure in measures)]
        for record in records
        if record["task"] == task
    ]
    titles = {
        "auc": "AUC",
        "lift10": "lift at 10%",
        "ece": "calibration error",
        "hit1": "hit@1",
        "recall10": "recall@10",
        "gain": "AUC over the best baseline" if task == "redemption" else "hit@1 over the best baseline",
        "recall_gain": "recall@10 over the best baseline",
    }
    return ["method", "kind", *(titles[measure] for measure in measures)], cells


def _cell(record: dict[str, Figure], measure: str) -> str:
    value = record.get(measure)
    if not isinstance(value, int | float):
        return "-"
    low, high = record.get(f"{measure}_low"), record.get(f"{measure}_high")
    if isinstance(low, int | float) and isinstance(high, int | float):
        return f"{value:+.3f} [{low:+.3f}, {high:+.3f}]"
    error = record.get(f"{measure}_error")
    return f"{value:.3f} ± {error:.3f}" if isinstance(error, int | float) else f"{value:.3f}"


def _plain(value: Figure) -> Figure:
    return None if isinstance(value, float) and math.isnan(value) else value
