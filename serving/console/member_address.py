"""Where the console shows a member or a store."""

from __future__ import annotations

from urllib.parse import quote


def member_address(member_id: str) -> str:
    """The address of a member's page; an id may hold any sign."""
    return f"/console/members/{quote(member_id, safe='', errors='replace')}"


def store_address(store_id: str) -> str:
    """The address of a store's worklist."""
    return f"/console/stores/{quote(store_id, safe='', errors='replace')}"
