"""Returns take back what was bought, from their own moment on."""

from datetime import UTC, datetime, timedelta

import ibis
import pandas as pd
import pytest

from features.groups.catalogue import GROUPS
from features.prepared import prepare_tables
from features.tables.storage import current_tables

FIRST = datetime(2017, 3, 1, 12, tzinfo=UTC)
HEADER = "order_id,product_id,ordered_at,quantity,source,source_id,amount,list_amount"


def line(order, product, day, quantity, amount, member="m"):
    at = (FIRST + timedelta(days=day)).strftime("%Y-%m-%d %H:%M:%S+00")
    who = f"pos,{member}" if member else ","
    return f"{order},{product},{at},{quantity},{who},{amount},{amount}"


@pytest.fixture
def shop_of(load, settings, csv_folder):
    def prepared(*lines):
        summary = load(csv_folder(order_lines=[HEADER, *lines]))
        con = ibis.duckdb.connect()
        con.raw_sql("SET TimeZone = 'UTC'")
        return summary, prepare_tables(con, current_tables(settings.paths), settings)

    return prepared


def value_of(tables, day, member="m"):
    rows = GROUPS["member_value"].expression(tables, FIRST + timedelta(days=day)).execute().set_index("member_id")
    return rows.loc[member] if member in rows.index else None


def test_a_purchase_stands_until_its_return_and_is_none_from_then_on(shop_of):
    _, tables = shop_of(line("o1", "p", 0, 1, 10), line("o2", "q", 1, 1, 7), line("o1", "p", 5, -1, -10))
    assert (value_of(tables, 4).orders_28d, value_of(tables, 4).spend_28d) == (2, 17.0)
    # what is known as of a moment is what happened strictly before it
    assert value_of(tables, 5).orders_28d == 2
    assert (value_of(tables, 6).orders_28d, value_of(tables, 6).spend_28d) == (1, 7.0)


def test_a_return_of_some_pieces_leaves_the_rest_at_its_share_of_the_money(shop_of):
    _, tables = shop_of(line("o1", "p", 0, 4, 10), line("r1", "p", 2, -3, -7))
    assert (value_of(tables, 1).spend_28d, value_of(tables, 3).spend_28d) == (10.0, 2.5)
    assert value_of(tables, 3).orders_28d == 1


def test_a_return_without_an_order_takes_the_newest_purchases_first(shop_of):
    _, tables = shop_of(
        line("o1", "p", 0, 2, 20), line("o2", "p", 3, 1, 9), line("r", "p", 4, -2, -1), line("o3", "p", 6, 1, 5)
    )
    assert value_of(tables, 5).spend_28d == 10.0  # all of o2, and one of the two of o1
    assert value_of(tables, 7).spend_28d == 15.0  # what was bought after the return is not touched


def test_a_return_that_names_its_order_takes_that_one(shop_of):
    _, tables = shop_of(line("o1", "p", 0, 1, 20), line("o2", "p", 3, 1, 9), line("o1", "p", 4, -1, -20))
    assert value_of(tables, 5).spend_28d == 9.0


def test_a_member_who_returned_everything_has_bought_nothing(shop_of):
    _, tables = shop_of(line("o1", "p", 0, 1, 10), line("o1", "p", 1, -1, -10), line("x", "p", 2, 1, 1, member="n"))
    assert value_of(tables, 1) is not None
    assert value_of(tables, 2) is None


def test_gaps_and_buyers_are_counted_from_what_was_kept(shop_of):
    _, tables = shop_of(line("o1", "p", 0, 1, 10), line("o2", "p", 4, 1, 10), line("o1", "p", 6, -1, -10))
    demand = GROUPS["product_demand"]
    before = demand.expression(tables, FIRST + timedelta(days=5)).execute().iloc[0]
    after = demand.expression(tables, FIRST + timedelta(days=7)).execute().iloc[0]
    assert (before.sales_28d, before.buyers_28d, before.gap_days) == (2, 1, 4.0)
    assert (after.sales_28d, after.buyers_28d) == (1, 1)
    assert pd.isna(after.gap_days)


def test_a_return_of_what_was_never_bought_is_kept_counted_and_counts_as_nothing(shop_of, settings, rows_in):
    summary, tables = shop_of(line("o1", "p", 0, 1, 10), line("r", "q", 1, -1, -5), line("s", "p", 2, -3, -30, ""))
    assert [note for note in summary.notes if "returns" in note] == [
        "order_lines: 2 returns take back what was bought; 2 of them find no purchase for all of it, "
        "are kept and count as nothing"
    ]
    assert len(rows_in(current_tables(settings.paths).file("order_lines"))) == 3
    assert value_of(tables, 9).spend_28d == 10.0


def test_an_anonymous_sale_goes_back_with_its_order(shop_of):
    _, tables = shop_of(line("o1", "p", 0, 1, 10, ""), line("o2", "p", 0, 1, 10), line("o1", "p", 3, -1, -10, ""))
    sold = [
        int(GROUPS["product_demand"].expression(tables, FIRST + timedelta(days=day)).execute().sales_28d.iloc[0])
        for day in (2, 4)
    ]
    assert sold == [2, 1]


def test_later_returns_change_nothing_that_was_known_before(shop_of):
    lines = [line("o1", "p", 0, 2, 10), line("o2", "q", 1, 1, 4), line("o3", "p", 2, 1, 5)]
    later = [line("o1", "p", 8, -2, -10), line("o2", "q", 9, -1, -4)]
    at = FIRST + timedelta(days=7)
    _, tables = shop_of(*lines)
    weekly = [group for group in GROUPS.values() if group.name in ("member_value", "member_rhythm", "product_demand")]
    known = {group.name: group.expression(tables, at).execute() for group in weekly}
    _, tables = shop_of(*lines, *later)
    for group in weekly:
        again = group.expression(tables, at).execute()
        keys = list(group.keys)
        pd.testing.assert_frame_equal(
            again.sort_values(keys).reset_index(drop=True), known[group.name].sort_values(keys).reset_index(drop=True)
        )


def test_a_line_and_its_return_of_one_order_are_two_rows(load, csv_folder):
    summary = load(csv_folder(order_lines=[HEADER, line("o1", "p", 0, 1, 10), line("o1", "p", 1, -1, -10)]))
    (lines,) = [table for table in summary.tables if table.name == "order_lines"]
    assert (lines.kept, lines.rejected_total) == (2, 0)
