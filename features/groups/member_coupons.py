"""Member coupons: how a member answers coupons, from the lines they were used on and from campaigns."""

from __future__ import annotations

from datetime import datetime

from ibis.expr.types import Table

from features.groups.declaration import FeatureGroup, age, before, count, days_before, is_within, moment, number, total
from features.tables.shop_tables import ShopTables

WINDOWS_DAYS = (28, 91, 365)


def compute_member_coupons(tables: ShopTables, as_of: datetime) -> Table:
    """Coupon use of each member with a purchase within 365 days before `as_of`. One row per member."""
    lines = _coupon_lines(tables.purchases, as_of)
    parts = (_redemptions(tables.coupon_redemptions, as_of), _contacts(tables.campaign_contacts, as_of))
    for part in parts:
        lines = lines.left_join(part, "member_id").drop("member_id_right")
    counted = ("redemptions_91d", "redemptions_365d", "redemption_days", "campaigns_redeemed", "campaigns_received")
    return lines.mutate(**{name: lines[name].fill_null(0) for name in counted})


def _coupon_lines(purchases: Table, as_of: datetime) -> Table:
    lines = before(purchases, as_of)
    lines = lines.filter(is_within(lines.ordered_at, as_of, 365), lines.member_id.notnull())
    used = lines.has_coupon
    windows = {
        f"coupon_lines_{days}d": lines.count(where=used & is_within(lines.ordered_at, as_of, days))
        for days in WINDOWS_DAYS
    }
    return lines.group_by("member_id").aggregate(
        **windows,
        coupon_orders=lines.order_id.nunique(where=used),
        last_coupon_at=lines.ordered_at.max(where=used),
        coupon_spend_share=total(lines.spend, where=used).fill_null(0.0) / total(lines.spend).nullif(0.0),
    )


def _redemptions(redemptions: Table, as_of: datetime) -> Table:
    known = redemptions.filter(
        redemptions.redeemed_at < days_before(as_of, 0), is_within(redemptions.redeemed_at, as_of, 365)
    )
    return known.group_by("member_id").aggregate(
        redemptions_91d=known.count(where=is_within(known.redeemed_at, as_of, 91)),
        redemptions_365d=known.count(),
        redemption_days=known.redeemed_at.nunique(),
        campaigns_redeemed=known.campaign_id.nunique(),
        last_redeemed_at=known.redeemed_at.max(),
    )


def _contacts(contacts: Table, as_of: datetime) -> Table:
    known = contacts.filter(contacts.contacted_at < days_before(as_of, 0), is_within(contacts.contacted_at, as_of, 365))
    return known.group_by("member_id").aggregate(
        campaigns_received=known.campaign_id.nunique(), last_contacted_at=known.contacted_at.max()
    )


MEMBER_COUPONS = FeatureGroup(
    name="member_coupons",
    entities=("member",),
    sentence="How a member answers coupons, over the last 365 days.",
    features=(
        *(count(f"coupon_lines_{days}d", "lines", f"lines bought with a coupon, {days} days") for days in WINDOWS_DAYS),
        count("coupon_orders", "orders", "orders with a coupon"),
        moment("last_coupon_at", "latest line bought with a coupon"),
        number("coupon_spend_share", "share", "share of the spend on lines bought with a coupon"),
        count("redemptions_91d", "redemptions", "coupons of campaigns redeemed in the last 91 days"),
        count("redemptions_365d", "redemptions", "coupons of campaigns redeemed in the last 365 days"),
        count("redemption_days", "days", "different moments of redemption"),
        count("campaigns_redeemed", "campaigns", "campaigns of which a coupon was redeemed"),
        moment("last_redeemed_at", "latest redemption"),
        count("campaigns_received", "campaigns", "campaigns that reached the member"),
        moment("last_contacted_at", "latest campaign that reached the member"),
    ),
    derived=(
        age("days_since_coupon", of="last_coupon_at", sentence="days since the latest line bought with a coupon"),
        age("days_since_redemption", of="last_redeemed_at", sentence="days since the latest redemption"),
        age("days_since_contact", of="last_contacted_at", sentence="days since the latest campaign"),
    ),
    compute=compute_member_coupons,
)
