"""What a training of recommendations found, and how it is logged and registered."""

from __future__ import annotations

import re
import tempfile
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from features.contracts.settings import Settings
from training.affinity.model import AffinityModel
from training.affinity.model_files import save_affinity
from training.affinity.pairs import GROUP, PAIR_FEATURES
from training.evaluation.recommendations import Evaluation
from training.evaluation.summary import ALL, EvaluationRow
from training.minimum import Fallback
from training.promotion import PRIMARY, PRIMARY_ERROR
from training.ranker.features import RANKER_FEATURES
from training.ranker.model import RankerModel
from training.recommendations.charts import recall_chart
from training.tracking import ModelVersion, TrackedRun, Tracking, fallback_tags

FEATURES = (*(f"{GROUP}__{name}" for name in PAIR_FEATURES), *(f"ranker__{name}" for name in RANKER_FEATURES))
"""The features that the models read."""

ORDER = "order served"
"""Method of the table: the ranker's order, or the blend's in a shop too small for a ranker."""


@dataclass(frozen=True, kw_only=True)
class RecommendationReport:
    """What training found: the quality on the test weeks, and what could not be learnt or evaluated."""

    rows: tuple[EvaluationRow, ...]
    """By week and over all; empty when no week could be evaluated."""
    not_evaluated: tuple[str, ...]
    """A sentence for what could not be evaluated."""
    fallbacks: tuple[Fallback, ...] = ()
    """What answers in the place of models that the shop is too small for."""

    @property
    def overall(self) -> tuple[EvaluationRow, ...]:
        """The rows over all weeks."""
        return tuple(row for row in self.rows if row.week == ALL)


def register_affinity(
    settings: Settings,
    tracking: Tracking,
    model: AffinityModel,
    ranker: RankerModel | None,
    report: RecommendationReport,
) -> ModelVersion:
    """The new version, logged with its metrics, tables and plot, and with what could not be evaluated."""
    params: dict[str, object] = {
        **{f"affinity_{name}": value for name, value in settings.affinity.model_dump(mode="json").items()},
        **{f"ranker_{name}": value for name, value in settings.ranker.model_dump(mode="json").items()},
        "threads": settings.threads,
        "has_ranker": ranker is not None,
    }
    tags = fallback_tags(report.fallbacks)
    with tracking.run(model="product_affinity", as_of=model.as_of, features=FEATURES, params=params, tags=tags) as run:
        run.metrics({"members": len(model.member_ids), "products": len(model.catalogue)})
        log_quality(run, report.rows)
        if report.not_evaluated:
            run.text("not_evaluated", "\n".join(report.not_evaluated))
        with tempfile.TemporaryDirectory() as folder:
            if ranker is not None:
                ranker.save(Path(folder))
            save_affinity(model, Path(folder))
            run.model(Path(folder))
    return tracking.register(run)


def log_evaluation(settings: Settings, tracking: Tracking, found: Evaluation, *, as_of: datetime) -> None:
    """Keeps an evaluation beside the model's trainings."""
    params = settings.ranker.model_dump(mode="json")
    tags = {"kind": "evaluation"}
    with tracking.run(model="product_affinity", as_of=as_of, features=FEATURES, params=params, tags=tags) as run:
        log_quality(run, found.rows)
        run.table("limits", found.limits)
        if found.not_evaluated:
            run.text("not_evaluated", "\n".join(found.not_evaluated))


def log_quality(run: TrackedRun, rows: tuple[EvaluationRow, ...]) -> None:
    """Logs the table, its plot and the figures over all weeks; the order that is served is the primary metric."""
    if not rows:
        return
    run.table("quality", rows)
    overall = [row for row in rows if row.week == ALL]
    run.figure("recall", recall_chart(overall))
    for row in overall:
        # MLflow allows no apostrophe in the name of a metric.
        name = re.sub(r"\W+", "_", row.method)
        figures = asdict(row)
        run.metrics(
            {f"{name}_{figure}_at_10": figures[figure] for figure in ("recall", "ndcg", "hit", "precision", "coverage")}
        )
        if row.method == ORDER:
            run.metrics({PRIMARY: row.recall, PRIMARY_ERROR: row.recall_error})
