"""`faces evaluate coupons`: how well it is told who redeems and with which coupon, on later campaigns."""

from __future__ import annotations

from serving.cli.coupon_tables import show_coupon_quality
from serving.cli.evaluate_recommendations import Keep
from serving.cli.options import AsOf, JsonFile, settings_at, write_figures
from serving.cli.screen import progress, say

PROTOCOL = (
    "Models learn from the campaigns that start before the reported ones, and are chosen on the last of those. All is "
    "known as of a campaign's start. It is the propensity to redeem, never uplift: the campaigns were not randomised. "
    "Errors are standard errors over members; a gain stands with the interval of 95% of its resamples."
)


def evaluate_coupons(*, as_of: AsOf = None, json: JsonFile = None, keep: Keep = None) -> None:
    """Show every baseline, both kinds of model and the chosen one, on campaigns that start after what they learnt from.

    Errors are standard errors over members; a gain stands with the interval of 95% of its resamples.
    """
    settings, moment = settings_at(as_of)

    from features.snapshots import build_features
    from features.store.history import open_history
    from features.tables.storage import current_tables
    from training.coupons.report import quality_rows
    from training.coupons.train import NotTrained, report_on_coupons

    with progress("features") as report:
        history = open_history(settings, build_features(settings, as_of=moment, progress=report))
    with progress("coupons") as report:
        found = report_on_coupons(settings, history, as_of=history.build.as_of, progress=report)
    if isinstance(found, NotTrained):
        say(found.sentence)
        write_figures(json, [])
        return
    show_coupon_quality("Coupons", found)
    rows = quality_rows(found.quality)
    write_figures(json, rows)
    write_figures(
        keep,
        {
            "command": "faces evaluate coupons",
            "data": f"{current_tables(settings.paths).counts['coupon_redemptions']:,} redemptions",
            "protocol": PROTOCOL,
            "rows": rows,
        },
    )
