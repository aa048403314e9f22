"""The tables of coupon quality as commands print them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serving.cli.screen import say, show_table

if TYPE_CHECKING:
    from training.coupons.train import CouponReport


def show_coupon_quality(title: str, report: CouponReport) -> None:
    """Prints a table for each task, and what they were measured on."""
    from training.coupons.report import coupon_quality_rows, quality_rows

    records = quality_rows(report.quality)
    for task, question in (
        ("redemption", "does a reached member redeem?"),
        ("choice", "which coupon does a redeeming member use?"),
    ):
        heading, rows = coupon_quality_rows(records, task=task)
        show_table(f"{title}: {question}", heading, rows)
    measured = {row.task: row.rows for row in report.quality}
    reached, redeemed = measured["redemption"], measured["choice"]
    say(
        f"{len(report.plan.test)} campaigns from {report.plan.test_from:%Y-%m-%d} on reached members {reached:,} "
        f"times, {redeemed:,} times one redeemed; chosen on the {len(report.plan.validate)} campaigns before: "
        f"{report.recipes.redemption.label} and {report.recipes.choice.label}"
    )
    say("propensity, not uplift: nobody was left out of these campaigns by lot")
