"""A member of whom everything is known, as the single view holds it, and the stores of a literal release."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from features.contracts.ids import MemberId, ProductId, ReleaseId
from features.store.packed_profile import Attributes, Consent, Fact, FavouriteCategory, Identity, MemberProfile
from serving.answers import MemberFact, RecentPurchase
from serving.members.coupons_held import CouponBook, HeldCoupon, UnusedBenefit
from serving.members.masking import MaskedContact
from serving.members.view import (
    DueProduct,
    JoinedHow,
    KnownMember,
    LatestOrder,
    MemberView,
    NamedAssociate,
    NamedStore,
    NamedTag,
    NextVisit,
    VisitHabits,
)
from training.release.campaign_coupons import CampaignCoupon, CampaignCoupons
from training.release.stores import JOINED_FILE, MEMBERS_FILE, STORES_FILE, Stores

AS_OF = datetime(2017, 12, 31, 5, tzinfo=UTC)
ZONE = ZoneInfo("America/New_York")

ANNA = KnownMember(
    member_id=MemberId("m1"),
    packed=None,
    profile=MemberProfile(
        identities=(Identity(source="pos", source_id="1"), Identity(source="shop/web", source_id="安娜 01"))
    ),
)

VIEW = MemberView(
    member_id=MemberId("m1"),
    as_of=AS_OF,
    release_id=ReleaseId("r000001"),
    identities=ANNA.profile.identities,
    contact=MaskedContact(
        name="Anna",
        has_phone=True,
        phone="138****1234",
        has_email=False,
        email=None,
        has_wechat=True,
        is_synthetic=False,
    ),
    consent=Consent(sms=True, email=False, wechat=None),
    attributes=Attributes(city="上海", further='{"age": "45-54"}'),
    tags=(NamedTag(name="active", sentence="Buys as usual."),),
    lifecycle_stage="active",
    value_tier=None,
    favourite_categories=(FavouriteCategory(category="TEA", spend_share=0.4, orders_365d=9),),
    next_visit=NextVisit(
        last_visited_at=AS_OF - timedelta(days=9), gap_days=8.0, expected_at=AS_OF - timedelta(days=1), is_overdue=True
    ),
    habits=VisitHabits(weeks=((date(2017, 12, 18), 1), (date(2017, 12, 25), 0)), hours=((5, 0, 1),)),
    due_products=(DueProduct(product_id="p1", name="Product p1", expected_on=date(2018, 1, 1), sentence="Due."),),
    recent_purchases=(RecentPurchase(product_id=ProductId("p1"), name="Product p1", ordered_at=AS_OF),),
    orders=(
        LatestOrder(order_id="o1", ordered_at=AS_OF, store=NamedStore(store_id="s1", name="Downtown"), spend=12.5),
    ),
    events=(),
    points=120.0,
    measurements=(Fact(name="skin", value="dry", observed_at=AS_OF),),
    coupons=(
        HeldCoupon(
            coupon_id="c1",
            campaign_id="spring",
            name="Tea",
            how="given",
            ends_on=date(2018, 1, 4),
            discount_type=None,
            face_value=None,
            chance=0.25,
        ),
    ),
    coupons_held=3,
    benefits_unused=(
        UnusedBenefit(campaign_id="spring", name="Spring", coupons=3, ends_on=date(2018, 1, 4), sentence="Unused."),
    ),
    joined=JoinedHow(at=AS_OF, store=NamedStore(store_id="s1", name="Downtown"), via="QR code", brought_by="m2"),
    home_store=NamedStore(store_id="s1", name="Downtown"),
    associate=NamedAssociate(associate_id="a1", name="Bo"),
    facts=(MemberFact(name="orders", value=3.0, unit="orders", sentence="3 orders"),),
)

SPRING = [
    CampaignCoupon(
        campaign_id=campaign,
        coupon_id=coupon,
        campaign_name=name,
        starts_at=AS_OF - timedelta(days=9),
        ends_at=ends_at,
        discount_type="amount",
        face_value=5.0,
    )
    for campaign, coupon, name, ends_at in (
        ("spring", "c1", "Spring", AS_OF + timedelta(days=5)),
        ("spring", "c2", "Spring", AS_OF + timedelta(days=5)),
        ("short", "c3", None, AS_OF + timedelta(days=1)),
        ("over", "c4", "Over", AS_OF),
    )
]
BOOK = CouponBook(campaigns=CampaignCoupons(SPRING), named=None, zone=ZONE)

StoreMember = tuple[str, str, float | None, float | None, list[str] | None]
"""home_store_id, member_id, days from AS_OF to the expected visit, gap in days, unused campaigns."""


def write_stores(
    folder: Path, members: Sequence[StoreMember], joined: Sequence[tuple[str, str, datetime, str | None]] = ()
) -> Stores:
    """The stores s1 (Downtown), s2 and 三号店 of a release folder, with members and those who joined lately."""
    moment = pa.timestamp("us", tz="UTC")
    expected = [None if days is None else AS_OF + timedelta(days=days) for _, _, days, _, _ in members]
    gaps = [gap for _, _, _, gap, _ in members]
    visited = [
        AS_OF if at is None or gap is None else at - timedelta(days=gap) for at, gap in zip(expected, gaps, strict=True)
    ]
    own = {
        "home_store_id": pa.array([each[0] for each in members], pa.string()),
        "member_id": pa.array([each[1] for each in members], pa.string()),
        "last_visited_at": pa.array(visited, moment),
        "gap_days": pa.array(gaps, pa.float64()),
        "next_expected_at": pa.array(expected, moment),
        "unused_campaign_ids": pa.array([each[4] for each in members], pa.list_(pa.string())),
    }
    pq.write_table(pa.table(own), folder / MEMBERS_FILE, row_group_size=2)
    new = {
        "joined_store_id": pa.array([each[0] for each in joined], pa.string()),
        "member_id": pa.array([each[1] for each in joined], pa.string()),
        "joined_at": pa.array([each[2] for each in joined], moment),
        "joined_via": pa.array([each[3] for each in joined], pa.string()),
    }
    pq.write_table(pa.table(new), folder / JOINED_FILE)
    stores = {
        "store_id": ["s1", "s2", "三号店"],
        "name": ["Downtown", None, None],
        "city": ["上海", None, None],
        "region": pa.nulls(3, pa.string()),
        "members": [4, 1, 0],
    }
    pq.write_table(pa.table(stores), folder / STORES_FILE)
    return Stores(folder)
