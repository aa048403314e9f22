"""Which campaigns the coupon model learns from, is chosen on and is reported on: always earlier ones first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from features.contracts.settings import CouponSettings
from training.coupons.tables import CouponTables


@dataclass(frozen=True, kw_only=True)
class CouponPlan:
    """Ids of campaigns in the order in which they start."""

    learn: tuple[str, ...]
    validate: tuple[str, ...]
    test: tuple[str, ...]
    test_from: datetime
    """Start of the first test campaign."""

    @property
    def before_test(self) -> tuple[str, ...]:
        return (*self.learn, *self.validate)

    @property
    def every(self) -> tuple[str, ...]:
        return (*self.before_test, *self.test)


def plan_coupons(tables: CouponTables, settings: CouponSettings, *, as_of: datetime) -> CouponPlan | None:
    """The plan as of a moment, None with fewer than three campaigns that can be learnt from.

    A campaign counts when it started after the first purchase, has run for `min_days_run`, and somebody redeemed
    of it or was reached by it.
    """
    first = tables.first_purchase_at
    found = tables.rows(
        """
        SELECT campaign_id, starts_at FROM campaign
        WHERE starts_at > $first AND starts_at <= $latest
          AND campaign_id IN (SELECT campaign_id FROM scope)
          AND (campaign_id IN (SELECT campaign_id FROM contact) OR campaign_id IN (SELECT campaign_id FROM redemption))
        ORDER BY starts_at, campaign_id
        """,
        {"first": first or as_of, "latest": as_of - timedelta(days=settings.min_days_run)},
    )
    if len(found) < 3:
        return None
    tested = min(settings.test_campaigns, max(1, len(found) * 2 // 5))
    validated = min(settings.validate_campaigns, max(1, (len(found) - tested) * 2 // 5))
    ids = tuple(found["campaign_id"])
    learnt = len(ids) - tested - validated
    return CouponPlan(
        learn=ids[:learnt],
        validate=ids[learnt : learnt + validated],
        test=ids[learnt + validated :],
        test_from=found["starts_at"].iloc[learnt + validated].to_pydatetime(),
    )
