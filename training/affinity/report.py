"""What an affinity training found, and how it is logged and registered."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from features.contracts.settings import Settings
from training.affinity.blend import BlendWeights
from training.affinity.charts import recall_chart
from training.affinity.evaluation import BLEND, Quality
from training.affinity.model import AffinityModel
from training.affinity.model_files import save_affinity
from training.affinity.pairs import GROUP
from training.promotion import PRIMARY, PRIMARY_ERROR
from training.tracking import ModelVersion, Tracking

FEATURES = tuple(f"{GROUP}__{name}" for name in ("orders_365d", "decayed_orders", "last_ordered_at", "gap_days"))
"""The features that the model reads."""


@dataclass(frozen=True, kw_only=True)
class AffinityReport:
    """What training found: the weights, the quality on the test weeks, and what could not be evaluated."""

    weights: BlendWeights
    quality: tuple[Quality, ...]
    """One row per source over all test weeks, the blend first; empty when no week could be evaluated."""
    weekly: tuple[Quality, ...]
    """The same for each test week."""
    not_evaluated: tuple[str, ...]
    """A sentence for each week that could not be evaluated."""


def register_affinity(
    settings: Settings, tracking: Tracking, model: AffinityModel, report: AffinityReport
) -> ModelVersion:
    """The new version, logged with its metrics, tables and plot, and with what could not be evaluated."""
    params: dict[str, object] = {
        **{f"weight_{name}": value for name, value in asdict(report.weights).items()},
        **settings.affinity.model_dump(mode="json"),
        "threads": settings.threads,
    }
    with tracking.run(model="product_affinity", as_of=model.as_of, features=FEATURES, params=params) as run:
        run.metrics({"members": len(model.member_ids), "products": len(model.catalogue), **_metrics(report)})
        if report.quality:
            run.table("quality", report.quality)
            run.table("quality_by_week", report.weekly)
            run.figure("recall", recall_chart(report.quality))
        if report.not_evaluated:
            run.text("not_evaluated", "\n".join(report.not_evaluated))
        with tempfile.TemporaryDirectory() as folder:
            save_affinity(model, Path(folder))
            run.model(Path(folder))
    return tracking.register(run)


def _metrics(report: AffinityReport) -> dict[str, float]:
    found: dict[str, float] = {}
    for row in report.quality:
        name = row.source.replace("-", "_")
        found |= {
            f"{name}_recall_at_10": row.recall_at_10,
            f"{name}_ndcg_at_10": row.ndcg_at_10,
            f"{name}_hit_at_10": row.hit_at_10,
            f"{name}_precision_at_10": row.precision_at_10,
            f"{name}_coverage_at_10": row.coverage_at_10,
        }
        if row.source == BLEND:
            found |= {PRIMARY: row.recall_at_10, PRIMARY_ERROR: row.recall_at_10_error}
    return found
