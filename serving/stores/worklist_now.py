"""A store's worklist as the running service tells it now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from features.contracts.errors import NotFound
from serving.members.coupons_held import Locale
from serving.ports import Engine
from serving.state import ServiceState
from serving.stores.here import members_here
from serving.stores.worklist import MemberHere, Wanted, Worklist, WorklistMaker
from training.release.stores import Store


@dataclass(frozen=True, kw_only=True)
class StoreToday:
    """A page of a store's worklist, and the moment that it is true for."""

    store: Store
    as_of: datetime
    worklist: Worklist


def store_today(
    state: ServiceState, store_id: str, *, reason: Wanted, locale: Locale, start: int, count: int
) -> StoreToday:
    """A page of the store's worklist, `count` items from `start` on. Raises NotFound and StoreUnavailable."""
    engine = state.releases.engine
    known = engine.stores
    store = None if known is None else known.by_id.get(store_id)
    if known is None or store is None:
        raise NotFound("there is no store of that id in this release")
    maker = WorklistMaker(
        stores=known,
        book=engine.coupon_book,
        zone=state.settings.zone,
        due_days=state.settings.stores.due_days,
        left_out=state.forgotten.forgotten.are_members,
    )
    as_of = engine.as_of
    worklist = maker.worklist(
        store_id,
        _here(state, engine, store_id),
        as_of=as_of,
        locale=locale,
        only=reason,
        start=start,
        count=count,
    )
    return StoreToday(store=store, as_of=as_of, worklist=worklist)


def _here(state: ServiceState, engine: Engine, store_id: str) -> tuple[MemberHere, ...]:
    stands_still = state.settings.clock == "data" or state.settings.as_of is not None
    return members_here(
        state.records,
        store_id,
        now=None if stands_still else engine.as_of,
        session=timedelta(minutes=state.settings.events.session_minutes),
        members_of=engine.members_of,
    )
