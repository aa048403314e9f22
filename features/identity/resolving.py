"""The members of a load: from its kept rows and what identity remembers to `member_ids` and what belongs to it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from features.contracts.identity_settings import IdentitySettings
from features.contracts.paths import ShopPaths
from features.identity.joining import create_clusters
from features.identity.naming import create_member_ids, create_merges, register_new
from features.identity.numbers import create_lost_numbers
from features.identity.persons import create_persons
from features.identity.state import Undone, create_registered, read_undone, write_state

REVISION = 1
"""Raised when a rule changes, so that members are resolved anew from rows that are there already."""


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """What became of the persons of a load."""

    persons: int
    members: int
    contested: int
    """Phone numbers and addresses that do not join everybody who holds them."""
    parted: int
    """Chains of joined persons that were cut, because two of them cannot be one."""
    lost_numbers: int
    """Records whose phone number now belongs to a newer holder."""
    undone: int
    """Merges that stay undone."""

    def note(self) -> str | None:
        """One line for the summary; None where every person is a member of its own and nothing was contested."""
        if self.persons == self.members and not self.contested:
            return None
        return (
            f"identity: {self.persons:,} persons of channels are {self.members:,} members; {self.contested:,} shared "
            f"numbers and addresses and {self.parted:,} contradictions keep persons apart; {self.lost_numbers:,} "
            f"records lost a number to its newest holder; {self.undone:,} merges stay undone"
        )

    def to_json(self) -> dict[str, int]:
        """The counts by name."""
        return asdict(self)


def resolve_members(
    con: duckdb.DuckDBPyConnection,
    tables: frozenset[str],
    settings: IdentitySettings,
    paths: ShopPaths,
    *,
    tables_folder: Path | None,
    now: datetime,
) -> Resolved:
    """Creates `member_ids`, `member_aliases`, `member_merges` and `lost_numbers` from the views `kept_TABLE`.

    Keeps what identity has to remember; the same rows again give the same ids. `tables_folder`: the tables in use.
    """
    run = create_registered(con, paths, tables_folder=tables_folder) + 1
    undone = read_undone(paths)
    create_persons(con, tables)
    _create_kept_apart(con, undone)
    create_clusters(con, settings)
    register_new(con, run=run)
    create_member_ids(con)
    create_merges(con, now=now)
    con.execute("CREATE TABLE member_merges AS SELECT * FROM merges")
    create_lost_numbers(con, settings)
    write_state(con, paths, run=run)
    return Resolved(
        persons=_count(con, "member_ids"),
        members=_count(con, "(SELECT DISTINCT member_id FROM member_ids)"),
        contested=_count(con, "contested"),
        parted=_count(con, "parted"),
        lost_numbers=_count(con, "lost_numbers"),
        undone=len(undone),
    )


def identity_fingerprint(settings: IdentitySettings, paths: ShopPaths) -> dict[str, object]:
    """What shapes the members besides the rows: the rules, and the merges that were undone."""
    return {
        "identity_revision": REVISION,
        "identity": settings.model_dump(mode="json"),
        "undone": sorted(each.merge_id for each in read_undone(paths)),
    }


def _create_kept_apart(con: duckdb.DuckDBPyConnection, undone: list[Undone]) -> None:
    pairs = pa.table(
        {
            "source": pa.array([each.person[0] for each in undone], pa.string()),
            "source_id": pa.array([each.person[1] for each in undone], pa.string()),
            "first_source": pa.array([each.first_person[0] for each in undone], pa.string()),
            "first_source_id": pa.array([each.first_person[1] for each in undone], pa.string()),
        }
    )
    con.register("undone_pairs", pairs)
    con.execute("""
        CREATE OR REPLACE TEMP TABLE kept_apart AS
        SELECT l.person AS person_l, r.person AS person_r FROM undone_pairs AS u
        JOIN persons AS l ON l.source = u.source AND l.source_id = u.source_id
        JOIN persons AS r ON r.source = u.first_source AND r.source_id = u.first_source_id
    """)
    con.unregister("undone_pairs")


def _count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = con.execute(f"SELECT count(*) FROM {relation}").fetchone()
    return int(row[0]) if row else 0
