"""The way back: the release that was in service before takes the place of the one that is."""

from __future__ import annotations

from datetime import datetime

from features.contracts.errors import Busy, Conflict, ReleaseDamaged
from features.contracts.ids import ReleaseId
from features.contracts.settings import Settings
from serving.records.audit import AuditEntry, add_audit
from serving.records.opening import Records
from serving.releases_on_shelf import pointer_of
from training.release.manifest import Manifest
from training.release.shelf import activate

ACT = "release_gone_back"


def go_back(settings: Settings, records: Records, *, leaving: ReleaseId, who: str, at: datetime) -> Manifest:
    """Puts the release before into service, audited; running services take it up within their poll.

    `leaving` is the release that the asker saw in service: asked twice, the second time is refused instead of going
    forth again. Raises Conflict where another is in service by now, where there is none to go back to, and where that
    one is damaged or another process puts one into service.
    """
    pointer = pointer_of(settings.paths)
    previous = pointer.previous
    if not pointer.is_readable:
        raise Conflict(
            "which release is in service cannot be read; remove releases/active and run `faces release --activate`"
        )
    if pointer.active != leaving:
        raise Conflict(f"release {leaving} is not in service; {pointer.active or 'none'} is")
    if previous is None:
        raise Conflict(f"there is no release before {leaving} to go back to")
    try:
        manifest = activate(settings, previous)
    except (ReleaseDamaged, Busy) as error:
        raise Conflict(str(error)) from error
    with records.writing() as transaction:
        details = {"release_id": previous, "instead_of": leaving}
        add_audit(transaction, AuditEntry(what=ACT, who=who, at=at, details=details))
    return manifest
