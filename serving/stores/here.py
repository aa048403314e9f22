"""The members who are in a store now, from the events told of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from features.contracts.ids import MemberId
from serving.records.events import Person, events_in_store, newest_in_store
from serving.records.opening import Records
from serving.stores.presence import visitors
from serving.stores.worklist import MemberHere


def members_here(
    records: Records,
    store_id: str,
    *,
    now: datetime | None,
    session: timedelta,
    members_of: Callable[[Sequence[Person]], Sequence[MemberId | None]],
) -> tuple[MemberHere, ...]:
    """Who is in the store at `now`, the latest first; each member once, nobody whom the release does not know.

    Without `now`, where the service's clock stands still, at the latest moment told of the store.
    """
    with records.reading() as transaction:
        moment = now or newest_in_store(transaction, store_id)
        if moment is None:
            return ()
        until = moment + timedelta(microseconds=1)
        found = visitors(events_in_store(transaction, store_id, since=moment - session, until=until))
    members = members_of([each.person for each in found])
    here: dict[MemberId, MemberHere] = {}
    for visitor, member_id in zip(found, members, strict=True):
        if member_id is not None:
            here.setdefault(member_id, MemberHere(member_id=member_id, since=visitor.since, zone=visitor.zone))
    return tuple(here.values())
