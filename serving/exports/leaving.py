"""Who of an audience leaves with an export, and why the others stay; worked out before the first row is written."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.contracts.settings import Settings
from serving.audiences.rule import Channel
from serving.exports.consent import CHANNELS, CONTACTS, open_contacts, reachable_sql

ROWS_PER_CHUNK = 2_000


@dataclass(frozen=True, kw_only=True)
class LeavingCounts:
    """Members of an audience by what becomes of them in an export; the first reason that applies is counted."""

    audience: int
    held_out: int
    without_consent: int
    """No record with a contact and consent for the channel (for any of them, when no channel is asked)."""
    shared_with_held_out: int
    """The same contact as somebody who is held out."""
    duplicates: int
    """The same contact as a likelier member."""
    without_contact: int
    """The contact is known by its hash only, so that it cannot be written."""
    leaving: int

    def to_json(self) -> dict[str, int]:
        """The counts by name."""
        return asdict(self)


class Leaving:
    """The members that leave, in the order of their ranks; `close` it."""

    def __init__(self, con: duckdb.DuckDBPyConnection, stack: contextlib.ExitStack) -> None:
        self._con = con
        self._stack = stack
        stays = dict(con.execute("SELECT coalesce(stays, 'leaving'), count(*) FROM fates GROUP BY ALL").fetchall())
        names = ("held_out", "without_consent", "shared_with_held_out", "duplicates", "without_contact", "leaving")
        self.counts = LeavingCounts(audience=sum(stays.values()), **{name: stays.get(name, 0) for name in names})
        found = con.execute("SELECT coalesce(bool_or(is_synthetic), false) FROM records").fetchone()
        self.has_synthetic = bool(found and found[0])
        """Whether the shop's contacts are generated, or some of them."""
        # a connection of its own: a question asked of `con` would end the rows that are being read
        self._seen = stack.enter_context(contextlib.closing(con.cursor()))
        self._seen.execute("CREATE TEMP TABLE seen (contact VARCHAR)")

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Chunks of the columns that came in, with `value` (the contact as stored) and `is_synthetic`."""
        rows = self._con.execute("SELECT * EXCLUDE (stays) FROM fates WHERE stays IS NULL ORDER BY rank")
        yield from rows.to_arrow_reader(ROWS_PER_CHUNK)

    def first_seen(self, contacts: Sequence[str]) -> npt.NDArray[np.bool_]:
        """bool (contacts,): whether each contact, as it is written, comes for the first time; they are remembered.

        Two notations of one number differ by their hashes and only meet here.
        """
        given = pa.table(
            {"place": pa.array(range(len(contacts)), pa.int64()), "contact": pa.array(contacts, pa.string())}
        )
        self._seen.register("given", given)
        new = self._seen.execute(
            "SELECT contact, min(place) AS place FROM given ANTI JOIN seen USING (contact) GROUP BY contact"
        ).to_arrow_table()
        self._seen.unregister("given")
        self._seen.register("new", new)
        self._seen.execute("INSERT INTO seen SELECT contact FROM new")
        self._seen.unregister("new")
        first = np.zeros(len(contacts), dtype=np.bool_)
        first[new.column("place").to_numpy()] = True
        return first

    def close(self) -> None:
        """Frees memory and spilled files."""
        self._stack.close()


def open_leaving(
    settings: Settings, members: Iterable[pa.RecordBatch], *, channel: Channel | None, needs_contact: bool
) -> Leaving:
    """Who leaves through a channel; None: whoever may be told through at least one.

    `members` has rank, member_id, is_held_out and whatever else is to be written. Raises NothingLoaded.
    """
    with contextlib.ExitStack() as stack:
        con = stack.enter_context(open_contacts(settings))
        _take_in(con, members)
        con.execute(f"CREATE TEMP TABLE gate AS {_gate_sql(channel)}")
        con.execute(f"CREATE TEMP TABLE fates AS {_fates_sql(channel, needs_contact=needs_contact)}")
        return Leaving(con, stack.pop_all())


def _take_in(con: duckdb.DuckDBPyConnection, members: Iterable[pa.RecordBatch]) -> None:
    is_made = False
    for batch in members:
        con.register("batch", pa.Table.from_batches([batch]))
        con.execute("INSERT INTO chosen FROM batch" if is_made else "CREATE TEMP TABLE chosen AS FROM batch")
        con.unregister("batch")
        is_made = True
    if not is_made:
        con.execute("CREATE TEMP TABLE chosen (rank BIGINT, member_id VARCHAR, is_held_out BOOLEAN)")


def _gate_sql(channel: Channel | None) -> str:
    if channel is not None:
        return reachable_sql(channel)
    every = " UNION ALL ".join(f"({reachable_sql(each)})" for each in CHANNELS)
    return (
        "SELECT member_id, NULL::VARCHAR AS contact, NULL::VARCHAR AS value, bool_or(is_synthetic) AS is_synthetic "
        f"FROM ({every}) GROUP BY member_id"
    )


def _fates_sql(channel: Channel | None, *, needs_contact: bool) -> str:
    """Every member of the audience with `stays`: why it does not leave, null when it does."""
    of_held_out = "SELECT NULL::VARCHAR AS contact WHERE false"
    if channel is not None:
        # consent is not asked here: a number of theirs must not be told, whether or not they would mind
        identity = CONTACTS[channel].identity
        of_held_out = (
            f"SELECT records.{identity} AS contact FROM records JOIN people USING (source, source_id) "
            f"JOIN chosen USING (member_id) WHERE is_held_out AND records.{identity} IS NOT NULL"
        )
    without_contact = "WHEN value IS NULL THEN 'without_contact'" if needs_contact else ""
    return f"""
        SELECT * EXCLUDE (contact, place), CASE
            WHEN is_held_out THEN 'held_out'
            WHEN is_synthetic IS NULL THEN 'without_consent'
            WHEN contact IN ({of_held_out}) THEN 'shared_with_held_out'
            WHEN contact IS NOT NULL AND place > 1 THEN 'duplicates'
            {without_contact}
            END AS stays
        FROM (
            SELECT chosen.*, gate.contact, gate.value, gate.is_synthetic,
                row_number() OVER (PARTITION BY gate.contact, chosen.is_held_out ORDER BY chosen.rank) AS place
            FROM chosen LEFT JOIN gate USING (member_id)
        ) ORDER BY rank
    """
