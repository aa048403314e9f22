"""How well persons of channels become members, on records whose truth is known."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.contracts.identity_settings import IdentitySettings
from features.contracts.paths import ShopPaths
from features.contracts.secrecy import ContactCipher
from features.contracts.settings import Settings
from features.contracts.tables import MEMBER_RECORDS
from features.identity.resolving import Resolved, resolve_members
from features.sources.casting import literal_path
from features.sources.contact_data import Unreadable, protected
from features.tables.storage import current_tables
from training.generated.channel_records import ChannelRecords

_KEY = ContactCipher(key=b"nobody in these records exists", phone_region="CN")
_ROWS_AT_ONCE = 100_000
_NOW = datetime(2018, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class IdentityQuality:
    """Pairs of records, found and true. Recall is counted over all pairs and over those that share an identifier."""

    records: int
    people: int
    members: int
    precision: float
    """Share of the pairs put together that are one person's."""
    recall: float | None
    """Share of a person's pairs with a true identifier in common that were put together; None without such pairs."""
    recall_all: float
    """Share of all pairs of a person's records that were put together."""
    found_pairs: int
    wrong_pairs: int
    sharing_pairs: int
    true_pairs: int
    protect_seconds: float
    """Normalising, hashing and encrypting the contact data."""
    resolve_seconds: float
    """From protected records to member ids."""
    resolve_cpu_seconds: float
    """The same, on the processor: what a busy machine does not change."""

    def to_json(self) -> dict[str, float | None]:
        """The figures by name."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class ResolvedRecords:
    """The member of each record, in the records' order."""

    member: npt.NDArray[np.int64]
    counts: Resolved
    protect_seconds: float
    resolve_seconds: float
    resolve_cpu_seconds: float


def identity_quality(generated: ChannelRecords, rules: IdentitySettings, *, threads: int) -> IdentityQuality:
    """What the rules make of generated records."""
    resolved = resolved_records(generated.records, rules, threads=threads)
    return measured(resolved, generated.person, generated.true_identifiers)


def household_days(settings: Settings) -> tuple[npt.NDArray[np.int64], datetime]:
    """int64 (members, 2): first and last day of buying of each member, counted from the moment beside it.

    Raises NothingLoaded.
    """
    file = current_tables(settings.paths).file("order_lines")
    with _connection(settings.threads) as con:
        found = con.execute(
            "SELECT date_diff('day', starts_at, first_at), date_diff('day', starts_at, last_at), starts_at FROM ("
            "SELECT min(ordered_at) AS first_at, max(ordered_at) AS last_at, "
            "date_trunc('day', min(min(ordered_at)) OVER ()) AS starts_at "
            "FROM read_parquet($file) WHERE member_id IS NOT NULL GROUP BY member_id ORDER BY member_id)",
            {"file": literal_path(file)},
        ).fetchall()
    return np.array([(first, last) for first, last, _ in found], dtype=np.int64), found[0][2]


def resolved_records(records: pa.Table, rules: IdentitySettings, *, threads: int) -> ResolvedRecords:
    """The members of records with plain contact data, by the same way as in a load; nothing of it is kept."""
    begun = time.perf_counter()
    batches = (pa.Table.from_batches([batch]) for batch in records.to_batches(max_chunksize=_ROWS_AT_ONCE))
    hidden = pa.concat_tables(protected(batches, _KEY, Unreadable()))
    protected_at = time.perf_counter()
    with _connection(threads) as con, tempfile.TemporaryDirectory() as folder:
        con.register("handed", hidden)
        known = ", ".join(
            column.name if column.name in hidden.column_names else f"CAST(NULL AS {column.type.value}) AS {column.name}"
            for column in MEMBER_RECORDS.columns
        )
        con.execute(f"CREATE TEMP TABLE kept_member_records AS SELECT {known} FROM handed")
        con.execute(_ORDERS if "first_at" in hidden.column_names else _NO_ORDERS)
        started, cpu_started = time.perf_counter(), time.process_time()
        counts = resolve_members(
            con,
            frozenset({"member_records", "order_lines"}),
            rules,
            ShopPaths(root=Path(folder)),
            tables_folder=None,
            now=_NOW,
        )
        ended, cpu_ended = time.perf_counter(), time.process_time()
        con.register("keys", records.select(["source", "source_id"]).append_column("row", _numbers(records.num_rows)))
        members = con.execute(
            "SELECT dense_rank() OVER (ORDER BY member_id) AS member FROM keys "
            "JOIN member_ids USING (source, source_id) ORDER BY row"
        ).fetchnumpy()["member"]
    return ResolvedRecords(
        member=np.asarray(members, dtype=np.int64),
        counts=counts,
        protect_seconds=protected_at - begun,
        resolve_seconds=ended - started,
        resolve_cpu_seconds=cpu_ended - cpu_started,
    )


def measured(
    resolved: ResolvedRecords, person: npt.NDArray[np.int64], identifiers: Sequence[tuple[str, ...]]
) -> IdentityQuality:
    """The figures of resolved records whose persons and true identifiers are known."""
    found = _pairs(resolved.member)
    right = _pairs_by(np.stack([resolved.member, person]))
    true = _pairs(person)
    sharing, sharing_found = _sharing(resolved.member, person, identifiers)
    return IdentityQuality(
        records=len(person),
        people=len(np.unique(person)),
        members=len(np.unique(resolved.member)),
        precision=right / found if found else 1.0,
        recall=sharing_found / sharing if sharing else None,
        recall_all=right / true if true else 1.0,
        found_pairs=found,
        wrong_pairs=found - right,
        sharing_pairs=sharing,
        true_pairs=true,
        protect_seconds=resolved.protect_seconds,
        resolve_seconds=resolved.resolve_seconds,
        resolve_cpu_seconds=resolved.resolve_cpu_seconds,
    )


_ORDERS = """
    CREATE TEMP VIEW kept_order_lines AS
    SELECT source, source_id, NULL::VARCHAR AS member_id, unnest([first_at, last_at]) AS ordered_at FROM handed
"""
_NO_ORDERS = """
    CREATE TEMP VIEW kept_order_lines AS SELECT NULL::VARCHAR AS source, NULL::VARCHAR AS source_id,
    NULL::VARCHAR AS member_id, NULL::TIMESTAMPTZ AS ordered_at WHERE false
"""


@contextlib.contextmanager
def _connection(threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": threads,
        "autoinstall_known_extensions": "false",
    }
    with contextlib.closing(duckdb.connect(":memory:", config=config)) as con:
        con.execute("SET TimeZone = 'UTC'")
        yield con


def _numbers(count: int) -> pa.Array:
    return pa.array(range(count), pa.int64())


def _pairs(groups: npt.NDArray[np.int64]) -> int:
    sizes = np.unique(groups, return_counts=True)[1].astype(np.int64)
    return int((sizes * (sizes - 1) // 2).sum())


def _pairs_by(keys: npt.NDArray[np.int64]) -> int:
    sizes = np.unique(keys, axis=1, return_counts=True)[1].astype(np.int64)
    return int((sizes * (sizes - 1) // 2).sum())


def _sharing(
    member: npt.NDArray[np.int64], person: npt.NDArray[np.int64], identifiers: Sequence[tuple[str, ...]]
) -> tuple[int, int]:
    """Pairs of one person's records with a true identifier in common, and how many of them were put together."""
    order = np.argsort(person, kind="stable")
    bounds = np.flatnonzero(np.diff(person[order])) + 1
    sharing = found = 0
    for rows in np.split(order, bounds):
        for place, one in enumerate(rows):
            own = set(identifiers[one])
            for other in rows[place + 1 :]:
                if own.intersection(identifiers[other]):
                    sharing += 1
                    found += int(member[one] == member[other])
    return sharing, found
