"""Makes an export: who leaves, the file in pieces, an audit entry before its first byte, who left with each piece."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from features.contracts.destination_settings import DestinationSettings
from features.contracts.ids import AudienceId
from features.contracts.secrecy import ContactCipher, contact_cipher
from features.contracts.settings import Settings
from serving.exports.contact_forms import formed
from serving.exports.formats import MEDIA_TYPES, csv_pieces, jsonl_pieces, parquet_pieces
from serving.exports.leaving import Leaving, LeavingCounts, open_leaving
from serving.exports.made import BEGUN, FINISHED
from serving.exports.request import CONTACTS_ARE, ExportRequest
from serving.forgetting.watch import ForgottenWatch, open_watch
from serving.new_ids import new_id
from serving.records.audience_members import SCHEMA, member_batches
from serving.records.audit import AuditEntry, add_audit
from serving.records.exported_members import add_exported
from serving.records.opening import Records

NOTICE = "the contacts and consents of this shop are synthetic: generated for a data set without any; nobody is reached"

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Export:
    """A file that is written while it is read."""

    file_name: str
    media_type: str
    notice: str | None
    """What every reader must know of it."""
    counts: LeavingCounts
    pieces: Iterator[bytes]


def make_export(
    settings: Settings,
    records: Records,
    audience_id: AudienceId,
    request: ExportRequest,
    *,
    who: str,
    now: Callable[[], datetime],
) -> Export:
    """The export of a finished audience, audited; nothing has left yet. Raises NothingLoaded.

    Held-out members, members without consent and contacts that came before stay. Whoever leaves counts as contacted.
    """
    leaving = leaving_with(settings, records, audience_id, request, columns=request.columns)
    job = _Job(
        records=records,
        audience_id=audience_id,
        request=request,
        export_id=new_id(now()),
        who=who,
        now=now,
        leaving=leaving,
        cipher=contact_cipher(settings) if request.contact is not None else None,
    )
    job.audit(BEGUN, leaving.counts.to_json())
    return Export(
        file_name=job.file_name,
        media_type=MEDIA_TYPES[request.format],
        notice=NOTICE if leaving.has_synthetic else None,
        counts=leaving.counts,
        pieces=job.pieces(),
    )


def leaving_with(
    settings: Settings, records: Records, audience_id: AudienceId, request: ExportRequest, *, columns: Collection[str]
) -> Leaving:
    """Who leaves with an export, with these columns of theirs; `close` it. Raises NothingLoaded."""
    needed = {*columns, "rank", "member_id", "is_held_out"}
    batches = member_batches(records, audience_id, tuple(name for name in SCHEMA.names if name in needed))
    members = _without_forgotten(batches, open_watch(settings, records))
    return open_leaving(settings, members, channel=request.channel, needs_contact=request.contact is not None)


def _without_forgotten(batches: Iterator[pa.RecordBatch], watch: ForgottenWatch) -> Iterator[pa.RecordBatch]:
    """The batches without members who asked to be forgotten since the audience was built: they do not even count."""
    forgotten = watch.forgotten
    for batch in batches:
        if forgotten:
            batch = batch.filter(pa.array(~forgotten.are_members(batch.column("member_id").to_pylist())))
        yield batch


@dataclass(frozen=True, kw_only=True)
class _Job:
    """One export on its way out."""

    records: Records
    audience_id: AudienceId
    request: ExportRequest
    export_id: str
    who: str
    now: Callable[[], datetime]
    leaving: Leaving
    cipher: ContactCipher | None

    @property
    def file_name(self) -> str:
        parts = ["audience", self.audience_id, self.request.destination_name or ""]
        parts.append("synthetic" if self.leaving.has_synthetic else "")
        return "-".join(filter(None, parts)) + f".{self.request.format}"

    @property
    def schema(self) -> pa.Schema:
        text = pa.string()
        fields = [(name, SCHEMA.field(name).type if name in SCHEMA.names else text) for name in self.request.columns]
        if self.leaving.has_synthetic and self.request.destination_name is None:
            # a receiver's own format has no room for it: there the file's name and header say so
            fields.append((CONTACTS_ARE, text))
        return pa.schema(fields)

    def audit(self, what: str, counts: dict[str, int]) -> None:
        request = self.request
        details = {
            "audience_id": self.audience_id,
            "export_id": self.export_id,
            "format": request.format,
            "columns": list(request.columns),
            "channel": request.channel,
            "destination": request.destination_name,
            **counts,
        }
        with self.records.writing() as transaction:
            add_audit(transaction, AuditEntry(what=what, who=self.who, at=self.now(), details=details))

    def pieces(self) -> Iterator[bytes]:
        with contextlib.closing(self.leaving):
            yield from self._formatted(self._written_batches())

    def _formatted(self, batches: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
        request = self.request
        if request.format == "csv":
            # its texts are checked to be no formula, and an apostrophe would make a number none
            trusted = () if request.contact_column is None else (request.contact_column,)
            return csv_pieces(self.schema, batches, has_header=request.has_header, bom=request.bom, trusted=trusted)
        return (jsonl_pieces if request.format == "jsonl" else parquet_pieces)(self.schema, batches)

    def _written_batches(self) -> Iterator[pa.RecordBatch]:
        rows = unusable = duplicates = 0
        for batch in self.leaving.batches():
            written, no_form, seen = self._with_contacts(batch)
            unusable, duplicates, rows = unusable + no_form, duplicates + seen, rows + written.num_rows
            self._mark(written)
            yield written
        self.audit(FINISHED, {"rows": rows, "unusable": unusable, "duplicates": duplicates})
        log.info("audience_export_finished audience=%s export=%s rows=%d", self.audience_id, self.export_id, rows)

    def _with_contacts(self, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, int, int]:
        """The batch as it is written, and how many rows stay: contacts without the form, and those written before."""
        no_form = seen = 0
        if self.request.contact is not None and self.cipher is not None:
            contacts = _contacts(batch.column("value").to_pylist(), self.request.contact, self.cipher)
            has_form = np.array([contact is not None for contact in contacts], dtype=np.bool_)
            is_new = self.leaving.first_seen([contact or "" for contact in contacts]) & has_form
            no_form, seen = int((~has_form).sum()), int((has_form & ~is_new).sum())
            batch = batch.append_column(self.request.contact.column, pa.array(contacts, pa.string()))
            batch = batch.filter(pa.array(is_new))
        marks = ["synthetic" if each else "given" for each in batch.column("is_synthetic").to_pylist()]
        return batch.append_column(CONTACTS_ARE, pa.array(marks, pa.string())), no_form, seen

    def _mark(self, batch: pa.RecordBatch) -> None:
        # before the piece leaves: who may have been told counts as told
        with self.records.writing() as transaction:
            add_exported(
                transaction,
                batch.column("member_id").to_pylist(),
                export_id=self.export_id,
                audience_id=self.audience_id,
                channel=self.request.channel,
                at=self.now(),
            )


def _contacts(values: list[str], destination: DestinationSettings, cipher: ContactCipher) -> list[str | None]:
    plain = values if destination.channel == "wechat" else [cipher.decrypt(value) for value in values]
    return [formed(contact, destination) for contact in plain]
