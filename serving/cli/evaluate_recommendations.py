"""`faces evaluate recommendations`: how good recommendations are, beside everything simpler, on later weeks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.contracts.errors import Refused
from features.contracts.settings import Settings
from serving.cli.options import JsonFile, settings_at, write_figures
from serving.cli.screen import progress, say, show_table

if TYPE_CHECKING:
    from training.evaluation.recommendations import Evaluation

WEEKS = "46,48,50,52"
Weeks = Annotated[
    str | None,
    typer.Option(
        help=f"cut-offs to report on, as numbers of weeks; default: {WEEKS}, or as far back from the data's end"
    ),
]
Keep = Annotated[Path | None, typer.Option(help="also write what docs/quality.md is generated from")]


def evaluate_recommendations(
    *,
    weeks: Weeks = None,
    json: JsonFile = None,
    keep: Keep = None,
) -> None:
    """Show every baseline, source and variant, and what is served, on later weeks over the full catalogue.

    Rankers learn from weeks before these alone. Ties go to the more popular product, then to the smaller id. The table
    is kept in MLflow.
    """
    settings, _ = settings_at(None)

    from features.tables.storage import current_tables
    from training.recommendations.report import log_evaluation
    from training.tracking import open_tracking

    tables = current_tables(settings.paths)
    asked = chosen_weeks(settings, weeks, as_of=tables.latest_at)
    weeks = ",".join(map(str, asked))
    found = _evaluated(settings, asked, as_of=tables.latest_at)
    if not found.rows:
        raise Refused(f"evaluate: no week could be tested: {'; '.join(found.not_evaluated)}")
    _show(found, weeks)
    rows = [asdict(row) for row in found.rows]
    write_figures(json, rows)
    promoted = tables.counts.get("promotions", 0)
    write_figures(
        keep,
        {
            "command": f"faces evaluate recommendations --weeks {weeks}",
            "data": f"{tables.counts['order_lines']:,} order lines, {promoted:,} rows of promotions",
            "rows": rows,
            "limits": [asdict(limit) for limit in found.limits],
            "not_evaluated": list(found.not_evaluated),
        },
    )
    log_evaluation(settings, open_tracking(settings), found, as_of=tables.latest_at)


def _evaluated(settings: Settings, weeks: Sequence[int], *, as_of: datetime) -> Evaluation:
    from features.prepared import PURCHASES_FILE
    from features.snapshots import build_features
    from features.store.history import open_history
    from serving.recommendations.served_lists import served_lists
    from training.evaluation.recommendations import evaluate_recommendations as evaluate
    from training.minimum import fitted_to
    from training.recommendations.learning import Learner
    from training.recommendations.plan import first_purchase_at, plan_evaluation

    moments = plan_evaluation(settings, weeks, as_of=as_of, first=None).moments
    with progress("features") as report:
        history = open_history(settings, build_features(settings, as_of=None, extra_moments=moments, progress=report))
    first = first_purchase_at(history.build.folder / PURCHASES_FILE)
    plan = plan_evaluation(settings, weeks, as_of=as_of, first=first)
    fitted = fitted_to(settings, history.build.folder / PURCHASES_FILE, as_of=as_of)
    for each in fitted.fallbacks:
        say(each.sentence)
    learner = Learner(
        settings=fitted.settings,
        history=history,
        tables_folder=settings.paths.tables / history.build.tables_version,
        missing=list(plan.missing),
    )
    with progress("evaluation") as report:
        begun: list[str] = []

        def step(what: str) -> None:
            begun.append(what)
            report(len(begun) - 1, len(plan.moments) + 5, what)

        return evaluate(learner, plan, served=partial(served_lists, fitted.settings), step=step)


def _show(found: Evaluation, weeks: str) -> None:
    show_table(
        f"Recommendations, mean over weeks {weeks}: full catalogue, first 10",
        ["method", "kind", "recall@10", "ndcg@10", "coverage", "never bought", "gain"],
        [
            [row.method, row.kind, row.recall, row.ndcg, row.coverage, row.explore_recall, f"{row.gain:+.4f}"]
            for row in found.rows
            if row.week == "all"
        ],
    )
    for limit in found.limits:
        say(
            f"week {limit.week}: {limit.members:,} members, {limit.catalogue:,} products; candidates hold "
            f"{limit.candidate_recall:.3f} of what was bought; ten places cannot find more than {limit.ceiling:.3f}, "
            f"of products bought before {limit.ceiling_repeated:.3f}"
        )
    for sentence in found.not_evaluated:
        say(f"not evaluated: {sentence}")


def chosen_weeks(settings: Settings, weeks: str | None, *, as_of: datetime) -> list[int]:
    """The weeks that are named, else WEEKS: moved with the data's end where it does not cover them, which is said."""
    from training.cutoffs import words_on_moved
    from training.recommendations.plan import evaluated_weeks

    if weeks is not None:
        return week_numbers(weeks)
    usual = week_numbers(WEEKS)
    found = evaluated_weeks(settings, usual, as_of=as_of)
    for sentence in words_on_moved(usual[-1], found[-1] - usual[-1], anchor=settings.week_anchor, zone=settings.zone):
        say(sentence)
    return found


def week_numbers(weeks: str) -> list[int]:
    """The weeks of a text like WEEKS, in order. Raises typer.BadParameter."""
    try:
        return sorted({int(week) for week in weeks.split(",")})
    except ValueError as error:
        raise typer.BadParameter(f"'{weeks}': weeks are numbers with commas between them, like {WEEKS}") from error
