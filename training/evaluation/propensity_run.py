"""What an evaluation of propensity leaves behind: records for files, tables in MLflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from features.contracts.settings import Settings
from training.evaluation.propensity import PropensityReport
from training.propensity.set_features import FEATURE_NAMES
from training.tracking import Tracking

Figure = str | int | float | None


@dataclass(frozen=True, kw_only=True)
class PropensityRecords:
    """Flat records, as JSON holds them: what was not measured is null."""

    rows: list[dict[str, Figure]]
    targets: list[dict[str, Figure]]
    reliability: list[dict[str, Figure]]


def propensity_records(report: PropensityReport) -> PropensityRecords:
    """The report as records."""
    return PropensityRecords(
        rows=[_plain(asdict(row)) for row in report.rows],
        targets=[
            _plain(
                {
                    "name": each.name,
                    "kind": each.kind,
                    "products": len(each.products),
                    "penetration": each.penetration,
                }
            )
            for each in report.targets
        ],
        reliability=[_plain(asdict(each)) for each in report.reliability],
    )


def log_propensity(settings: Settings, tracking: Tracking, report: PropensityReport, *, as_of: datetime) -> None:
    """Keeps the tables in a run of the model's experiment; nothing is registered."""
    records = propensity_records(report)
    means = [row for row in report.rows if row.level == "all"]
    with tracking.run(
        model="purchase_propensity",
        as_of=as_of,
        features=FEATURE_NAMES,
        params=settings.propensity.model_dump(mode="json") | {"tested_week": report.plan.test.week},
        tags={"evaluation": f"week {report.plan.test.week}"},
    ) as run:
        served = next(row for row in means if row.kind == "product")
        run.metrics({name: getattr(served, name) for name in ("auc", "ap", "lift10", "ece", "auc_never")})
        run.table("evaluation", pd.DataFrame(records.rows))
        run.table("targets", pd.DataFrame(records.targets))
        run.table("reliability", pd.DataFrame(records.reliability))


def _plain(record: Mapping[str, object]) -> dict[str, Figure]:
    plain: dict[str, Figure] = {}
    for name, value in record.items():
        if isinstance(value, float):
            plain[name] = None if np.isnan(value) else value
        else:
            plain[name] = value if isinstance(value, int | str) else str(value)
    return plain
