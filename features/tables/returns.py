"""Returns: which purchase each one takes back, and what stands of an order from when to when.

A return is an order line with a negative quantity. It takes back the line of the same order and product, else the
member's latest purchases of the product before it, the newest first; what finds no purchase counts as nothing. Until
the return the purchase stands as it was made; from then on it is as much smaller, in pieces and in money, and a
purchase that went back whole is none any more: in no count, no gap and no label.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from features.sources.casting import literal_path, quoted

_ROWS_AT_ONCE = 100_000
_TAKEN = pa.schema(
    [
        ("line", pa.int64()),
        ("returned_at", pa.timestamp("us", tz="UTC")),
        ("thousandths", pa.int64()),
        ("back", pa.int64()),
    ]
)


@dataclass(frozen=True, kw_only=True)
class ReturnsFound:
    """How the returns of a table of order lines were matched."""

    returns: int
    without_purchase: int
    """Returns of which some piece was never bought."""

    def note(self) -> str | None:
        """One line for the summary; None where nothing was returned."""
        if not self.returns:
            return None
        return (
            f"order_lines: {self.returns:,} returns take back what was bought; {self.without_purchase:,} of them find "
            "no purchase for all of it, are kept and count as nothing"
        )


def match_returns(con: duckdb.DuckDBPyConnection, order_lines: str) -> ReturnsFound:
    """Creates `taken_back` (line, returned_at, thousandths, back) over a relation of order lines numbered by `line`.

    Only the lines of what was returned are looked at; a shop without returns costs one pass over the quantities.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE back AS SELECT line AS back, order_id, product_id, member_id, "
        "ordered_at, CAST(-quantity * 1000 AS BIGINT) AS thousandths "
        f"FROM {order_lines} WHERE quantity < 0"
    )
    (returns,) = con.execute("SELECT count(*) FROM back").fetchone() or (0,)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE taken_back "
        "(line BIGINT, returned_at TIMESTAMPTZ, thousandths BIGINT, back BIGINT)"
    )
    if not returns:
        return ReturnsFound(returns=0, without_purchase=0)
    _create_bought(con, order_lines)
    con.execute(
        "INSERT INTO taken_back SELECT line, back.ordered_at, least(back.thousandths, bought.thousandths), back "
        "FROM back JOIN bought USING (order_id, product_id) WHERE bought.ordered_at <= back.ordered_at"
    )
    con.register("taken_rows", pa.concat_tables([_TAKEN.empty_table(), *_latest_first(con)]))
    con.execute("INSERT INTO taken_back FROM taken_rows")
    con.unregister("taken_rows")
    (open_returns,) = con.execute(
        "SELECT count(*) FROM back LEFT JOIN (SELECT back, sum(thousandths) AS found FROM taken_back GROUP BY back) "
        "USING (back) WHERE coalesce(found, 0) < thousandths"
    ).fetchone() or (0,)
    return ReturnsFound(returns=int(returns), without_purchase=int(open_returns))


def numbered_lines(file: Path) -> str:
    """The relation of a file of order lines, as `match_returns` reads it."""
    return f"(SELECT file_row_number AS line, * FROM read_parquet({quoted(literal_path(file))}, file_row_number=true))"


def _create_bought(con: duckdb.DuckDBPyConnection, order_lines: str) -> None:
    con.execute(
        "CREATE OR REPLACE TEMP TABLE bought AS "
        "SELECT line, order_id, product_id, member_id, ordered_at, CAST(quantity * 1000 AS BIGINT) AS thousandths "
        f"FROM {order_lines} WHERE quantity > 0 AND ("
        "(member_id, product_id) IN (SELECT (member_id, product_id) FROM back WHERE member_id IS NOT NULL) "
        "OR (order_id, product_id) IN (SELECT (order_id, product_id) FROM back))"
    )


def _latest_first(con: duckdb.DuckDBPyConnection) -> Iterator[pa.Table]:
    """What the returns take that named no order: walked through in the order of time, a member's product at a time."""
    # a purchase that is open to several returns gives each what the ones before it have left
    reader = con.execute("""
        WITH rest_bought AS (
            SELECT member_id, product_id, ordered_at, 0 AS kind, line AS number,
                   bought.thousandths - coalesce(taken.thousandths, 0) AS thousandths
            FROM bought LEFT JOIN (SELECT line, sum(thousandths) AS thousandths FROM taken_back GROUP BY line) AS taken
            USING (line)
        ), rest_back AS (
            SELECT member_id, product_id, ordered_at, 1 AS kind, back AS number,
                   back.thousandths - coalesce(taken.thousandths, 0) AS thousandths
            FROM back LEFT JOIN (SELECT back, sum(thousandths) AS thousandths FROM taken_back GROUP BY back) AS taken
            USING (back)
        )
        SELECT member_id, product_id, epoch_us(ordered_at) AS at, kind, number, thousandths
        FROM (FROM rest_bought UNION ALL FROM rest_back) WHERE member_id IS NOT NULL AND thousandths > 0
        ORDER BY member_id, product_id, ordered_at, kind, number
    """).to_arrow_reader(_ROWS_AT_ONCE)
    whose: tuple[str, str] | None = None
    open_lines: list[list[int]] = []
    for batch in reader:
        taken: list[tuple[int, int, int, int]] = []
        for member, product, at, kind, number, thousandths in zip(*(c.to_pylist() for c in batch.columns), strict=True):
            if (member, product) != whose:
                whose, open_lines = (member, product), []
            if kind == 0:
                open_lines.append([number, thousandths])
                continue
            wanted = thousandths
            while wanted and open_lines:
                took = min(wanted, open_lines[-1][1])
                taken.append((open_lines[-1][0], at, took, number))
                wanted -= took
                open_lines[-1][1] -= took
                if not open_lines[-1][1]:
                    open_lines.pop()
        if taken:
            columns = zip(zip(*taken, strict=True), _TAKEN, strict=True)
            yield pa.Table.from_arrays([pa.array(values, field.type) for values, field in columns], schema=_TAKEN)


def create_standing_lines(con: duckdb.DuckDBPyConnection, table: str, *, into: str) -> ReturnsFound:
    """Creates the view `into` of a table of order lines as they stand, with `known_at` and `superseded_at` behind them.

    A row holds for whoever looks after `known_at` (always, where null) and not after `superseded_at` (for good, where
    null). All lines of a member who returned something change together, so that what is counted and measured between
    them is that of one state. Returns themselves are gone.
    """
    found = match_returns(con, f"(SELECT rowid AS line, * FROM {table})")
    always = "CAST(NULL AS TIMESTAMPTZ) AS known_at, CAST(NULL AS TIMESTAMPTZ) AS superseded_at"
    if not found.returns:
        con.execute(f"CREATE VIEW {into} AS SELECT *, {always} FROM {table}")
        return found
    _create_states(con, table)
    left = "(quantity * 1000 - coalesce(gone, 0)) / (quantity * 1000)"
    money = ", ".join(
        f"CAST({column} * {left} AS DECIMAL(18,2)) AS {column}"
        for column in ("amount", "list_amount", "discount_amount")
    )
    con.execute(f"""
        CREATE VIEW {into} AS
        SELECT * EXCLUDE (line, whose), {always} FROM numbered_lines
        WHERE quantity >= 0 AND whose NOT IN (SELECT whose FROM states_of_lines)
        UNION ALL BY NAME
        SELECT * EXCLUDE (line, whose, gone) REPLACE (
            CAST(quantity - coalesce(gone, 0) / 1000 AS DECIMAL(18,3)) AS quantity, {money}
        )
        FROM numbered_lines JOIN states_of_lines USING (whose) LEFT JOIN gone_of_lines USING (line, known_at)
        WHERE quantity * 1000 > coalesce(gone, 0) AND (superseded_at IS NULL OR ordered_at < superseded_at)
    """)
    return found


def _create_states(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """The states that the lines of somebody who returned something went through, and what was gone in each."""
    # an anonymous sale has nobody's history: it changes with its own order
    whose = "coalesce('m' || member_id, 'o' || order_id)"
    con.execute(f"CREATE TEMP TABLE numbered_lines AS SELECT rowid AS line, {whose} AS whose, * FROM {table}")
    con.execute("""
        CREATE TEMP TABLE states_of_lines AS
        WITH moments AS (
            SELECT DISTINCT whose, returned_at AS known_at FROM taken_back JOIN numbered_lines USING (line)
        ), begins AS (
            FROM moments UNION ALL SELECT DISTINCT whose, CAST(NULL AS TIMESTAMPTZ) FROM moments
        )
        SELECT whose, known_at, lead(known_at) OVER (PARTITION BY whose ORDER BY known_at NULLS FIRST) AS superseded_at
        FROM begins
    """)
    con.execute("""
        CREATE TEMP TABLE gone_of_lines AS
        SELECT line, states.known_at, sum(thousandths) AS gone
        FROM taken_back JOIN numbered_lines USING (line) JOIN states_of_lines AS states USING (whose)
        WHERE taken_back.returned_at <= states.known_at GROUP BY ALL
    """)


def drop_standing_lines(con: duckdb.DuckDBPyConnection, into: str) -> None:
    """Frees what `create_standing_lines` holds."""
    con.execute(f"DROP VIEW IF EXISTS {into}")
    for table in ("numbered_lines", "states_of_lines", "gone_of_lines", "taken_back", "back", "bought"):
        con.execute(f"DROP TABLE IF EXISTS {table}")
