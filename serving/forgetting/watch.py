"""Who is forgotten, as a running process knows it: read from the records, and again when something changed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Hashable

import numpy as np
import numpy.typing as npt
from sqlalchemy.exc import SQLAlchemyError

from features.contracts.errors import RecordsUnavailable
from features.contracts.forgotten import Forgotten, Marker, marker_of
from features.contracts.secrecy import contact_cipher
from features.contracts.settings import Settings
from serving.records.forgotten import newest_change, read_forgotten
from serving.records.opening import Records, open_records
from training.protocol import Ids

LOOK_SECONDS = 0.5
"""Another process's forgetting is known after this time."""

STOP_SECONDS = 5.0

log = logging.getLogger(__name__)


class ForgottenWatch:
    """Everybody who asked to be forgotten, as the last look found them; safe to share between threads."""

    def __init__(self, records: Records, marker: Marker) -> None:
        self._records = records
        self._marker = marker
        self._lock = threading.Lock()
        self._seen: Hashable = None
        self._forgotten = Forgotten.nobody()
        self._masks: tuple[Ids, Forgotten, npt.NDArray[np.bool_]] | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_looking, name="forgotten-watch", daemon=True)
        self.look()

    @property
    def forgotten(self) -> Forgotten:
        """Everybody who asked to be forgotten; reads nothing."""
        return self._forgotten

    def start(self) -> None:
        """Looks from now on all the time, in a thread of its own: what else the service waits for holds nothing up."""
        self._thread.start()

    def stop(self) -> None:
        """Ends that."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def look(self) -> Forgotten:
        """Everybody who asked to be forgotten, as the records stand now."""
        with self._lock:
            self._look()
        return self._forgotten

    def is_member(self, member_id: str) -> bool:
        """Whether a member is gone."""
        return self.forgotten.is_member(member_id)

    def is_person(self, source: str, source_id: str) -> bool:
        """Whether a person of a channel is gone."""
        return self.forgotten.is_person(source, source_id)

    def members_gone(self, member_ids: Ids) -> npt.NDArray[np.bool_]:
        """bool (member_ids,): which of the members are gone; remembered for arrays that stay the same."""
        forgotten = self.forgotten
        remembered = self._masks
        if remembered is not None and remembered[0] is member_ids and remembered[1] is forgotten:
            return remembered[2]
        mask = forgotten.are_members(member_ids)
        self._masks = (member_ids, forgotten, mask)
        return mask

    def _keep_looking(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                self.look()
            except (RecordsUnavailable, SQLAlchemyError) as error:
                # what is known holds until they can be read again
                log.warning("forgotten_people: the records cannot be read (%s)", type(error).__name__)

    def _look(self) -> None:
        with self._records.reading() as transaction:
            seen = newest_change(transaction)
            if seen != self._seen:
                self._forgotten = read_forgotten(transaction, self._marker)
                self._seen = seen


def open_watch(settings: Settings, records: Records) -> ForgottenWatch:
    """The watch of a shop. Raises Refused when people were forgotten under another contact key."""
    return ForgottenWatch(records, marker_of(contact_cipher(settings)))


def forgotten_now(settings: Settings) -> Forgotten:
    """Everybody who asked to be forgotten, for a command that runs once."""
    records = open_records(settings)
    try:
        return open_watch(settings, records).forgotten
    finally:
        records.close()
