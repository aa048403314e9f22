"""`faces train`: learn from the features."""

from __future__ import annotations

from dataclasses import asdict
from json import loads
from typing import Annotated, get_args

import typer

from serving.cli.options import AsOf, JsonFile, settings_at, write_figures
from serving.cli.screen import progress, say, show_table
from serving.cli.train_coupons import train_coupon_redemption


def train(
    *,
    model: Annotated[str, typer.Option(help="product_affinity, purchase_propensity, coupon_redemption or all")] = "all",
    as_of: AsOf = None,
    json: JsonFile = None,
) -> None:
    """Learn what members like, who buys what and who redeems coupons; report each beside its baselines on later data.

    Every run is kept in MLflow. The new versions come into use by `faces promote` and `faces release`.
    """
    settings, moment = settings_at(as_of)

    from serving.cli.steps import history_to
    from training.propensity.train import train_propensity
    from training.recommendations.train import train_recommendations
    from training.tracking import Model, open_tracking

    models: tuple[Model, ...] = get_args(Model)
    if model not in ("all", *models):
        raise typer.BadParameter(f"'{model}' is no model; there are {', '.join(models)} and all")
    figures: dict[str, object] = {}
    with progress("features") as report:
        history = history_to(settings, moment, report)
    tracking = open_tracking(settings)
    if model in ("all", "product_affinity"):
        with progress("product affinity") as report:
            affinity = train_recommendations(settings, history, tracking, as_of=history.build.as_of, progress=report)
        rows = [
            [row.method, row.recall, row.ndcg, row.hit, row.precision, row.coverage] for row in affinity.report.overall
        ]
        show_table(
            f"Product affinity, version {affinity.version.number}: full catalogue, mean over the test weeks",
            ["method", "recall@10", "ndcg@10", "hit@10", "precision@10", "coverage@10"],
            rows,
        )
        for sentence in affinity.report.not_evaluated:
            say(f"not evaluated: {sentence}")
        figures["product_affinity"] = {
            "version": affinity.version.number,
            "run_id": affinity.version.run_id,
            "has_ranker": affinity.ranker is not None,
            "quality": [asdict(row) for row in affinity.report.overall],
        }
    if model in ("all", "purchase_propensity"):
        with progress("purchase propensity") as report:
            propensity = train_propensity(settings, history, tracking, as_of=history.build.as_of, progress=report)
        means = propensity.quality.means()
        show_table(
            f"Purchase propensity, version {propensity.version.number}: snapshot of "
            f"{propensity.plan.test.at:%Y-%m-%d}, mean over targets never seen",
            ["method", "auc", "average precision", "lift at 10%", "ece", "auc never bought", "targets"],
            [
                [row.method, row.auc, row.ap, row.lift10, row.ece, row.auc_never, row.targets]
                for row in means.itertuples()
            ],
        )
        figures["purchase_propensity"] = {
            "version": propensity.version.number,
            "run_id": propensity.version.run_id,
            "quality": loads(means.to_json(orient="records")),
        }
    if model in ("all", "coupon_redemption"):
        coupons = train_coupon_redemption(settings, history, tracking)
        if coupons is not None:
            figures["coupon_redemption"] = coupons
    say(f"wrote {settings.paths.mlflow}; next: faces promote")
    write_figures(json, figures)
