"""Member records with their contact data made unreadable, batch by batch, before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime

import pyarrow as pa

from features.contracts.identifiers import given_hash, is_masked, normalised_email, normalised_phone
from features.contracts.secrecy import ContactCipher
from features.sources.synthetic_contacts import Contact, synthetic_contact

FIRST_ORDER = "first_ordered_at"
"""Column that a batch carries beside the record when contacts are generated for it."""

PLAIN_COLUMNS = ("phone", "email", "name", "address")
"""Columns of member_records that are handed over plain and never stored so."""

CONTACT_FIELDS = ("phone", "email", "phone_hash", "email_hash")
"""Any of these in a data set means that it has contact data of its own."""

_TYPES = {
    "joined_at": pa.timestamp("us", tz="UTC"),
    "consent_sms": pa.bool_(),
    "consent_email": pa.bool_(),
    "consent_wechat": pa.bool_(),
    "is_synthetic": pa.bool_(),
}


@dataclass(kw_only=True)
class Unreadable:
    """Counts of contact values that are none; they are left out, the record stays."""

    counts: dict[str, int] = field(default_factory=dict)

    masked: dict[str, int] = field(default_factory=dict)
    """Counts of values like 138****1234: the person may be right, but they name nobody."""

    def add(self, column: str, *, is_masked: bool = False) -> None:
        counts = self.masked if is_masked else self.counts
        counts[column] = counts.get(column, 0) + 1

    def notes(self) -> tuple[str, ...]:
        unreadable = (
            f"member_records: {count} values of {column} could not be read and were left out"
            for column, count in sorted(self.counts.items())
        )
        masked = (
            f"member_records: {count} values of {column} are masked, join nobody and were left out"
            for column, count in sorted(self.masked.items())
        )
        return (*unreadable, *masked)


def protected(batches: Iterator[pa.Table], cipher: ContactCipher, unreadable: Unreadable) -> Iterator[pa.Table]:
    """The batches with phone, email, name and address replaced by their hashes and ciphertexts.

    A `phone_hash` or `email_hash` that was handed over is a plain SHA-256 and is keyed; a number or address
    beside it wins.
    """
    region = cipher.phone_region
    for batch in batches:
        phones = _Protection(lambda number: normalised_phone(number, region=region), cipher, unreadable)
        emails = _Protection(normalised_email, cipher, unreadable)
        yield _named(emails.applied(phones.applied(batch, "phone"), "email"), cipher)


def _named(batch: pa.Table, cipher: ContactCipher) -> pa.Table:
    """The batch with name and postal address made unreadable; a name is encrypted besides, for the single view."""
    for plain, hashed in (("name", cipher.hash_name), ("address", cipher.hash_address)):
        if plain not in batch.column_names:
            continue
        texts = [text if text and text.strip() else None for text in _texts(batch, plain)]
        batch = batch.drop_columns([plain])
        batch = _put(batch, f"{plain}_hash", pa.array([text and hashed(text) for text in texts], pa.string()))
        if plain == "name":
            encrypted = [text and cipher.encrypt(" ".join(text.split())) for text in texts]
            batch = _put(batch, "name_encrypted", pa.array(encrypted, pa.string()))
    return batch


def with_synthetic(batches: Iterator[pa.Table], *, seed: int) -> Iterator[pa.Table]:
    """The batches with generated contact data in plain columns; pass them on to `protected`."""
    for batch in batches:
        people = zip(
            batch.column("source").to_pylist(),
            batch.column("source_id").to_pylist(),
            batch.column(FIRST_ORDER).to_pylist(),
            strict=True,
        )
        contacts = [_contact(*person, seed=seed) for person in people]
        batch = batch.drop_columns([FIRST_ORDER])
        for column in fields(Contact):
            # a record without its key has no contact, and then None in each column
            values = [getattr(contact, column.name, None) for contact in contacts]
            batch = _put(batch, column.name, pa.array(values, _TYPES.get(column.name, pa.string())))
        yield batch


def _contact(source: str | None, source_id: str | None, first: datetime | None, *, seed: int) -> Contact | None:
    # a record without its key is rejected later; it gets no contact data
    if source is None or source_id is None:
        return None
    return synthetic_contact(source, source_id, first_ordered_at=first, seed=seed)


@dataclass(frozen=True)
class _Protection:
    """How one kind of contact value is made unreadable."""

    normalised: Callable[[str], str | None]
    cipher: ContactCipher
    unreadable: Unreadable

    def applied(self, batch: pa.Table, plain: str) -> pa.Table:
        hash_column, encrypted_column = f"{plain}_hash", f"{plain}_encrypted"
        if plain not in batch.column_names and hash_column not in batch.column_names:
            return batch
        values, given = _texts(batch, plain), _texts(batch, hash_column)
        readable = [self._read(value, self.normalised, plain) for value in values]
        hashes = [self._read(value, given_hash, hash_column) for value in given]
        stored = [
            self.cipher.hash_normalised(value) if value else self.cipher.hash_given(sha256_hex) if sha256_hex else None
            for value, sha256_hex in zip(readable, hashes, strict=True)
        ]
        encrypted = [self.cipher.encrypt(value) if value else None for value in readable]
        if plain in batch.column_names:
            batch = batch.drop_columns([plain])
        batch = _put(batch, hash_column, pa.array(stored, pa.string()))
        return _put(batch, encrypted_column, pa.array(encrypted, pa.string()))

    def _read(self, value: str | None, read: Callable[[str], str | None], column: str) -> str | None:
        if value is None or not value.strip():
            return None
        found = read(value)
        if found is None:
            self.unreadable.add(column, is_masked=is_masked(value))
        return found


def _texts(batch: pa.Table, column: str) -> list[str | None]:
    if column not in batch.column_names:
        return [None] * batch.num_rows
    return [None if value is None else str(value) for value in batch.column(column).to_pylist()]


def _put(batch: pa.Table, column: str, values: pa.Array) -> pa.Table:
    if column in batch.column_names:
        return batch.set_column(batch.column_names.index(column), column, values)
    return batch.append_column(column, values)
