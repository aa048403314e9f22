"""Removes members from a release's online rows, in whichever store they are."""

from __future__ import annotations

from features.contracts.errors import StoreUnavailable
from features.contracts.ids import ReleaseId
from features.contracts.settings import Settings
from features.forgetting.names import Names
from features.store.online_rows import online_rows


def remove_members_online(settings: Settings, release_id: ReleaseId, names: Names) -> int:
    """How many online rows of a release were these members' or named them; none is afterwards.

    Raises StoreUnavailable.
    """
    rows = online_rows(settings, release_id)
    try:
        return rows.remove_members(names)
    except rows.failures as error:
        raise StoreUnavailable(f"online store: {rows.place} cannot be written ({type(error).__name__})") from error
