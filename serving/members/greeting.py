"""The names by which members are greeted."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from features.contracts.errors import StoreUnavailable
from features.contracts.secrecy import contact_cipher
from serving.answers import MemberRef
from serving.members.masking import masked_contact
from serving.state import ServiceState


def names_of(state: ServiceState, member_ids: Sequence[str]) -> dict[str, str]:
    """Member to name, of those whose name was handed over; none while the online store cannot be read."""
    engine, cipher = state.releases.engine, contact_cipher(state.settings)
    named: dict[str, str] = {}
    with contextlib.suppress(StoreUnavailable):
        for member_id in dict.fromkeys(member_ids):
            known = engine.known(MemberRef(member_id=member_id))
            name = None if known is None else masked_contact(known.profile.contact, cipher).name
            if name:
                named[member_id] = name
    return named
