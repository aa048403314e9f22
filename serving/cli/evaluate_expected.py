"""`faces evaluate expected`: whether as many buy, and for as much, as is told of an audience, on later snapshots."""

from __future__ import annotations

from dataclasses import asdict
from math import isfinite
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serving.cli.evaluate_recommendations import Keep, week_numbers
from serving.cli.options import JsonFile, settings_at, write_figures
from serving.cli.screen import progress, say, show_table

if TYPE_CHECKING:
    from training.evaluation.expected_run import ExpectedEvaluation

SNAPSHOTS = "34,36,38,40,42,44,46,48,50"
HELD_OUT_SHARE = 0.2
PROTOCOL = (
    "At the start of each snapshot's week a model that has learnt from labels that had ended by then scores every "
    "target for every active member; the errors of earlier snapshots, of which the windows had ended too, make the "
    "90% interval. Targets are categories, types, brands within a category, single products, departments and mixtures "
    "of products (evenly over their penetration before the first snapshot), visits, redemptions and lapse; each is cut "
    "to the best 1, 5, 10 and 50% of the active members and not at all. The form was chosen on the snapshots up to "
    "week 42; those from week 44 on are the test. Counts are whole, so intervals of few buyers hold more than 90%. "
    "The households were chosen as frequent shoppers of the whole year: figures on lapse are optimistic."
)


def evaluate_expected(
    *,
    snapshots: Annotated[str, typer.Option(help="weeks at whose start audiences are forecast")] = SNAPSHOTS,
    json: JsonFile = None,
    keep: Keep = None,
) -> None:
    """Show how often the true number of buyers, and their spend, lay within what would have been told.

    At each snapshot nothing is used that was not known then. The last table is the placebo: nobody was told anything,
    so selected and held-out members must not differ. The table is kept in MLflow.
    """
    weeks = week_numbers(snapshots)
    settings, _ = settings_at(None)

    from features.snapshots import build_features
    from features.store.history import open_history
    from features.tables.storage import current_tables
    from serving.audiences.holdout import held_out
    from training.cutoffs import words_on_moved
    from training.evaluation.expected_run import evaluate_expected as evaluate
    from training.evaluation.expected_run import log_expected, plan_expected
    from training.tracking import open_tracking

    tables = current_tables(settings.paths)
    with progress("features") as report:
        plan = plan_expected(settings, weeks, as_of=tables.latest_at, first=None)
        built = build_features(settings, as_of=None, extra_moments=plan.moments, progress=report)
        history = open_history(settings, built)
    for sentence in words_on_moved(max(weeks), plan.moved, anchor=settings.week_anchor, zone=settings.zone):
        say(sentence)
    with progress("evaluation") as report:
        found = evaluate(
            settings,
            history,
            weeks=weeks,
            hold_out=lambda ids, salt: held_out(ids, share=HELD_OUT_SHARE, salt=salt),
            held_out_share=HELD_OUT_SHARE,
            progress=report,
        )
    _show(found)
    figures = {
        "rows": [_plain(asdict(row)) for row in found.rows],
        "reliability": [asdict(each) for each in found.reliability],
        "placebo": asdict(found.placebo),
    }
    write_figures(json, figures)
    write_figures(
        keep,
        {
            "command": f"faces evaluate expected --snapshots {snapshots}",
            "data": f"{tables.counts['order_lines']:,} order lines",
            "protocol": PROTOCOL,
            **figures,
        },
    )
    log_expected(settings, open_tracking(settings), found, as_of=history.build.as_of)


def _show(found: ExpectedEvaluation) -> None:
    show_table(
        "Expected buyers and revenue: share of audiences whose truth lay in the 90% interval",
        ["audiences", "group", "number", "buyers", "expected / actual", "sum of p / actual", "revenue", "exp. / act."],
        [
            [
                row.grouping,
                row.group,
                row.audiences,
                row.held,
                row.predicted_to_actual,
                row.summed_to_actual,
                row.revenue_held,
                row.revenue_predicted_to_actual,
            ]
            for row in found.rows
        ],
    )
    show_table(
        "Reliability on the snapshots that nothing was chosen on",
        ["probability", "members", "mean probability", "share who did it"],
        [
            [f"{each.lowest:g} to {each.highest:g}", each.members, each.predicted, each.actual]
            for each in found.reliability
        ],
    )
    say(
        f"placebo: of {found.placebo.audiences} audiences with {found.placebo.held_out_share:.0%} held out the 95% "
        f"interval of the difference holds no effect in {found.placebo.hold_no_effect}"
    )


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    # `Any` because JSON is: what could not be measured is null there.
    return {name: None if isinstance(value, float) and not isfinite(value) else value for name, value in row.items()}
