"""Keeps an evaluation of launches in MLflow, and as rows that JSON holds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

import pandas as pd

from features.contracts.settings import Settings
from training.evaluation.launch_quality import MEASURES, LaunchQuality
from training.evaluation.launches import MODEL, LaunchReport
from training.launches.features import FEATURE_NAMES
from training.tracking import Tracking

Figure = str | int | float | None


def launch_rows(rows: Sequence[LaunchQuality]) -> list[dict[str, Figure]]:
    """One flat record per row, as JSON holds it: what was not measured is null."""
    return [{name: _plain(value) for name, value in asdict(row).items()} for row in rows]


def log_launches(settings: Settings, tracking: Tracking, report: LaunchReport, *, as_of: datetime) -> None:
    """Logs the tables and the means of the model as a run of the propensity model's experiment."""
    params = {
        **{f"launches.{name}": value for name, value in settings.launches.model_dump(mode="json").items()},
        **{f"weeks.{name}": value for name, value in asdict(report.weeks).items()},
        "learnt_from": report.learnt,
        "reported": report.reported,
    }
    tags = {"evaluation": "launches"}
    with tracking.run(
        model="purchase_propensity", as_of=as_of, features=FEATURE_NAMES, params=params, tags=tags
    ) as run:
        run.metrics(_metrics(report))
        means = [row for row in report.rows if row.level == "all"]
        run.table("launches", pd.DataFrame([asdict(row) for row in means]))
        run.table("launches_by_product", pd.DataFrame([asdict(row) for row in report.rows if row.level != "all"]))


def _metrics(report: LaunchReport) -> Mapping[str, float]:
    mean = next(row for row in report.rows if row.method == MODEL and row.level == "all")
    names = [*MEASURES, *(f"{name}_error" for name in MEASURES), "pooled_ece", "predicted", "buyers"]
    found = {f"launches_{name}": float(getattr(mean, name)) for name in names}
    return {name: value for name, value in found.items() if not math.isnan(value)}


def _plain(value: Figure) -> Figure:
    return None if isinstance(value, float) and math.isnan(value) else value
