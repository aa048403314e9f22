"""Who brought whom, who shared what, and what was measured of whom, as features read them."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
from ibis.expr.types import Table

from features.tables.shop_tables import CONTENT_SHARES, MEMBER_FACTS, REFERRALS

SHARED = "Content Shared"
"""Type of the events that tell of a member who passed a content on."""

_INSTANT = "timestamp('UTC', 6)"


def referrals_of_members(member_records: Table, member_ids: Table, visits: Table) -> Table:
    """One row per member and the member who brought them (schema REFERRALS).

    A record without `joined_at` counts from the member's first purchase, and one without either from no moment at
    all: nobody could say as of when it was known. Somebody who names themselves, by whichever channel, is left out.
    """
    people = member_ids.select("source", "source_id", "member_id")
    records = member_records.filter(
        member_records.referred_by_source.notnull(), member_records.referred_by_id.notnull()
    ).select("source", "source_id", "joined_at", "referred_by_source", "referred_by_id")
    referrers = people.rename(referred_by_source="source", referred_by_id="source_id", referrer_id="member_id")
    named = records.join(people, ["source", "source_id"]).join(referrers, ["referred_by_source", "referred_by_id"])
    first = visits.group_by("member_id").aggregate(first_at=visits.ordered_at.min())
    named = named.left_join(first, "member_id").drop("member_id_right")
    named = named.mutate(known_at=ibis.coalesce(named.joined_at.cast(_INSTANT), named.first_at.cast(_INSTANT)))
    named = named.filter(named.known_at.notnull(), named.member_id != named.referrer_id)
    return (
        named.group_by(["member_id", "referrer_id"])
        .aggregate(joined_at=named.known_at.min())
        .select(list(REFERRALS.names))
    )


def content_shares_of_members(events: Table, member_ids: Table) -> Table:
    """One row per content that a member shared (schema CONTENT_SHARES)."""
    shares = events.filter(events.type == SHARED).select("source", "source_id", "message_id", "occurred_at")
    known = shares.join(member_ids.select("source", "source_id", "member_id"), ["source", "source_id"])
    return known.mutate(shared_at=known.occurred_at.cast(_INSTANT)).select(list(CONTENT_SHARES.names))


def facts_of_members(member_facts: Table, member_ids: Table) -> Table:
    """One row per measurement of a member (schema MEMBER_FACTS), whichever channel it came through."""
    known = member_facts.join(member_ids.select("source", "source_id", "member_id"), ["source", "source_id"])
    return known.mutate(fact=known.name, observed_at=known.observed_at.cast(_INSTANT)).select(list(MEMBER_FACTS.names))


def relation_tables(loaded: Mapping[str, Table], visits: Table) -> dict[str, Table]:
    """The tables of this module by their name among the shop's tables."""
    ids = loaded["member_ids"]
    return {
        "referrals": referrals_of_members(loaded["member_records"], ids, visits),
        "content_shares": content_shares_of_members(loaded["events"], ids),
        "member_facts": facts_of_members(loaded["member_facts"], ids),
    }
