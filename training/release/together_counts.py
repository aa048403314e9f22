"""Counts of products that share an order: pairs and trios that do so more often than chance would have it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts.settings import Settings
from features.tables.session import READ_MEMORY, open_session
from training.protocol import Ids

WINDOW = timedelta(days=365)
MOST_ORDERS = 1_000_000
"""Newest orders that are counted: enough for any pair worth naming, and it bounds time and memory."""
MOST_COMPANIONS = 50
"""Companions kept of each product, the surest lift first."""
MOST_TRIOS = 30
"""Pairs of companions kept of each product, those that say most: many orders, and a high lift."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """How much must be seen before products are said to be bought together."""

    orders: int = 20
    """Orders that each product must stand in."""
    together: int = 8
    """Orders that hold them all: below it a large lift is luck."""
    members: int = 5
    """Members behind those orders: one household's habit is no rule. A sale without a member is a member of its own."""
    caution: float = 2.0
    """Standard errors taken off the lift before it is compared; its error is that of a count of members."""


EVIDENCE = Evidence()


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What was counted; products are rows of a shelf, companions and trios stand in order of their product."""

    all_orders: int
    orders_of: npt.NDArray[np.int32]
    """int32 (products,): orders with each product; 0 for one that stands in too few to tell."""
    pairs: pd.DataFrame
    """product, companion, orders, lift."""
    trios: pd.DataFrame
    """product, companion, other, orders, lift; the companion's row is below the other's."""


def count_together(
    settings: Settings, purchases: Path, product_ids: Ids, *, as_of: datetime, evidence: Evidence = EVIDENCE
) -> Counted:
    """Pairs and trios within the orders of the WINDOW before `as_of`; a product's row is its place in `product_ids`.

    `purchases` is a Parquet file of schema PURCHASES. A product counts once in an order, whatever its quantity.
    """
    shelf = pd.DataFrame({"product_id": product_ids.astype(object), "row": np.arange(len(product_ids))})
    least = {"together": evidence.together, "members": evidence.members, "caution": evidence.caution}
    with contextlib.closing(open_session(settings, zone="UTC", memory=READ_MEMORY)) as con:
        con.register("shelf", shelf)
        con.execute(_LINES, {"purchases": str(purchases), "since": as_of - WINDOW, "as_of": as_of, "most": MOST_ORDERS})
        con.execute(_COUNTED, {"orders": evidence.orders})
        found = con.execute("SELECT coalesce(max(nth), 0) FROM lines").fetchone()
        least["all_orders"] = all_orders = int(found[0]) if found else 0
        often = con.execute("SELECT row, orders FROM counted").df()
        con.execute(_PAIRS, {**least, "most": MOST_COMPANIONS})
        pairs = con.execute("SELECT * EXCLUDE (place) FROM pairs ORDER BY product, place").df()
        trios = con.execute(_TRIOS, {**least, "most": MOST_TRIOS}).df()
    orders_of = np.zeros(len(product_ids), dtype=np.int32)
    orders_of[often["row"].to_numpy(dtype=np.int64)] = often["orders"]
    return Counted(all_orders=all_orders, orders_of=orders_of, pairs=pairs, trios=trios)


_LINES = """
CREATE TABLE lines AS
WITH bought AS (
    SELECT order_id, coalesce(member_id, order_id) AS member_id, product_id, ordered_at
    FROM read_parquet($purchases)
    WHERE ordered_at >= $since AND ordered_at < $as_of
), orders AS (
    SELECT order_id, min(member_id) AS member_id, row_number() OVER (ORDER BY max(ordered_at) DESC, order_id) AS nth
    FROM bought GROUP BY order_id QUALIFY nth <= $most
), numbered AS (
    SELECT order_id, nth::INTEGER AS nth, dense_rank() OVER (ORDER BY member_id)::INTEGER AS member FROM orders
)
SELECT DISTINCT nth, member, row::INTEGER AS row
FROM bought JOIN numbered USING (order_id) LEFT JOIN shelf USING (product_id)
"""
"""One row per product in an order, all as whole numbers; `row` is null for what is not on the shelf."""

_COUNTED = """
CREATE TABLE counted AS
SELECT row, count(*) AS orders FROM lines WHERE row IS NOT NULL GROUP BY row HAVING count(*) >= $orders
"""

_PAIRS = """
CREATE TABLE pairs AS
WITH kept AS (
    SELECT nth, member, row FROM lines SEMI JOIN counted USING (row)
), of_members AS (
    SELECT this.row AS one, that.row AS other, this.member, count(*) AS orders
    FROM kept AS this JOIN kept AS that ON this.nth = that.nth AND this.row < that.row
    GROUP BY ALL
), together AS (
    SELECT one, other, sum(orders)::INTEGER AS orders, count(*) AS members
    FROM of_members GROUP BY ALL HAVING sum(orders) >= $together AND count(*) >= $members
), both_ways AS (
    SELECT one AS product, other AS companion, orders, members FROM together
    UNION ALL SELECT other, one, orders, members FROM together
), lifted AS (
    SELECT product, companion, found.orders, found.orders::DOUBLE * $all_orders / (own.orders * its.orders) AS lift,
        lift * (1 - $caution / sqrt(members)) AS surely
    FROM both_ways AS found
    JOIN counted AS own ON own.row = product
    JOIN counted AS its ON its.row = companion
)
SELECT product, companion, orders, lift,
    row_number() OVER (PARTITION BY product ORDER BY surely DESC, companion) AS place
FROM lifted WHERE surely > 1 QUALIFY place <= $most
"""

_TRIOS = """
WITH beside AS (
    SELECT product, companion, own.nth, own.member
    FROM pairs
    JOIN lines AS own ON own.row = product
    JOIN lines AS its ON its.row = companion AND its.nth = own.nth
), of_members AS (
    SELECT one.product, one.companion, two.companion AS other, one.member, count(*) AS orders
    FROM beside AS one JOIN beside AS two
        ON one.product = two.product AND one.nth = two.nth AND one.companion < two.companion
    GROUP BY ALL
), together AS (
    SELECT product, companion, other, sum(orders)::INTEGER AS orders, count(*) AS members
    FROM of_members GROUP BY ALL HAVING sum(orders) >= $together AND count(*) >= $members
)
SELECT product, companion, other, found.orders,
    found.orders * ($all_orders::DOUBLE / own.orders) * ($all_orders::DOUBLE / its.orders) / third.orders AS lift
FROM together AS found
JOIN counted AS own ON own.row = product
JOIN counted AS its ON its.row = companion
JOIN counted AS third ON third.row = other
WHERE lift * (1 - $caution / sqrt(members)) > 1
QUALIFY row_number() OVER (PARTITION BY product ORDER BY found.orders * ln(lift) DESC, companion, other) <= $most
ORDER BY product, found.orders * ln(lift) DESC, companion, other
"""
