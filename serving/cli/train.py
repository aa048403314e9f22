"""`faces train`: learn from the features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from json import loads
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from serving.cli.options import AsOf, JsonFile, settings_at, write_figures
from serving.cli.screen import progress, say, show_table
from serving.cli.train_coupons import train_coupon_redemption

if TYPE_CHECKING:
    from features.contracts.settings import Settings
    from training.minimum import Fallback
    from training.propensity.train import TrainedPropensity
    from training.recommendations.train import TrainedModel


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
    from serving.forgetting.watch import forgotten_now
    from training.propensity.train import train_propensity
    from training.recommendations.train import train_recommendations
    from training.release.forgetting import keep_out_of_models
    from training.tracking import Model, open_tracking

    models: tuple[Model, ...] = get_args(Model)
    if model not in ("all", *models):
        raise typer.BadParameter(f"'{model}' is no model; there are {', '.join(models)} and all")
    figures: dict[str, object] = {}
    with progress("features") as report:
        history = history_to(settings, moment, report)
    tracking = open_tracking(settings)
    _say_moved(settings, as_of=history.build.as_of)
    if model in ("all", "product_affinity"):
        with progress("product affinity") as report:
            affinity = train_recommendations(settings, history, tracking, as_of=history.build.as_of, progress=report)
        figures["product_affinity"] = _show_affinity(affinity)
    if model in ("all", "purchase_propensity"):
        with progress("purchase propensity") as report:
            propensity = train_propensity(settings, history, tracking, as_of=history.build.as_of, progress=report)
        figures["purchase_propensity"] = _show_propensity(propensity)
    if model in ("all", "coupon_redemption"):
        coupons = train_coupon_redemption(settings, history, tracking)
        if coupons is not None:
            figures["coupon_redemption"] = coupons
    # somebody may have asked while it was learnt
    keep_out_of_models(settings.paths, forgotten_now(settings))
    say(f"wrote {settings.paths.mlflow}; next: faces promote")
    write_figures(json, figures)


def _show_affinity(found: TrainedModel) -> dict[str, object]:
    number = found.version.number
    rows = [[row.method, row.recall, row.ndcg, row.hit, row.precision, row.coverage] for row in found.report.overall]
    if rows:
        show_table(
            f"Product affinity, version {number}: full catalogue, mean over the test weeks",
            ["method", "recall@10", "ndcg@10", "hit@10", "precision@10", "coverage@10"],
            rows,
        )
    else:
        say(f"product affinity, version {number}: no week could be tested")
    for sentence in found.report.not_evaluated:
        say(f"not evaluated: {sentence}")
    _say_fallbacks(found.report.fallbacks)
    return {
        "version": number,
        "run_id": found.version.run_id,
        "has_ranker": found.ranker is not None,
        "quality": [asdict(row) for row in found.report.overall],
        "fallbacks": [each.sentence for each in found.report.fallbacks],
    }


def _show_propensity(found: TrainedPropensity) -> dict[str, object]:
    number = found.version.number
    figures: dict[str, object] = {
        "version": number,
        "run_id": found.version.run_id,
        "quality": [],
        "fallbacks": [each.sentence for each in found.fallbacks],
    }
    if found.quality is None:
        say(f"purchase propensity, version {number}: no snapshot could be tested")
    else:
        means = found.quality.means()
        show_table(
            f"Purchase propensity, version {number}: snapshot of {found.tested_at:%Y-%m-%d}, mean over targets "
            f"{'never seen' if found.is_learnt else 'bought most'}",
            ["method", "auc", "average precision", "lift at 10%", "ece", "auc never bought", "targets"],
            [
                [row.method, row.auc, row.ap, row.lift10, row.ece, row.auc_never, row.targets]
                for row in means.itertuples()
            ],
        )
        figures["quality"] = loads(means.to_json(orient="records"))
    _say_fallbacks(found.fallbacks)
    return figures


def _say_fallbacks(fallbacks: Sequence[Fallback]) -> None:
    for each in fallbacks:
        say(each.sentence)


def _say_moved(settings: Settings, *, as_of: datetime) -> None:
    from training.cutoffs import words_on_moved
    from training.propensity.plan import propensity_weeks_moved

    moved = propensity_weeks_moved(settings, as_of=as_of)
    for sentence in words_on_moved(
        settings.propensity.test_week, moved, anchor=settings.week_anchor, zone=settings.zone
    ):
        say(sentence)
