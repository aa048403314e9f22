"""Which persons are joined: first by strong ids into cores, then cores by phone, e-mail and name with address.

A phone number or address joins everybody who holds it, unless it is contested: two of its holders cannot be one person,
or are two accounts of one channel that nothing else joins, or they are too many. Then it joins only those who agree in
their full names, or in year of birth and gender, or hold a second identifier in common; whoever says nothing of
themselves stays apart. So does whoever turns up on a number after a long silence, unless they agree.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from features.contracts.identity_settings import IdentitySettings
from features.identity.clusters import Conflict, clusters_apart, create_components
from features.identity.evidence import (
    MOST_CORES_COMPARED,
    create_core_evidence,
    is_after_gap,
    is_conflict,
    is_elsewhere,
    is_same_birth,
    is_same_name,
    read_cores,
)
from features.identity.persons import NAME_AND_ADDRESS, STRONG

_STRONG = ", ".join(f"'{kind}'" for kind in STRONG)


def create_clusters(con: duckdb.DuckDBPyConnection, settings: IdentitySettings) -> None:
    """Creates `clusters` (person, cluster) from `persons`, `held` and `kept_apart` (person_l, person_r).

    Besides `contested` (kind, value), the identifiers by which not everybody who holds them is joined, and `parted`
    (component), chains of joined persons that had to be cut because two of them cannot be one.
    """
    _create_strong_edges(con)
    create_components(con, nodes="(SELECT person AS node FROM persons)", edges="strong_edges", to="strong_components")
    _create_cores(con)
    create_core_evidence(con)
    _create_weak_pairs(con, settings)
    _create_weak_edges(con)
    create_components(con, nodes="(SELECT core AS node FROM evidence)", edges="weak_edges", to="weak_components")
    _create_people(con)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE clusters AS SELECT person, people.cluster FROM cores "
        "JOIN people ON people.node = cores.core"
    )


def _create_strong_edges(con: duckdb.DuckDBPyConnection) -> None:
    # an openid or card under which two unionids, or two members of the retailer, are known is nobody's own
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE strong_edges AS
        WITH strong AS (
            SELECT person, kind, rank, value, handed, wechat_unionid FROM held JOIN persons USING (person)
            WHERE kind IN ({_STRONG})
        ), own AS (
            SELECT kind, value, min(person) AS first_person FROM strong GROUP BY kind, value
            HAVING kind = 'member'
                OR (count(DISTINCT handed) < 2 AND (kind = 'unionid' OR count(DISTINCT wechat_unionid) < 2))
        )
        SELECT person AS node_l, first_person AS node_r, rank FROM strong JOIN own USING (kind, value)
        WHERE person <> first_person
    """)


def _create_cores(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("""
        CREATE OR REPLACE TEMP TABLE broken AS
        SELECT component FROM strong_components JOIN persons ON node = person GROUP BY component
        HAVING count(DISTINCT handed) > 1 OR count(DISTINCT wechat_unionid) > 1
        UNION SELECT one.component FROM kept_apart JOIN strong_components AS one ON one.node = person_l
        JOIN strong_components AS other ON other.node = person_r AND other.component = one.component
    """)
    rows = con.execute(
        "SELECT person, handed, wechat_unionid FROM persons "
        "WHERE person IN (SELECT node FROM strong_components SEMI JOIN broken USING (component))"
    ).fetchall()
    con.execute("CREATE OR REPLACE TEMP TABLE parted AS SELECT component FROM broken")
    ids = {person: (handed, unionid) for person, handed, unionid in rows}
    apart = set(con.execute("SELECT person_l, person_r FROM kept_apart").fetchall())

    def conflict(one: int, other: int) -> bool:
        differ = any(a is not None and b is not None and a != b for a, b in zip(ids[one], ids[other], strict=True))
        return differ or (one, other) in apart or (other, one) in apart

    _part(con, "strong_components", "SELECT * FROM strong_edges", "rank, node_l, node_r", conflict, to="strong_parted")
    con.execute("CREATE OR REPLACE TEMP TABLE cores AS SELECT node AS person, cluster AS core FROM strong_parted")


def _create_weak_pairs(con: duckdb.DuckDBPyConnection, settings: IdentitySettings) -> None:
    """Creates `weak_pairs`: two cores that hold the same identifier, once per identifier, with what speaks for it."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE weak_holders AS
        SELECT *, count(*) OVER (PARTITION BY kind, value) AS holders FROM (
            SELECT DISTINCT kind, rank, value, core FROM held JOIN cores USING (person) WHERE kind NOT IN ({_STRONG})
        ) QUALIFY holders > 1
    """)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE weak_pairs AS
        WITH pairs AS (
            -- everybody with everybody, as long as they are few
            SELECT kind, rank, value, one.core AS node_l, other.core AS node_r, false AS is_crowd
            FROM weak_holders AS one JOIN weak_holders AS other USING (kind, rank, value)
            WHERE one.core < other.core AND one.holders <= {settings.max_persons_per_contact}
            UNION ALL
            -- in a crowd, those of one full name
            SELECT kind, rank, value, first_core, core, true FROM (
                SELECT kind, rank, value, core, min(core) OVER (PARTITION BY kind, value, words) AS first_core
                FROM weak_holders JOIN evidence USING (core)
                WHERE holders > {settings.max_persons_per_contact} AND has_full_name
            ) WHERE core <> first_core
        )
        SELECT pairs.*, kind = 'phone' AND {is_after_gap("l", "r", gap_days=settings.recycled_gap_days)} AS is_gap,
            kind = 'phone' AND {is_after_gap("l", "r", gap_days=settings.silent_gap_days)} AS is_silent,
            {is_conflict("l", "r")} OR (is_gap AND ({is_elsewhere("l", "r")})) AS is_conflict,
            {is_same_name("l", "r")} OR {is_same_birth("l", "r")}
                OR count(DISTINCT kind) OVER (PARTITION BY node_l, node_r) > 1 AS is_agreed,
            list_has_any(l.sources, r.sources) AS is_same_source
        FROM pairs JOIN evidence AS l ON l.core = node_l JOIN evidence AS r ON r.core = node_r
    """)


def _create_weak_edges(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("""
        CREATE OR REPLACE TEMP TABLE contested AS
        SELECT kind, value FROM weak_pairs GROUP BY kind, value
        HAVING bool_or(is_crowd OR is_conflict OR (is_same_source AND NOT is_agreed))
    """)
    # people of one name in one house whose years of birth differ are father and son: then nobody is joined by it
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE weak_edges AS
        SELECT node_l, node_r, min(rank) AS rank, bool_or(is_agreed) AS is_agreed
        FROM weak_pairs LEFT JOIN contested USING (kind, value)
        WHERE (contested.value IS NULL AND (is_agreed OR NOT is_silent))
            OR (is_agreed AND NOT is_conflict AND kind <> '{NAME_AND_ADDRESS}')
        GROUP BY node_l, node_r
    """)


def _create_people(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("""
        CREATE OR REPLACE TEMP TABLE apart_cores AS
        SELECT DISTINCT one.core AS node_l, other.core AS node_r FROM kept_apart
        JOIN cores AS one ON one.person = person_l JOIN cores AS other ON other.person = person_r
    """)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE broken AS
        WITH sizes AS (SELECT component, count(*) AS cores FROM weak_components GROUP BY component HAVING cores > 1),
        inside AS (
            SELECT component, evidence.* FROM sizes JOIN weak_components USING (component)
            JOIN evidence ON evidence.core = node WHERE cores <= {MOST_CORES_COMPARED}
        )
        SELECT component FROM sizes WHERE cores > {MOST_CORES_COMPARED}
        UNION SELECT l.component FROM inside AS l JOIN inside AS r USING (component)
        WHERE l.core < r.core AND {is_conflict("l", "r")}
        UNION SELECT one.component FROM apart_cores JOIN weak_components AS one ON one.node = node_l
        JOIN weak_components AS other ON other.node = node_r AND other.component = one.component
    """)
    con.execute("INSERT INTO parted SELECT component FROM broken")
    cores = read_cores(con, "SELECT node AS core FROM weak_components SEMI JOIN broken USING (component)")
    apart = set(con.execute("SELECT node_l, node_r FROM apart_cores").fetchall())

    def conflict(one: int, other: int) -> bool:
        return (one, other) in apart or (other, one) in apart or cores[one].conflicts_with(cores[other])

    order = "is_agreed DESC, rank, least(node_l, node_r), greatest(node_l, node_r)"
    _part(con, "weak_components", "SELECT * FROM weak_edges", order, conflict, to="people")


def _part(
    con: duckdb.DuckDBPyConnection, components: str, edges: str, order: str, conflict: Conflict, *, to: str
) -> None:
    """Creates `to` (node, cluster): the components, those in `broken` parted where two nodes conflict."""
    taken = con.execute(
        f"SELECT node_l, node_r FROM ({edges}) AS edges WHERE node_l IN "
        f"(SELECT node FROM {components} SEMI JOIN broken USING (component)) ORDER BY {order}"
    ).fetchall()
    clusters = clusters_apart(taken, conflict)
    new_clusters = pa.table(
        {
            "node": pa.array(clusters.keys(), pa.int64()),
            "cluster": pa.array(clusters.values(), pa.int64()),
        }
    )
    con.register("new_clusters", new_clusters)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE {to} AS
        SELECT node, coalesce(new_clusters.cluster, CASE WHEN broken.component IS NULL THEN component ELSE node END)
            AS cluster
        FROM {components} LEFT JOIN broken USING (component) LEFT JOIN new_clusters USING (node)
    """)
    con.unregister("new_clusters")
