"""The run that removes forgotten people from every place, one after the other.

It may be killed at any moment: whom to remove stays in the records until everything is done, each step leaves what is
in use whole, and the next run does again what was not finished.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from features.contracts.atomic import exclusive
from features.contracts.forgotten import Forgotten, Marker, Named, marker_of
from features.contracts.secrecy import contact_cipher
from features.contracts.settings import Settings
from features.forgetting.leaving_out import left_out_of_batches
from features.forgetting.names import Names, everyone
from features.forgetting.recognise import Recognised
from features.forgetting.shop import forget_in_features, forget_in_identity, forget_in_raw, forget_in_tables
from features.store.now_rows import remove_now
from features.tables.session import remove_stale_spills
from serving.forgetting.in_records import clean_pages, forget_in_records, member_keys
from serving.records.forgotten import (
    Forgetting,
    empty_forgetting,
    extend_forgetting,
    heed_known_by,
    mark_forgotten,
    mark_returned,
    pending_forgettings,
)
from serving.records.opening import Records
from training.release.forgetting import expire_scores, forget_in_models, forget_in_releases

Progress = Callable[[str], None]
Step = Callable[[Names], Counter[str]]

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ForgettingSummary:
    """What a run removed."""

    forgettings: int
    """How many times somebody had asked."""
    counts: dict[str, int]
    """Rows removed or emptied, by place."""


def forget_pending(
    settings: Settings, records: Records, *, now: datetime, progress: Progress = lambda _step: None
) -> ForgettingSummary:
    """What was removed of everybody who asked since the last run. Raises Busy while a load, release, ... runs."""
    with exclusive(settings.paths.locks, "forget"):
        heed_batches(settings, records, now=now)
        with records.reading() as transaction:
            pending = pending_forgettings(transaction)
        if not pending:
            return ForgettingSummary(forgettings=0, counts={})
        counts = _remove(settings, records, pending, now=now, progress=progress)
        told = {place: number for place, number in counts.items() if number}
        with records.writing() as transaction:
            for each in pending:
                empty_forgetting(transaction, each.forgetting_id, counts=told)
        progress("free pages of the records")
        clean_pages(records)
        with records.writing() as transaction:
            for each in pending:
                mark_forgotten(transaction, each.forgetting_id, at=now)
    log.info("forgotten forgettings=%d places=%d", len(pending), len(told))
    return ForgettingSummary(forgettings=len(pending), counts=told)


def heed_batches(settings: Settings, records: Records, *, now: datetime) -> None:
    """Takes up what loads found: who was known by a contact alone is marked, who joined anew is a member again."""
    found = list(left_out_of_batches(settings.paths))
    if any(each.known_by or each.again for each in found):
        with records.writing() as transaction:
            for each in found:
                heed_known_by(transaction, each.known_by)
                mark_returned(transaction, each.again, at=now)


def _remove(
    settings: Settings, records: Records, pending: Sequence[Forgetting], *, now: datetime, progress: Progress
) -> Counter[str]:
    names = everyone(each.names for each in pending)
    if not names:
        return Counter()
    marker, found = marker_of(contact_cipher(settings)), Recognised()

    def keep(recognised: Recognised) -> None:
        nonlocal found
        found = recognised
        # known by a contact alone so far: from now on by their ids
        known_by = {marker.mark(Named.PERSON, *person): contact for person, contact in found.by_contact.items()}
        with records.writing() as transaction:
            heed_known_by(transaction, known_by)
            extend_forgetting(transaction, pending[0].forgetting_id, found.names)

    progress("raw batches")
    counts = forget_in_raw(settings, _forgotten(pending, marker), on_found=keep)
    names |= found.names
    for what, step in _steps(settings, records):
        progress(what)
        counts.update(step(names))
    remove_stale_spills(settings.paths, now=now)
    return counts


def _steps(settings: Settings, records: Records) -> tuple[tuple[str, Step], ...]:
    """Places in the order of the data's way: what is made from a place is made anew without the people."""
    paths = settings.paths
    return (
        ("tables", lambda names: forget_in_tables(settings, names)),
        ("identity", lambda names: forget_in_identity(paths, names)),
        ("features", lambda names: forget_in_features(paths, names)),
        ("kept scores", lambda _names: Counter({"scores": expire_scores(paths)})),
        ("models", lambda names: Counter({"mlflow": forget_in_models(paths, names)})),
        ("releases", lambda names: Counter({"releases": forget_in_releases(settings, names)})),
        ("records", lambda names: forget_in_records(records, names)),
        ("what they just did", lambda names: _forget_now(settings, names)),
    )


def _forget_now(settings: Settings, names: Names) -> Counter[str]:
    keys = member_keys(names)
    remove_now(settings, keys)
    return Counter()


def _forgotten(pending: Sequence[Forgetting], marker: Marker) -> Forgotten:
    since = {mark: each.asked_at for each in pending for _, mark in each.names.marks(marker)}
    return Forgotten(marker=marker, since=since)
