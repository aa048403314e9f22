"""The load: source -> raw batch -> validated tables -> identities -> a new version in use.

The validated tables are a function of every batch in use, of the rules, and of nothing that was there before: a batch
that is undone leaves no trace in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import duckdb

from features.contracts.atomic import exclusive, read_json, remove_partials
from features.contracts.clock import parse_moment
from features.contracts.errors import NothingLoaded, Refused, TooManyRejected
from features.contracts.forgotten import Forgotten
from features.contracts.secrecy import ContactCipher, contact_cipher
from features.contracts.settings import Settings
from features.sources.choice import Delivery, delivered, opened
from features.sources.folder import ADAPTER as FOLDER
from features.tables.active_rows import parts_of
from features.tables.batch_states import Batches, BatchState, read_batches, write_states
from features.tables.news import News, file_news
from features.tables.raw import (
    EVENTS_ADAPTER,
    LoadOptions,
    RawBatch,
    append_batch,
    batch_fingerprint,
    digest_of,
    readings_of,
    source_checksums,
)
from features.tables.raw_writing import RawWriter
from features.tables.session import (
    LOAD_MEMORY,
    open_session,
    remove_stale_spills,
    remove_transcoded,
    transcoding_folder,
)
from features.tables.storage import VERSION_FILE, current_tables, remove_pointer
from features.tables.summary import LoadSummary
from features.tables.version_making import VersionMaking

Progress = Callable[[str], None]


def load_shop(
    settings: Settings,
    *,
    source: Path | None,
    with_synthetic_contacts: bool,
    as_of: datetime | None,
    now: datetime,
    progress: Progress,
    forgotten: Forgotten | None = None,
) -> LoadSummary:
    """What was loaded. Files that were read before change nothing; new and changed ones make a batch of their own.

    Raises Refused (MissingColumn, TooManyRejected, Busy) and then leaves the version in use as it was.
    """
    options = LoadOptions(
        with_synthetic_contacts=with_synthetic_contacts,
        as_of=as_of,
        now=now,
        forgotten=forgotten or Forgotten.nobody(),
    )
    with _loading(settings, options, progress) as load:
        return load.run(source)


def change_batch(
    settings: Settings, number: str, *, to: Literal["undo", "redo"], now: datetime, progress: Progress
) -> LoadSummary | None:
    """What stands there after a batch was taken out or brought back; None when no batch is left in use.

    Raises Refused (TooManyRejected, Busy) and then leaves everything as it was.
    """
    paths = settings.paths
    as_of = None
    try:
        told = read_json(current_tables(paths).folder / VERSION_FILE)
        as_of = parse_moment(told["as_of"]) if told["as_of"] else None
    except NothingLoaded:
        pass
    options = LoadOptions(with_synthetic_contacts=False, as_of=as_of, now=now)
    with _loading(settings, options, progress) as load:
        return load.undo(number) if to == "undo" else load.redo(number)


@contextmanager
def _loading(settings: Settings, options: LoadOptions, progress: Progress) -> Iterator[_Load]:
    paths = settings.paths
    with exclusive(paths.locks, "load"):
        for folder in (paths.raw, paths.tables, paths.rejected):
            remove_partials(folder)
        remove_stale_spills(paths, now=options.now)
        remove_transcoded(paths)
        # naive times of a retailer are read in the shops' zone
        con = open_session(settings, zone=settings.timezone, memory=LOAD_MEMORY)
        try:
            yield _Load(con=con, settings=settings, options=options, progress=progress)
        finally:
            con.close()
            remove_transcoded(paths)


@dataclass(frozen=True, kw_only=True)
class _Load:
    con: duckdb.DuckDBPyConnection
    settings: Settings
    options: LoadOptions
    progress: Progress

    def run(self, source: Path | None) -> LoadSummary:
        before = read_batches(self.settings.paths)
        delivery = self._delivery(source, before)
        notes: tuple[str, ...] = ()
        batches, new = before, None
        if delivery is not None:
            new, notes = self._new_batch(delivery, before)
        if new is not None:
            batches = batches.changed(new, to=BatchState.IN_USE)
        batches = batches.changed(*before.waiting_events, to=BatchState.IN_USE)
        try:
            return self._use(batches, delivery=delivery, notes=notes)
        except TooManyRejected:
            # events wait for the next load: what was refused is the files that came with them, if there were any
            refused = [new] if new is not None else before.waiting_events
            write_states(self.settings.paths, before.changed(*refused, to=BatchState.REFUSED))
            raise

    def undo(self, number: str) -> LoadSummary | None:
        batches = read_batches(self.settings.paths)
        batch = batches.numbered(number)
        if batches.state(batch.number) is not BatchState.IN_USE:
            raise Refused(f"loads: batch {number} is {batches.state(batch.number)}; there is nothing to undo")
        left = batches.changed(batch, to=BatchState.UNDONE)
        if not left.in_use:
            write_states(self.settings.paths, left)
            remove_pointer(self.settings.paths)
            return None
        return self._use(left)

    def redo(self, number: str) -> LoadSummary:
        batches = read_batches(self.settings.paths)
        batch = batches.numbered(number)
        if batches.state(batch.number) is BatchState.IN_USE:
            raise Refused(f"loads: batch {number} is in use already; there is nothing to redo")
        self._refuse_other_adapter(batch.adapter, batches)
        return self._use(batches.changed(batch, to=BatchState.IN_USE))

    def _use(self, batches: Batches, *, delivery: Delivery | None = None, notes: tuple[str, ...] = ()) -> LoadSummary:
        """Makes the tables of the batches and puts both into use; Raises Refused and changes nothing."""
        paths = self.settings.paths
        making = VersionMaking(con=self.con, settings=self.settings, options=self.options, progress=self.progress)
        made = making.made_of(batches, adds_to=read_batches(paths))
        # first the states, then the pointer: a kill between them is mended by the next load
        if made.is_new or read_batches(paths).states != batches.states:
            write_states(paths, batches)
        made.put_into_use(paths)
        return made.summary(delivery=delivery, notes=notes)

    def _delivery(self, source: Path | None, batches: Batches) -> Delivery | None:
        """What is handed over; None for a shop of files when no folder is named: its tables are made anew."""
        if source is None and any(batch.adapter == FOLDER for batch in batches.in_use):
            return None
        delivery = delivered(self.settings, source=source)
        self._refuse_other_adapter(delivery.adapter, batches)
        if delivery.adapter == FOLDER and "order_lines" not in {*delivery.files, *parts_of(batches.in_use)}:
            raise Refused(
                f"load: {delivery.folder} holds neither order_lines.parquet, order_lines.csv, order_lines/ nor files "
                "that the settings name for them, and this shop has no order lines yet"
            )
        return delivery

    def _refuse_other_adapter(self, adapter: str, batches: Batches) -> None:
        others = [batch for batch in batches.in_use if batch.adapter not in (adapter, EVENTS_ADAPTER)]
        if others and adapter != EVENTS_ADAPTER:
            numbers = ", ".join(str(int(batch.number)) for batch in others)
            raise Refused(
                f"load: shop `{self.settings.shop}` holds another data set ({others[0].adapter}, batch {numbers}); "
                "undo it with `faces loads undo`, or name another shop with FACES_SHOP"
            )

    def _new_batch(self, delivery: Delivery, batches: Batches) -> tuple[RawBatch | None, tuple[str, ...]]:
        """The batch of what is new in a delivery, None when nothing is; and what is to be said of it."""
        cipher, checksums = contact_cipher(self.settings), source_checksums(delivery)
        if delivery.is_whole:
            return self._whole_batch(delivery, batches, cipher, checksums)
        readings = readings_of(
            delivery, self.settings, cipher, checksums=checksums, with_synthetic_contacts=self._synthetic
        )
        news = file_news(delivery, readings, batches)
        if not news.files:
            return None, news.notes
        fingerprint = digest_of({"adapter": delivery.adapter, "readings": news.readings})
        return self._batch(delivery, batches, cipher, checksums, fingerprint, news), news.notes

    def _whole_batch(
        self, delivery: Delivery, batches: Batches, cipher: ContactCipher, checksums: dict[str, str]
    ) -> tuple[RawBatch | None, tuple[str, ...]]:
        fingerprint = batch_fingerprint(
            delivery, self.settings, cipher, checksums=checksums, with_synthetic_contacts=self._synthetic
        )
        counting = {part.batch.number for parts in parts_of(batches.in_use).values() for part in parts}
        if any(batch.number in counting and batch.fingerprint == fingerprint for batch in batches.in_use):
            return None, ()
        undone = [batch for batch in batches.of_state(BatchState.UNDONE) if batch.fingerprint == fingerprint]
        if undone:
            number = int(undone[-1].number)
            raise Refused(
                f"load: these files are batch {number}, which was undone; `faces loads redo {number}` brings it back"
            )
        whole = News(files=delivery.files, readings={}, notes=())
        return self._batch(delivery, batches, cipher, checksums, fingerprint, whole), ()

    def _batch(
        self,
        delivery: Delivery,
        batches: Batches,
        cipher: ContactCipher,
        checksums: dict[str, str],
        fingerprint: str,
        news: News,
    ) -> RawBatch:
        """The batch of the news: one that waits since a load was killed or refused, else a new one."""
        for batch in batches.of_state(BatchState.WAITING, BatchState.REFUSED):
            if batch.fingerprint == fingerprint and batch.adapter == delivery.adapter:
                return batch
        handed = opened(
            self.con,
            self.settings,
            delivery,
            files=news.files,
            spill=transcoding_folder(self.settings.paths),
        )
        writer = RawWriter(
            con=self.con,
            handed=handed,
            settings=self.settings,
            cipher=cipher,
            with_synthetic_contacts=self._synthetic,
            known_order_lines=tuple(part.file for part in parts_of(batches.in_use).get("order_lines", ())),
        )
        return append_batch(
            writer,
            self.options,
            checksums={name: checksum for name, checksum in checksums.items() if name in news.names(delivery)},
            fingerprint=fingerprint,
            readings=news.readings,
            is_whole=delivery.is_whole,
            progress=self.progress,
        )

    @property
    def _synthetic(self) -> bool:
        return self.options.with_synthetic_contacts
