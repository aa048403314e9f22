"""`faces recommend --all`: what to show every member, into one file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

from serving.cli.options import settings_at, write_figures
from serving.cli.screen import progress, say


def recommend_all(
    *, scenario: str, count: int, locale: Literal["en", "zh"], out: Path, as_of: str | None, json: Path | None
) -> None:
    """Writes every member's items to `out` and prints how many there were."""
    settings, _ = settings_at(as_of)
    # before Feast, which would else switch the process's metrics to files
    import prometheus_client  # noqa: F401

    from serving.forgetting.watch import forgotten_now
    from serving.live_clock import wall_clock
    from serving.recommendations.batch import BatchQuery, recommend_everybody
    from training.release.shelf import require_active_release

    if settings.clock == "wall" and settings.as_of is None:
        # once for all, else each process would answer as of a moment of its own
        settings = settings.model_copy(update={"as_of": wall_clock()})
    release_id = require_active_release(settings.paths)
    query = BatchQuery(scenario=scenario, count=count, locale=locale)
    started = time.perf_counter()
    with progress("recommend") as report:
        written = recommend_everybody(
            settings, release_id, query, out, forgotten=forgotten_now(settings), progress=report
        )
    seconds = time.perf_counter() - started
    say(f"{scenario}: {written.rows:,} items for {written.members:,} members in {seconds:.1f} s, release {release_id}")
    say(f"wrote {out}")
    figures = {"members": written.members, "rows": written.rows, "seconds": seconds, "release": release_id}
    write_figures(json, figures | {"scenario": scenario, "count": count, "file": str(out)})
