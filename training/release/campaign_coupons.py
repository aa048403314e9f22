"""The coupons of the campaigns that a release may be asked about: those that are not over when it is made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

FILE = "campaign_coupons.parquet"

_COUPONS = """
SELECT DISTINCT campaign_id, coupon_id, campaigns.name AS campaign_name, starts_at, ends_at, discount_type,
       face_value::DOUBLE AS face_value
FROM coupon JOIN campaign USING (campaign_id) LEFT JOIN campaigns USING (campaign_id), now
WHERE ends_at > as_of ORDER BY campaign_id, coupon_id
"""


@dataclass(frozen=True, kw_only=True)
class CampaignCoupon:
    """A coupon of a campaign."""

    campaign_id: str
    coupon_id: str
    campaign_name: str | None
    starts_at: datetime
    ends_at: datetime
    """First moment after the campaign."""
    discount_type: str | None
    face_value: float | None

    def is_running(self, at: datetime) -> bool:
        """Whether the campaign runs at the moment."""
        return self.starts_at <= at < self.ends_at


@dataclass(frozen=True)
class CampaignCoupons:
    """Coupons of campaigns."""

    coupons: Sequence[CampaignCoupon]

    @cached_property
    def by_campaign(self) -> Mapping[str, Sequence[CampaignCoupon]]:
        """The coupons of each campaign; empty for a campaign that is not known."""
        found: defaultdict[str, list[CampaignCoupon]] = defaultdict(list)
        for coupon in self.coupons:
            found[coupon.campaign_id].append(coupon)
        return dict(found)


def write_campaign_coupons(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Writes them into a release folder; `con` is one of `open_profile_tables`."""
    pq.write_table(con.execute(_COUPONS).to_arrow_table(), folder / FILE)


def load_campaign_coupons(folder: Path) -> CampaignCoupons:
    """The coupons of a release folder; none where a release has no such file."""
    file = folder / FILE
    rows = pq.read_table(file).to_pylist() if file.is_file() else []
    return CampaignCoupons([CampaignCoupon(**row) for row in rows])
