"""`faces evaluate propensity`: how well it is told who buys any of a set of products, on a later snapshot."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from serving.cli.evaluate_recommendations import Keep
from serving.cli.options import AsOf, JsonFile, settings_at, write_figures
from serving.cli.screen import progress, say, show_table

if TYPE_CHECKING:
    from features.contracts.settings import Settings
    from training.evaluation.propensity import PropensityReport

PROTOCOL = (
    "Every active member (a purchase within 91 days) is scored for every target at the start of the tested week; a "
    "buyer buys any product of it within 28 days. Targets are chosen by how many bought them in the 28 days of an "
    "early week that is learnt from (22 to 25 by default) and by nothing later, evenly over the range: 30 categories, "
    "15 product types, 15 brands within a category, 30 products; means are over those with enough buyers in the tested "
    "window. `thousand-faces` has learnt from 500 other sets and never from the targets themselves, though a set that "
    "holds one or lies in one may be among them; the variant has learnt from the targets too. Models of one target "
    "learn from every active member of the same snapshots and read its own history, its category's and the member's; "
    "with taste they also read the likeness that the pooled model comes with; rules are calibrated on the snapshot "
    "before. "
    "± is the standard error over targets; a gain is over the best baseline, with the 95% interval of a bootstrap over "
    "targets; never bought is the AUC among the members who had not bought the target within a year. The model's "
    "settings were chosen on the snapshot before the tested one."
)


def evaluate_propensity(
    *,
    snapshot: Annotated[int | None, typer.Option(help="week to test on; default: the settings' test_week")] = None,
    seed: Annotated[int | None, typer.Option(help="another choice of targets than the settings' seed makes")] = None,
    as_of: AsOf = None,
    json: JsonFile = None,
    keep: Keep = None,
) -> None:
    """Show the pooled model beside rules and models of one target, on targets that it has never learnt from.

    What is learnt moves back until none of it reaches the tested week. The tables are kept in MLflow.
    """
    settings, moment = settings_at(as_of)

    from features.tables.storage import current_tables
    from training.evaluation.propensity_run import log_propensity, propensity_records
    from training.tracking import open_tracking

    tables = current_tables(settings.paths)
    latest = tables.latest_at if moment is None else min(moment, tables.latest_at)
    week = _usual_week(settings, as_of=latest) if snapshot is None else snapshot
    found = _evaluated(settings, week=week, seed=settings.seed if seed is None else seed, as_of=latest)
    log_propensity(settings, open_tracking(settings), found, as_of=latest)
    _show(found)
    records = propensity_records(found)
    write_figures(json, records.rows)
    asked = "".join(
        f" --{name} {value}" for name, value in (("snapshot", snapshot), ("seed", seed)) if value is not None
    )
    write_figures(
        keep,
        {
            "command": f"faces evaluate propensity{asked}",
            "data": f"{tables.counts['order_lines']:,} order lines",
            "protocol": PROTOCOL,
            "week": week,
            "learnt_targets": found.learnt_targets,
            "rows": records.rows,
            "targets": records.targets,
            "reliability": records.reliability,
        },
    )


def _usual_week(settings: Settings, *, as_of: datetime) -> int:
    from training.cutoffs import words_on_moved
    from training.propensity.plan import propensity_weeks_moved

    week = settings.propensity.test_week
    moved = propensity_weeks_moved(settings, as_of=as_of)
    for sentence in words_on_moved(week, moved, anchor=settings.week_anchor, zone=settings.zone):
        say(sentence)
    return week + moved


def _evaluated(settings: Settings, *, week: int, seed: int, as_of: datetime) -> PropensityReport:
    from features.prepared import VISITS_FILE
    from features.snapshots import build_features, current_build
    from features.store.history import open_history
    from training.evaluation.propensity import evaluate_propensity as evaluate
    from training.evaluation.propensity import plan_propensity_evaluation
    from training.recommendations.plan import first_purchase_at

    with progress("features") as report:
        build_features(settings, as_of=as_of, progress=report)
        first = first_purchase_at(current_build(settings.paths).folder / VISITS_FILE)
        plan = plan_propensity_evaluation(settings, week, as_of=as_of, first=first)
        build = build_features(settings, as_of=as_of, extra_moments=plan.moments, progress=report)
    with progress("propensity") as report:
        return evaluate(settings, open_history(settings, build), week=week, seed=seed, as_of=as_of, progress=report)


def _show(found: PropensityReport) -> None:
    means = [row for row in found.rows if row.level == "all"]
    show_table(
        f"Propensity in week {found.plan.test.week}: mean over {means[0].targets} of {len(found.targets)} targets, "
        f"learnt from {found.learnt_targets} others",
        ["method", "kind", "auc", "+-", "average precision", "lift at 10%", "ece", "auc never bought"],
        [
            [row.method, row.kind, row.auc, row.auc_error, row.ap, row.lift10, row.ece, row.auc_never]
            for row in sorted(means, key=lambda row: row.auc)
        ],
    )
    served = next(row for row in means if row.kind == "product")
    say(
        f"over the best baseline: AUC {served.auc_gain:+.4f} ({served.auc_gain_low:+.4f} to "
        f"{served.auc_gain_high:+.4f}), average precision {served.ap_gain:+.4f} "
        f"({served.ap_gain_low:+.4f} to {served.ap_gain_high:+.4f}); better "
        f"than a model of the target alone on {served.targets_won:.0%} of the targets"
    )
    say("targets: " + "; ".join(each.name for each in found.targets))
