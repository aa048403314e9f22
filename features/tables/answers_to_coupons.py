"""Which campaigns reached a member and which coupons the member redeemed, as features read them."""

from __future__ import annotations

from ibis.expr.types import Table

from features.tables.shop_tables import CAMPAIGN_CONTACTS, COUPON_REDEMPTIONS


def redemptions_of_members(coupon_redemptions: Table) -> Table:
    """One row per redemption by a known member (schema COUPON_REDEMPTIONS)."""
    known = coupon_redemptions.filter(coupon_redemptions.member_id.notnull())
    return known.mutate(redeemed_at=known.redeemed_at.cast("timestamp('UTC', 6)")).select(
        list(COUPON_REDEMPTIONS.names)
    )


def contacts_of_campaigns(contacts: Table) -> Table:
    """One row per member reached by a campaign (schema CAMPAIGN_CONTACTS); who was held out was not reached."""
    reached = contacts.filter(contacts.member_id.notnull(), ~contacts.is_holdout.fill_null(False))
    return (
        reached.group_by(["member_id", "campaign_id"])
        .aggregate(contacted_at=reached.contacted_at.min().cast("timestamp('UTC', 6)"))
        .select(list(CAMPAIGN_CONTACTS.names))
    )
