"""Which shown item is credited with a click, and which with a purchase: the last one shown, each purchase once."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb

_STEPS = (
    # Members as they are known now, whatever they were called when something was shown to them.
    """
    CREATE TEMP TABLE shown_to AS
    SELECT shown.* REPLACE (coalesce(member_aliases.member_id, shown.member_id) AS member_id),
           CASE WHEN $is_still THEN as_of ELSE logged_at END AS shown_at
    FROM shown LEFT JOIN member_aliases ON old_member_id = shown.member_id
    """,
    """
    CREATE TEMP TABLE credited_clicks AS
    SELECT DISTINCT shown_to.recommendation_id, shown_to.item_id
    FROM shown_to JOIN clicked USING (recommendation_id, item_id)
    WHERE clicked.happened_at >= logged_at AND clicked.happened_at < logged_at + $clicked_within
    """,
    # Purchases that events told: of each product of an order one, unless the order or the product was given back.
    """
    CREATE TEMP TABLE told AS
    SELECT order_id, product_id, min(happened_at) AS happened_at, sum(revenue) AS revenue,
           max(recommendation_id) AS recommendation_id,
           coalesce(min(member_ids.member_id), min(member_aliases.member_id), min(member_key)) AS member_id
    FROM ordered
    LEFT JOIN member_ids USING (source, source_id)
    LEFT JOIN member_aliases ON old_member_id = member_key
    WHERE NOT is_undone AND NOT EXISTS (
        FROM ordered AS undone WHERE undone.is_undone AND undone.order_id = ordered.order_id
        AND (undone.product_id IS NULL OR undone.product_id = ordered.product_id))
    GROUP BY order_id, product_id
    """,
    # Purchases of the loaded tables by members who were shown something; what was returned in the same order is none.
    """
    CREATE TEMP TABLE loaded AS
    SELECT order_id, product_id, min(member_id) AS member_id, min(ordered_at) AS happened_at,
           sum(coalesce(amount, list_amount))::DOUBLE AS revenue
    FROM order_lines
    WHERE member_id IN (SELECT member_id FROM shown_to)
      AND ordered_at >= (SELECT min(shown_at) FROM shown_to)
      AND ordered_at < (SELECT max(shown_at) FROM shown_to) + $bought_within
    GROUP BY order_id, product_id HAVING sum(quantity) > 0
    """,
    # The recommendation that an order itself names.
    """
    CREATE TEMP TABLE named AS
    SELECT order_id, told.product_id, told.recommendation_id
    FROM told JOIN shown_to ON told.recommendation_id = shown_to.recommendation_id AND item_id = product_id
    WHERE happened_at >= logged_at AND happened_at < logged_at + $bought_within
    GROUP BY ALL
    """,
)

# The one shown last before the purchase, by one clock or the other.
_LAST = """
    CREATE TEMP TABLE {name} AS
    SELECT order_id, bought.product_id, shown_last.recommendation_id
    FROM {purchases} AS bought
    ASOF JOIN (
        SELECT member_id, item_id, {shown_at} AS last_at,
               arg_max(recommendation_id, (logged_at, recommendation_id)) AS recommendation_id
        FROM shown_to WHERE member_id IS NOT NULL GROUP BY ALL
    ) AS shown_last
    ON bought.member_id = shown_last.member_id AND product_id = item_id AND happened_at >= last_at
    WHERE happened_at < last_at + $bought_within
"""

_ONCE = """
    CREATE TEMP TABLE credited_purchases AS
    SELECT order_id, product_id, credited.recommendation_id, coalesce(loaded.revenue, told.revenue) AS revenue
    FROM (
        SELECT *, 1 AS rank FROM named UNION ALL BY NAME
        SELECT *, 2 AS rank FROM by_events UNION ALL BY NAME
        SELECT *, 3 AS rank FROM by_lines
    ) AS credited
    LEFT JOIN loaded USING (order_id, product_id) LEFT JOIN told USING (order_id, product_id)
    QUALIFY row_number() OVER (PARTITION BY order_id, product_id ORDER BY rank, credited.recommendation_id) = 1
"""

_COUNTED = """
    WITH items AS (
        SELECT scenario, source, release_id, count(*) AS shown, count(DISTINCT recommendation_id) AS recommendations
        FROM shown_to GROUP BY ALL),
    clicks AS (
        SELECT scenario, source, release_id, count(*) AS clicked
        FROM shown_to JOIN credited_clicks USING (recommendation_id, item_id) GROUP BY ALL),
    purchases AS (
        SELECT scenario, source, release_id, count(*) AS bought, coalesce(sum(revenue), 0) AS revenue
        FROM shown_to JOIN credited_purchases AS p
          ON shown_to.recommendation_id = p.recommendation_id AND item_id = product_id GROUP BY ALL)
    SELECT scenario, source, release_id, recommendations, shown, coalesce(clicked, 0), coalesce(bought, 0),
           coalesce(revenue, 0.0)
    FROM items LEFT JOIN clicks USING (scenario, source, release_id)
    LEFT JOIN purchases USING (scenario, source, release_id)
    ORDER BY scenario, source, release_id
"""

_BY_DAY = """
    WITH days AS (
        SELECT CAST(timezone($zone, logged_at) AS DATE) AS day, recommendation_id, item_id FROM shown_to)
    SELECT day, count(*), count(clicks.item_id), coalesce(sum(purchases.bought), 0),
           coalesce(sum(purchases.revenue), 0.0)
    FROM days
    LEFT JOIN credited_clicks AS clicks USING (recommendation_id, item_id)
    LEFT JOIN (
        SELECT recommendation_id, product_id AS item_id, count(*) AS bought, coalesce(sum(revenue), 0.0) AS revenue
        FROM credited_purchases GROUP BY ALL
    ) AS purchases USING (recommendation_id, item_id)
    GROUP BY day ORDER BY day
"""

CountedDay = tuple[date, int, int, int, float]
"""The day of the shop's zone on which it was shown, shown, clicked, bought, revenue."""

Counted = tuple[str, str, str, int, int, int, int, float]
"""scenario, source, release_id, recommendations, shown, clicked, bought, revenue."""


def credit(
    con: duckdb.DuckDBPyConnection, *, clicked_within: timedelta, bought_within: timedelta, is_still: bool
) -> list[Counted]:
    """Counts by scenario, source and release over the tables that `gather` made.

    An event is compared with when the recommendation was logged. A line of the loaded tables is too, unless time
    stands still for the service (`is_still`): then with the moment that the recommendation was made as of.
    """
    given = {"clicked_within": clicked_within, "bought_within": bought_within, "is_still": is_still}
    for step in (
        *_STEPS,
        _LAST.format(name="by_events", purchases="told", shown_at="logged_at"),
        _LAST.format(name="by_lines", purchases="loaded", shown_at="shown_at"),
        _ONCE,
    ):
        con.execute(step, {name: value for name, value in given.items() if f"${name}" in step})
    return con.execute(_COUNTED).fetchall()


def credit_by_day(con: duckdb.DuckDBPyConnection, *, zone: str) -> list[CountedDay]:
    """What `credit` counted, by the day that the items were shown on."""
    found = con.execute(_BY_DAY, {"zone": zone}).fetchall()
    return [
        (day, int(shown), int(clicked), int(bought), float(revenue)) for day, shown, clicked, bought, revenue in found
    ]
