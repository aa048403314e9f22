"""Phone numbers that were given out anew: the newest holder has them, and the holders before lose them."""

from __future__ import annotations

import duckdb

from features.contracts.identity_settings import IdentitySettings
from features.identity.evidence import are_other_names


def create_lost_numbers(con: duckdb.DuckDBPyConnection, settings: IdentitySettings) -> None:
    """Creates `lost_numbers` (source, source_id): records whose phone number now belongs to somebody else.

    Several members hold the number, the newest one has another name or unionid than each of the others, and its first
    sign comes `recycled_gap_days` after the last one of theirs.
    """
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE lost_numbers AS
        WITH holders AS (
            SELECT phone_hash, cluster, min(first_at) AS first_at, max(last_at) AS last_at,
                min(wechat_unionid) AS unionid,
                list_distinct(flatten(coalesce(list(string_split(name_hash, ' '))
                    FILTER (WHERE name_hash IS NOT NULL), []))) AS words
            FROM persons JOIN clusters USING (person)
            WHERE phone_hash IS NOT NULL AND NOT coalesce(is_synthetic, false)
            GROUP BY phone_hash, cluster
            QUALIFY count(*) OVER (PARTITION BY phone_hash) > 1
        ), newest AS (
            SELECT * FROM holders WHERE first_at IS NOT NULL
            QUALIFY row_number() OVER (PARTITION BY phone_hash ORDER BY first_at DESC, cluster) = 1
        ), recycled AS (
            SELECT n.phone_hash, n.cluster FROM newest AS n JOIN holders AS h
                ON h.phone_hash = n.phone_hash AND h.cluster <> n.cluster
            GROUP BY n.phone_hash, n.cluster
            HAVING bool_and(coalesce(h.last_at + INTERVAL {settings.recycled_gap_days} DAY <= n.first_at, false)
                AND ({are_other_names("h", "n")} OR coalesce(h.unionid <> n.unionid, false)))
        )
        SELECT source, source_id FROM persons JOIN clusters USING (person) JOIN recycled USING (phone_hash)
        WHERE clusters.cluster <> recycled.cluster
    """)
