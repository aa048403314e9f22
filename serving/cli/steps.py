"""Steps that several commands begin with: features at the moment that is asked for, and their history."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from features.contracts.settings import Settings

if TYPE_CHECKING:
    from features.snapshots import FeatureBuild
    from features.store.history import History
    from serving.cli.screen import Report


def build_to(settings: Settings, moment: datetime | None, report: Report) -> FeatureBuild:
    """The features as of a moment (None: the latest), with the snapshots that training asks for."""
    from features.snapshots import build_features
    from features.tables.storage import current_tables
    from features.tags.checking import check_tags
    from features.tags.stored import write_tags
    from training.propensity.plan import propensity_moments
    from training.recommendations.plan import plan_training

    check_tags(settings.tags)
    latest = current_tables(settings.paths).latest_at
    as_of = latest if moment is None else min(moment, latest)
    build = build_features(
        settings,
        as_of=moment,
        extra_moments=[
            *plan_training(settings, as_of=as_of, first=None).moments,
            *propensity_moments(settings, as_of=as_of),
        ],
        progress=report,
    )
    write_tags(settings, build)
    return build


def history_to(settings: Settings, moment: datetime | None, report: Report) -> History:
    """History of the features as of a moment, built where they are missing."""
    from features.store.history import open_history

    return open_history(settings, build_to(settings, moment, report))
