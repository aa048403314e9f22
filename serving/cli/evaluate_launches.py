"""`faces evaluate launches`: how well it is told who buys a product that has never been sold."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Annotated

import typer

from serving.cli.evaluate_recommendations import Keep
from serving.cli.options import AsOf, JsonFile, settings_at, write_figures
from serving.cli.screen import progress, say, show_table

if TYPE_CHECKING:
    from training.evaluation.launches import LaunchReport

PROTOCOL = (
    "A launch is a product first sold after the shop had been watched for five weeks. Every member seen before is "
    "ranked with what was known at midnight before the first sale; of the product itself only its category, "
    "subcategory, brand, label and the list price of its first week are known. A buyer buys within 28 days. Learnt "
    "from launches of weeks 7 to 25 with at least 10 buyers and from established products with their history hidden; "
    "reported are those of weeks 30 to 49 with at least 20 buyers, so all of it holds for products that do reach the "
    "shelves widely. How many buy is not known beforehand and differs more between launches than can be told: expected "
    "buyers are drawn to what past launches had, and the reported launches, chosen for their many buyers, have more: "
    "the last row measures the model on all launches of those weeks with at least 10. "
    "Rules leave members who never bought of the brand, type or category in the order of their spend in the category. "
    "± is the standard error over launches; a gain is over the best rule, with the 95% interval of a bootstrap over "
    "launches."
)


def evaluate_launches(
    *,
    seed: Annotated[int | None, typer.Option(help="another seed than the settings'")] = None,
    as_of: AsOf = None,
    json: JsonFile = None,
    keep: Keep = None,
) -> None:
    """Show simple rules, variants and the launch model on launches that came after all that was learnt from.

    Every member seen before a launch is ranked with what was known then. The tables are kept in MLflow.
    """
    settings, moment = settings_at(as_of)
    if seed is not None:
        settings = settings.model_copy(update={"seed": seed})

    from features.snapshots import build_features
    from features.tables.storage import current_tables
    from training.cutoffs import words_on_moved
    from training.evaluation.launches import LaunchWeeks
    from training.evaluation.launches import evaluate_launches as evaluate
    from training.evaluation.launches_run import launch_rows, log_launches
    from training.tracking import open_tracking

    tables = current_tables(settings.paths)
    with progress("features") as report:
        build = build_features(settings, as_of=moment, progress=report)
    weeks = LaunchWeeks().within(settings, as_of=build.as_of)
    usual = LaunchWeeks()
    for sentence in words_on_moved(
        usual.report_to, weeks.report_to - usual.report_to, anchor=settings.week_anchor, zone=settings.zone
    ):
        say(sentence)
    with progress("launches") as report:
        found = evaluate(settings, build, as_of=build.as_of, weeks=weeks, progress=report)
    log_launches(settings, open_tracking(settings), found, as_of=build.as_of)
    _show(found)
    rows = launch_rows(found.rows)
    write_figures(json, rows)
    command = "faces evaluate launches" + ("" if seed is None else f" --seed {seed}")
    data = f"{tables.counts['order_lines']:,} order lines"
    write_figures(
        keep,
        {"command": command, "data": data, "protocol": PROTOCOL, "rows": rows, "launches": dict(found.by_launch)},
    )


def _show(found: LaunchReport) -> None:
    show_table(
        f"Launches: mean over {found.reported} of weeks {found.weeks.report_from} to {found.weeks.report_to}, learnt "
        f"from {found.learnt} of weeks {found.weeks.learn_from} to {found.weeks.learn_to}",
        ["method", "kind", "auc", "+-", "average precision", "lift at 10%", "+-", "ece"],
        [
            [row.method, row.kind, row.auc, row.auc_error, row.ap, row.lift10, row.lift10_error, row.ece]
            for row in found.rows
            if row.level == "all"
        ],
    )
    served = next(row for row in found.rows if row.kind == "product" and row.level == "all")
    say(
        f"over the best rule: AUC {served.auc_gain:+.4f} ({served.auc_gain_low:+.4f} to {served.auc_gain_high:+.4f}), "
        f"lift at 10% {served.lift10_gain:+.3f} ({served.lift10_gain_low:+.3f} to {served.lift10_gain_high:+.3f})"
    )
    for row in found.rows:
        if row.level == "all" and not isnan(row.predicted):
            say(
                f"{row.method}: {row.launches} launches, {row.predicted:,.0f} buyers expected and {row.buyers:,} came; "
                f"calibration error over all {row.pooled_ece:.4f}"
            )
