"""A member's latest events, read from the records while the page is made."""

from __future__ import annotations

from collections.abc import Sequence

from serving.members.view import KnownMember, MemberEvent
from serving.records.events import StoredEvent, events_of
from serving.records.opening import Records

MOST_EVENTS = 50
"""Events read of a member: the page shows some of them, coupons are looked for in all."""


def latest_events(records: Records, known: KnownMember) -> tuple[MemberEvent, ...]:
    """The member's latest events over all channels, the latest first."""
    persons = [(each.source, each.source_id) for each in known.profile.identities]
    with records.reading() as transaction:
        found = events_of(transaction, persons, limit=MOST_EVENTS, member_id=known.member_id)
    return as_member_events(found)


def as_member_events(events: Sequence[StoredEvent]) -> tuple[MemberEvent, ...]:
    """The events without what only the records need."""
    return tuple(
        MemberEvent(
            type=event.type,
            occurred_at=event.occurred_at,
            source=event.source,
            product_id=event.product_id,
            content_id=event.content_id,
            coupon_id=event.coupon_id,
            campaign_id=event.campaign_id,
            store_id=event.store_id,
            zone=event.zone,
            order_id=event.order_id,
        )
        for event in events
    )
