"""The part of `faces train` that learns who redeems coupons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serving.cli.coupon_tables import show_coupon_quality
from serving.cli.screen import progress, say

if TYPE_CHECKING:
    from features.contracts.settings import Settings
    from features.store.history import History
    from training.tracking import Tracking


def train_coupon_redemption(settings: Settings, history: History, tracking: Tracking) -> dict[str, object] | None:
    """The figures of the new version, None for a shop that has no coupons to learn from; a sentence says so."""
    from training.coupons.report import quality_rows
    from training.coupons.train import NotTrained, train_coupons

    with progress("coupon redemption") as report:
        trained = train_coupons(settings, history, tracking, as_of=history.build.as_of, progress=report)
    if isinstance(trained, NotTrained):
        say(trained.sentence)
        return None
    show_coupon_quality(f"Coupon redemption, version {trained.version.number}", trained.report)
    return {
        "version": trained.version.number,
        "run_id": trained.version.run_id,
        "quality": quality_rows(trained.report.quality),
    }
