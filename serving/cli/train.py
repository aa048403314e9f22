"""`faces train`: learn from the features."""

from __future__ import annotations

from dataclasses import asdict
from json import loads
from typing import Annotated

import typer

from serving.cli.options import AsOf, JsonFile, settings_at, write_figures
from serving.cli.screen import progress, say, show_table


def train(
    *,
    model: Annotated[str, typer.Option(help="product_affinity, purchase_propensity or all")] = "all",
    as_of: AsOf = None,
    json: JsonFile = None,
) -> None:
    """Learn what members like and who buys what; report both beside their baselines on later weeks.

    Every run is kept in MLflow. The new versions come into use by `faces promote` and `faces release`.
    """
    if model not in ("all", "product_affinity", "purchase_propensity"):
        raise typer.BadParameter(f"'{model}' is no model; there are product_affinity, purchase_propensity and all")
    settings, moment = settings_at(as_of)

    from serving.cli.steps import history_to
    from training.affinity.train import train_affinity
    from training.propensity.train import train_propensity
    from training.tracking import open_tracking

    figures: dict[str, object] = {}
    with progress("features") as report:
        history = history_to(settings, moment, report)
    tracking = open_tracking(settings)
    if model in ("all", "product_affinity"):
        with progress("product affinity") as report:
            affinity = train_affinity(settings, history, tracking, as_of=history.build.as_of, progress=report)
        rows = [
            [q.source, q.recall_at_10, q.ndcg_at_10, q.hit_at_10, q.precision_at_10, q.coverage_at_10]
            for q in affinity.report.quality
        ]
        show_table(
            f"Product affinity, version {affinity.version.number}: full catalogue, mean over the test weeks",
            ["source", "recall@10", "ndcg@10", "hit@10", "precision@10", "coverage@10"],
            rows,
        )
        for sentence in affinity.report.not_evaluated:
            say(f"not evaluated: {sentence}")
        figures["product_affinity"] = {
            "version": affinity.version.number,
            "run_id": affinity.version.run_id,
            "weights": asdict(affinity.report.weights),
            "quality": [asdict(quality) for quality in affinity.report.quality],
        }
    if model in ("all", "purchase_propensity"):
        with progress("purchase propensity") as report:
            propensity = train_propensity(settings, history, tracking, as_of=history.build.as_of, progress=report)
        means = propensity.quality.means()
        show_table(
            f"Purchase propensity, version {propensity.version.number}: snapshot of "
            f"{propensity.plan.test.at:%Y-%m-%d}, mean over categories",
            ["method", "auc", "average precision", "lift at 10%", "ece", "categories"],
            [[row.method, row.auc, row.ap, row.lift10, row.ece, row.categories] for row in means.itertuples()],
        )
        figures["purchase_propensity"] = {
            "version": propensity.version.number,
            "run_id": propensity.version.run_id,
            "quality": loads(means.to_json(orient="records")),
        }
    say(f"wrote {settings.paths.mlflow}; next: faces promote")
    write_figures(json, figures)
