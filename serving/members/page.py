"""What the running service shows of one member now."""

from __future__ import annotations

from dataclasses import replace

from features.contracts.errors import NotFound
from serving.answers import MemberRef
from serving.members.coupons_held import Locale
from serving.members.latest_events import latest_events
from serving.members.view import MemberView
from serving.state import ServiceState


def member_view(state: ServiceState, member: MemberRef, *, locale: Locale) -> MemberView:
    """The single view, told from the release and the events until now. Raises NotFound and StoreUnavailable."""
    engine = state.releases.engine
    known = engine.known(member)
    if known is None or state.forgotten.is_member(known.member_id):
        raise NotFound("there is no member of that id in this release")
    view = engine.member_view(known, latest_events(state.records, known), locale=locale)
    if view.joined.brought_by is not None and state.forgotten.is_member(view.joined.brought_by):
        view = replace(view, joined=replace(view.joined, brought_by=None))
    return view
