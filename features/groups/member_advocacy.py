"""Member advocacy: whom a member brought, and what they passed on."""

from __future__ import annotations

from datetime import datetime

import ibis
from ibis.expr.types import Table

from features.groups.declaration import FeatureGroup, age, count, days_before, is_within, moment
from features.tables.shop_tables import ShopTables

DEEPEST = 5
"""Steps that a chain of referrals is followed; what lies deeper is hardly the first member's doing."""


def compute_member_advocacy(tables: ShopTables, as_of: datetime) -> Table:
    """One row per member who brought somebody, or shared a content, before `as_of`."""
    brought = _brought(tables.referrals, as_of)
    shared = _shared(tables.content_shares, as_of)
    advocates = brought.outer_join(shared, "member_id")
    advocates = advocates.mutate(member_id=ibis.coalesce(advocates.member_id, advocates.member_id_right))
    counted = ("members_brought", "members_in_chain", "shares_91d", "shares_365d")
    return advocates.mutate(**{name: advocates[name].fill_null(0) for name in counted})


def _brought(referrals: Table, as_of: datetime) -> Table:
    known = referrals.filter(referrals.joined_at < days_before(as_of, 0))
    chain = _chains(known)
    counts = chain.group_by("referrer_id").aggregate(members_in_chain=chain.member_id.nunique())
    direct = known.group_by("referrer_id").aggregate(
        members_brought=known.member_id.nunique(), last_brought_at=known.joined_at.max()
    )
    both = direct.join(counts, "referrer_id")
    return both.mutate(member_id=both.referrer_id).drop("referrer_id")


def _chains(referrals: Table) -> Table:
    """Everybody that a member brought, and those whom they brought in turn: referrer_id, member_id.

    Each step drops who stands in the chain twice at the same depth and the member at its head, so that people who
    name each other in a circle are counted once and never as their own.
    """
    step = referrals.select("referrer_id", "member_id")
    reached = step
    edges = step.rename(by="referrer_id", next_id="member_id")
    for _ in range(DEEPEST - 1):
        further = step.join(edges, step.member_id == edges.by)
        step = further.select("referrer_id", member_id="next_id").distinct()
        step = step.filter(step.referrer_id != step.member_id)
        reached = reached.union(step)
    return reached


def _shared(shares: Table, as_of: datetime) -> Table:
    known = shares.filter(shares.shared_at < days_before(as_of, 0))
    return known.group_by("member_id").aggregate(
        shares_91d=known.count(where=is_within(known.shared_at, as_of, 91)),
        shares_365d=known.count(where=is_within(known.shared_at, as_of, 365)),
        last_shared_at=known.shared_at.max(),
    )


MEMBER_ADVOCACY = FeatureGroup(
    name="member_advocacy",
    entities=("member",),
    sentence="Whom a member brought, and what they passed on.",
    features=(
        count("members_brought", "members", "members who named this one as who brought them"),
        count("members_in_chain", "members", "those, whom they brought in turn, and so on over five steps"),
        moment("last_brought_at", "when the latest of those brought joined"),
        count("shares_91d", "shares", "contents shared in the last 91 days"),
        count("shares_365d", "shares", "contents shared in the last 365 days"),
        moment("last_shared_at", "latest share"),
    ),
    derived=(
        age("days_since_brought", of="last_brought_at", sentence="days since the latest of those brought joined"),
        age("days_since_share", of="last_shared_at", sentence="days since the latest share"),
    ),
    compute=compute_member_advocacy,
    is_weekly=False,
    is_read_by_models=False,
)
