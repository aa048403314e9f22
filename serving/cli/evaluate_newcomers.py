"""`faces evaluate newcomers`: how well members without purchases are served, by hiding the purchases of known ones."""

from __future__ import annotations

from dataclasses import asdict

from features.contracts.errors import Refused
from serving.cli.evaluate_recommendations import Keep, Weeks, chosen_weeks
from serving.cli.options import JsonFile, settings_at, write_figures
from serving.cli.screen import progress, show_table


def evaluate_newcomers(
    *,
    weeks: Weeks = None,
    json: JsonFile = None,
    keep: Keep = None,
) -> None:
    """Show what members whose purchases are hidden would be recommended by their attributes and store.

    Half of the members with known attributes are hidden, drawn by the settings' seed; nothing they bought is seen.
    """
    settings, _ = settings_at(None)

    from features.prepared import PURCHASES_FILE
    from features.snapshots import build_features
    from features.tables.storage import current_tables
    from training.minimum import fitted_to
    from training.recommendations.plan import plan_evaluation
    from training.release.segment_keys import member_keys
    from training.release.segment_quality import cold_quality

    tables = current_tables(settings.paths)
    asked = chosen_weeks(settings, weeks, as_of=tables.latest_at)
    weeks = ",".join(map(str, asked))
    plan = plan_evaluation(settings, asked, as_of=tables.latest_at, first=None)
    with progress("features") as report:
        build = build_features(settings, as_of=None, progress=report)
    purchases = build.folder / PURCHASES_FILE
    fitted = fitted_to(settings, purchases, as_of=build.as_of)
    found = cold_quality(fitted.settings, purchases, member_keys(tables.folder), cutoffs=plan.tests)
    if not found:
        raise Refused("newcomers: no member has attributes to be known by; load member_records with birth_year or city")
    show_table(
        f"Newcomers, mean over weeks {weeks}: full catalogue, first 10",
        ["method", "recall@10", "+-", "ndcg@10", "hit@10", "precision@10", "gain", "+-"],
        [
            [row.method, row.recall, row.recall_error, row.ndcg, row.hit, row.precision, row.gain, row.gain_error]
            for row in found
            if row.week is None
        ],
    )
    rows = [asdict(row) | {"kind": "cold", "week": "all" if row.week is None else row.week} for row in found]
    write_figures(json, rows)
    write_figures(
        keep,
        {
            "command": f"faces evaluate newcomers --weeks {weeks}",
            "data": f"{tables.counts['order_lines']:,} order lines",
            "rows": rows,
        },
    )
