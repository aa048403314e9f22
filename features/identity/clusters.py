"""Clusters of nodes that edges join, without ever putting two into one cluster that must stay apart."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

import duckdb
from splink import DuckDBAPI
from splink.clustering import cluster_pairwise_predictions_at_threshold

Conflict = Callable[[int, int], bool]


def create_components(con: duckdb.DuckDBPyConnection, *, nodes: str, edges: str, to: str) -> None:
    """Creates `to` (node, component): the connected components of `nodes` (node) under `edges` (node_l, node_r).

    A component is named by its smallest node. Splink's clustering, on the connection that holds the tables.
    """
    any_edge = con.execute(f"SELECT 1 FROM {edges} LIMIT 1").fetchone()
    if any_edge is None:
        con.execute(f"CREATE OR REPLACE TEMP TABLE {to} AS SELECT node, node AS component FROM {nodes}")
        return
    # only nodes with an edge are clustered: most persons of a shop are alone
    con.execute(
        f"CREATE OR REPLACE TABLE joined_nodes AS SELECT node_l AS node FROM {edges} UNION SELECT node_r FROM {edges}"
    )
    con.execute(f"CREATE OR REPLACE TABLE joining_edges AS SELECT DISTINCT node_l, node_r FROM {edges}")
    # it counts its rounds aloud
    logging.getLogger("splink").setLevel(logging.WARNING)
    found = cluster_pairwise_predictions_at_threshold(
        nodes="joined_nodes",
        edges="joining_edges",
        db_api=DuckDBAPI(connection=con),
        node_id_column_name="node",
    )
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE {to} AS
        SELECT node, coalesce(component, node) AS component FROM {nodes} LEFT JOIN (
            SELECT node, min(node) OVER (PARTITION BY cluster_id) AS component FROM {found.physical_name}
        ) USING (node)
    """)
    for table in (found.physical_name, "joined_nodes", "joining_edges"):
        con.execute(f"DROP TABLE {table}")


def clusters_apart(edges: Iterable[tuple[int, int]], conflict: Conflict) -> dict[int, int]:
    """Node to the smallest node of its cluster; edges are taken in their order, the strongest must come first.

    An edge is left out when any node of the one cluster conflicts with any of the other.
    """
    cluster_of: dict[int, list[int]] = {}
    for left, right in edges:
        one = cluster_of.setdefault(left, [left])
        other = cluster_of.setdefault(right, [right])
        if one is other or any(conflict(a, b) for a in one for b in other):
            continue
        if len(one) < len(other):
            one, other = other, one
        one.extend(other)
        for node in other:
            cluster_of[node] = one
    smallest = {id(cluster): min(cluster) for cluster in cluster_of.values()}
    return {node: smallest[id(cluster)] for node, cluster in cluster_of.items()}
