"""Who is asked about which campaign, as of when, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from features.store.history import EVENT_TIMESTAMP
from training.coupons.tables import CouponTables

ASK = "ask"
"""Column: number of the member-campaign pair."""
REDEEMED = "is_redeemed"
USED = "is_used"


def asks_of_campaigns(tables: CouponTables, campaigns: Sequence[str], *, seen_until: datetime) -> pd.DataFrame:
    """Every member reached by one of the campaigns, as of its start, and whether the member redeemed of it.

    Columns ask, member_id, campaign_id, event_timestamp, is_redeemed; sorted by campaign and member. Redemptions at or
    after `seen_until` are not seen. A campaign without contacts is open to everybody who had bought within the 91 days
    before it.
    """
    found = tables.rows(
        f"""
        WITH asked AS (SELECT campaign_id, starts_at FROM campaign WHERE list_contains($campaigns, campaign_id)),
        reached AS (
            SELECT campaign_id, member_id, starts_at FROM asked JOIN contact USING (campaign_id)
            UNION
            SELECT campaign_id, member_id, starts_at
            FROM asked ANTI JOIN contact USING (campaign_id)
            JOIN purchases ON ordered_at < starts_at AND ordered_at >= starts_at - INTERVAL 91 DAY
            WHERE member_id IS NOT NULL
        )
        SELECT member_id, campaign_id, starts_at AS {EVENT_TIMESTAMP},
               EXISTS (SELECT 1 FROM redemption WHERE redemption.campaign_id = reached.campaign_id
                       AND redemption.member_id = reached.member_id AND redeemed_at < $until) AS {REDEEMED}
        FROM reached ORDER BY starts_at, campaign_id, member_id
        """,
        {"campaigns": list(campaigns), "until": seen_until},
    )
    return numbered(found)


def running_asks(tables: CouponTables, member_ids: Sequence[str], *, as_of: datetime) -> pd.DataFrame:
    """Every running campaign that a member may redeem of, as of a moment.

    Columns ask, member_id, campaign_id, event_timestamp; sorted by campaign and member.
    """
    found = tables.rows(
        f"""
        WITH running AS (SELECT campaign_id FROM campaign WHERE starts_at <= $as_of AND ends_at > $as_of)
        SELECT member_id, campaign_id, $as_of AS {EVENT_TIMESTAMP} FROM (
            SELECT campaign_id, asked.member_id FROM running CROSS JOIN asked
            WHERE campaign_id NOT IN (SELECT campaign_id FROM contact)
            UNION
            SELECT campaign_id, member_id
            FROM running JOIN contact USING (campaign_id) SEMI JOIN asked USING (member_id)
            WHERE contacted_at <= $as_of
        ) ORDER BY campaign_id, member_id
        """,
        {"as_of": as_of},
        asked=pd.DataFrame({"member_id": list(member_ids)}, dtype=object),
    )
    return numbered(found)


def offers_of(tables: CouponTables, asks: pd.DataFrame, *, seen_until: datetime) -> pd.DataFrame:
    """Every coupon of each ask's campaign: ask, coupon_id and whether the member used it.

    Sorted by ask and coupon. Redemptions at or after `seen_until` are not seen.
    """
    return tables.rows(
        f"""
        SELECT {ASK}, coupon_id, EXISTS (
            SELECT 1 FROM redemption WHERE redemption.campaign_id = asks.campaign_id
            AND redemption.member_id = asks.member_id AND redemption.coupon_id = coupon.coupon_id
            AND redeemed_at < $until
        ) AS {USED}
        FROM asks JOIN coupon USING (campaign_id)
        WHERE (campaign_id, coupon_id) IN (SELECT (campaign_id, coupon_id) FROM scope)
        ORDER BY {ASK}, coupon_id
        """,
        {"until": seen_until},
        asks=asks,
    )


def numbered(asks: pd.DataFrame) -> pd.DataFrame:
    """The asks with their numbers, and their moment as an instant in UTC."""
    moments = pd.to_datetime(asks[EVENT_TIMESTAMP], utc=True)
    return asks.assign(**{EVENT_TIMESTAMP: moments}).assign(**{ASK: np.arange(len(asks))})
