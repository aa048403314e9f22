"""Who and what an uploaded list names, by the tables in use."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.contracts.settings import Settings
from features.sources.casting import literal_path
from features.tables.session import open_session
from features.tables.storage import current_tables
from serving.records.id_lists import ListKind
from training.protocol import Ids

MEMORY = "500MB"

_NAMED = {
    ListKind.MEMBER_ID: ("members", "SELECT member_id AS entry, member_id AS id FROM {members}"),
    ListKind.PHONE_HASH: (
        "member_records",
        "SELECT phone_hash AS entry, member_id AS id FROM {member_records} JOIN {member_ids} USING (source, source_id)",
    ),
    ListKind.PRODUCT_ID: ("products", "SELECT product_id AS entry, product_id AS id FROM {products}"),
}
"""Per kind: the table that must have been handed over, and which id each entry names."""


@dataclass(frozen=True, kw_only=True)
class Named:
    """What the entries of a list name."""

    ids: Ids
    """str (ids,): members or products, each once, sorted."""
    known: int
    """Entries that name somebody or something."""
    unknown: int


def named_by(
    settings: Settings,
    kind: ListKind,
    entries: Sequence[str],
    *,
    are_gone: Callable[[Ids], npt.NDArray[np.bool_]] | None = None,
) -> Named:
    """What the entries (each once) name now. Raises NothingLoaded.

    A phone number that several members share names each of them. `are_gone` tells which members asked to be
    forgotten: they are known to nobody any more.
    """
    tables = current_tables(settings.paths)
    needed, sql = _NAMED[kind]
    if not entries or not tables.file(needed).is_file():
        return Named(ids=np.empty(0, dtype=np.str_), known=0, unknown=len(entries))
    files = {
        table: "read_parquet('{}')".format(literal_path(tables.file(table)).replace("'", "''"))
        for table in ("members", "member_records", "member_ids", "member_aliases", "products")
    }
    named_sql = sql.format(**files)
    if kind is ListKind.MEMBER_ID and tables.file("member_aliases").is_file():
        # a list of before a merge still names the member
        named_sql += " UNION ALL SELECT old_member_id, member_id FROM {member_aliases}".format(**files)
    with contextlib.closing(open_session(settings, zone="UTC", memory=MEMORY)) as con:
        con.register("entries", pa.table({"entry": pa.array(entries, pa.string())}))
        con.execute(f"CREATE TEMP TABLE named AS SELECT * FROM entries JOIN ({named_sql}) USING (entry)")
        if are_gone is not None and kind is not ListKind.PRODUCT_ID:
            _remove_gone(con, are_gone)
        counted = con.execute("SELECT count(DISTINCT entry) FROM named").fetchone()
        ids = con.execute("SELECT DISTINCT id FROM named ORDER BY id").fetchnumpy()["id"]
    known = counted[0] if counted else 0
    return Named(ids=np.asarray(ids, dtype=np.str_), known=known, unknown=len(entries) - known)


def _remove_gone(con: duckdb.DuckDBPyConnection, are_gone: Callable[[Ids], npt.NDArray[np.bool_]]) -> None:
    ids = np.asarray(con.execute("SELECT DISTINCT id FROM named ORDER BY id").fetchnumpy()["id"], dtype=np.str_)
    gone = ids[are_gone(ids)]
    if len(gone):
        con.register("gone", pa.table({"id": pa.array(gone, pa.string())}))
        con.execute("DELETE FROM named WHERE id IN (SELECT id FROM gone)")
