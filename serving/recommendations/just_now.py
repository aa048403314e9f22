"""What a member did just now, as recommendations take it into account."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np

from features.contracts.errors import StoreUnavailable
from features.contracts.event_settings import EventSettings
from features.contracts.events import ANONYMOUS
from features.contracts.ids import MemberId
from features.store.member_now import MemberNow
from features.store.online import identity_key
from serving.answers import MemberRef, RecommendationQuery
from serving.recommendations.ask import Ask
from serving.recommendations.assortment import Assortment
from serving.recommendations.complements import complements_of
from serving.recommendations.pool import Origin, Pool, places_of
from training.protocol import Rows

MOST_VIEWED = 5
"""Products looked at last that others are raised for."""

VIEWED_WEIGHT = np.float32(0.5)
"""What goes best with the products just looked at gains this share of the highest score."""

ZONE_FACTOR = np.float32(1.05)
"""Score of the products of the zone that the member stands in: of products liked alike, they come first."""

SILENT_SECONDS = 60.0

log = logging.getLogger(__name__)

ReadNow = Callable[[str], MemberNow | None]
"""The row of a member key; raises StoreUnavailable."""


class JustNow:
    """Reads what members did just now. An answer without it is better than none: a failure is logged, not raised."""

    def __init__(self, read: ReadNow, settings: EventSettings, *, stands_still: bool) -> None:
        self._read = read
        self._session = timedelta(minutes=settings.session_minutes)
        self._bought = timedelta(hours=settings.bought_hours)
        self._ahead = timedelta(minutes=settings.future_minutes)
        self._stands_still = stands_still
        self._logged_at = 0.0

    def of(self, member_key: str | None, *, as_of: datetime) -> MemberNow | None:
        """What of it counts at a moment; None when nothing is known."""
        if member_key is None:
            return None
        try:
            row = self._read(member_key)
        except StoreUnavailable as error:
            if time.monotonic() - self._logged_at > SILENT_SECONDS:
                self._logged_at = time.monotonic()
                log.warning("member_now is left out of recommendations: %s", error)
            return None
        if row is None:
            return None
        moment = None if self._stands_still else as_of
        return row.counting(moment, session=self._session, bought=self._bought, ahead=self._ahead)


def key_of(member: MemberRef, member_id: MemberId | None) -> str | None:
    """The key under which a member's events are kept; None for somebody whom no channel names."""
    if member_id is not None:
        return member_id
    if member.anonymous_id is not None:
        return identity_key(source=ANONYMOUS, source_id=member.anonymous_id)
    if member.source_id is not None:
        return identity_key(source=member.source, source_id=member.source_id)
    return member.member_id


def told_by(query: RecommendationQuery, now: MemberNow | None) -> RecommendationQuery:
    """The request with the basket and the store that it does not name itself."""
    if now is None:
        return query
    basket = query.basket or tuple(each.product_id for each in now.basket)
    store_id = query.store_id or (now.store.id if now.store else None)
    if basket == query.basket and store_id == query.store_id:
        return query
    return dataclasses.replace(query, basket=basket, store_id=store_id)


def with_viewed(own: Pool, ask: Ask, assortment: Assortment, of_the_moment: Callable[[Rows], Pool]) -> Pool:
    """The pool with what goes with the products looked at last, each raised by how well it does."""
    latest = tuple(each.product_id for each in ask.now.viewed[:MOST_VIEWED]) if ask.now else ()
    found = complements_of(assortment.rows_of(latest), ask.release, assortment)
    if not len(found.rows):
        return own
    place = places_of(found.rows, own.rows)
    lacking = place < 0
    pool = own.joined(of_the_moment(found.rows[lacking]))
    place[lacking] = np.arange(len(own), len(pool))
    highest = np.float32(own.scores.max(initial=0.0) or 1.0)
    gain = np.zeros(len(pool), dtype=np.float32)
    gain[place] = VIEWED_WEIGHT * highest * found.strength / found.strength.max()
    anchors = np.full(len(pool), -1, dtype=np.int64)
    anchors[place] = found.anchors
    # said of a product only where it weighs more than all that was known of it before
    decides = (gain > pool.scores) | (pool.origins == Origin.VIEWED)
    return dataclasses.replace(
        pool,
        scores=pool.scores + gain,
        origins=np.where(decides, np.int8(Origin.VIEWED), pool.origins),
        anchors=np.where(decides, anchors, pool.anchors),
    )


def near_zone(pool: Pool, ask: Ask, assortment: Assortment) -> Pool:
    """The pool with the products of the zone that the member stands in a little higher."""
    if ask.now is None or ask.now.zone is None or not len(pool):
        return pool
    of_zone = assortment.of_zone(ask.now.zone.id)
    return pool.with_scores(np.where(of_zone[pool.rows], pool.scores * ZONE_FACTOR, pool.scores))
