"""Who may be told through a channel: members with a contact for it and consent to it, as the records stand now.

A member is reached through a record of theirs that has the contact and says yes. A record that says no to the same
number, address or openid wins, whoever's record it is: the person behind it said no.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import numpy as np

from features.contracts.settings import Settings
from features.sources.casting import literal_path
from features.tables.session import open_session
from features.tables.storage import current_tables
from serving.audiences.rule import Channel
from training.protocol import Ids

MEMORY = "300MB"
"""DuckDB's share of an export or a check of consent; what does not fit is spilled."""


@dataclass(frozen=True, kw_only=True)
class ContactColumns:
    """Columns of `member_records` that a channel needs."""

    consent: str
    identity: str
    """What two records of the same contact share."""
    value: str
    """The contact itself; encrypted where it is secret."""


CONTACTS: dict[Channel, ContactColumns] = {
    "sms": ContactColumns(consent="consent_sms", identity="phone_hash", value="phone_encrypted"),
    "email": ContactColumns(consent="consent_email", identity="email_hash", value="email_encrypted"),
    "wechat": ContactColumns(consent="consent_wechat", identity="wechat_openid", value="wechat_openid"),
}
CHANNELS: tuple[Channel, ...] = tuple(CONTACTS)


@contextlib.contextmanager
def open_contacts(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the views `records` and `people` of the tables in use. Raises NothingLoaded.

    `records`: one row per person of a channel, as handed over; `people`: source and source_id to member_id.
    Both are empty when no member records were handed over.
    """
    tables = current_tables(settings.paths)
    with contextlib.closing(open_session(settings, zone="UTC", memory=MEMORY)) as con:
        for view, table in (("records", "member_records"), ("people", "member_ids")):
            file = literal_path(tables.file(table)).replace("'", "''")
            found = f"read_parquet('{file}')" if tables.file(table).is_file() else _NOTHING[view]
            con.execute(f"CREATE TEMP VIEW {view} AS SELECT * FROM {found}")
        yield con


def reachable_sql(channel: Channel) -> str:
    """One row per member who may be told through the channel: member_id, contact (its identity), value, is_synthetic.

    Of several contacts the one of the record changed last is taken.
    """
    names = CONTACTS[channel]
    return f"""
        SELECT people.member_id, records.{names.identity} AS contact, records.{names.value} AS value,
            coalesce(records.is_synthetic, false) AS is_synthetic
        FROM records JOIN people USING (source, source_id)
        WHERE records.{names.consent} AND records.{names.identity} IS NOT NULL
            AND records.{names.identity} NOT IN (
                SELECT {names.identity} FROM records WHERE {names.consent} = false AND {names.identity} IS NOT NULL)
        QUALIFY row_number() OVER (
            PARTITION BY people.member_id
            ORDER BY records.{names.value} IS NULL, records.updated_at DESC NULLS LAST, source, source_id) = 1
    """


def reachable_members(settings: Settings, channel: Channel) -> Ids:
    """str (members,): everybody who may be told through the channel, sorted. Raises NothingLoaded."""
    with open_contacts(settings) as con:
        found = con.execute(f"SELECT member_id FROM ({reachable_sql(channel)}) ORDER BY member_id").fetchnumpy()
    return np.asarray(found["member_id"], dtype=np.str_)


def has_synthetic_contacts(settings: Settings) -> bool:
    """Whether any contact of the tables in use was generated. Raises NothingLoaded."""
    with open_contacts(settings) as con:
        found = con.execute("SELECT coalesce(bool_or(is_synthetic), false) FROM records").fetchone()
    return bool(found and found[0])


_RECORD_COLUMNS = sorted(
    {"source", "source_id", "updated_at", "is_synthetic"}
    | {name for each in CONTACTS.values() for name in (each.consent, each.identity, each.value)}
)
_NOTHING = {
    "records": f"(SELECT {', '.join(f'NULL AS {name}' for name in _RECORD_COLUMNS)} WHERE false)",
    "people": "(SELECT NULL AS source, NULL AS source_id, NULL AS member_id WHERE false)",
}
