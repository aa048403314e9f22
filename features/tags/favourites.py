"""The categories that a member spends most on."""

from __future__ import annotations

from datetime import datetime

import duckdb
import pyarrow as pa

from features.groups.catalogue import GROUPS
from features.snapshots import FeatureBuild

MOST = 5


def favourite_categories(build: FeatureBuild, *, at: datetime, most: int = MOST) -> pa.Table:
    """One row per member: member_id (string, sorted), categories (list of strings), most spend of 365 days first."""
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as con:
        found = con.execute(
            "SELECT member_id, list(category ORDER BY spend_place) AS categories FROM read_parquet($file) "
            "WHERE spend_place <= $most GROUP BY member_id ORDER BY member_id",
            {"file": str(build.known_snapshot(GROUPS["member_taste"], at)), "most": most},
        )
        return found.to_arrow_table()
