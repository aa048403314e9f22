"""One row in a hundred is broken: the load finishes and keeps account of every one of them."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

SHARE = 100
BREAKS = (
    # column, what it becomes (None: the row is repeated instead), reason
    ("product_id", "", "missing_product_id"),
    ("basket_id", "  ", "missing_order_id"),
    ("transaction_timestamp", "yesterday", "bad_value:ordered_at"),
    ("transaction_timestamp", "2031-01-01 00:00:00", "impossible_date"),
    ("transaction_timestamp", None, "missing_ordered_at"),
    ("quantity", "many", "bad_value:quantity"),
    ("quantity", "-5000000", "impossible_quantity"),
    ("quantity", "inf", "impossible_quantity"),
    ("sales_value", "1,99 USD", "bad_value:amount"),
    ("household_id", "", "incomplete_member"),
    ("product_id", "no-such-product", "orphan_product_id"),
    ("basket_id", "of another row", "duplicate_key"),
)


def broken_source(source, folder, sound_rejects):
    """The source with every hundredth row broken in turn; row number (from 1) to the reason that it must get."""
    shutil.copytree(source, folder)
    rows = pq.read_table(folder / "transactions.parquet")
    texts = {name: rows.column(name).cast(pa.string()).to_pylist() for name in rows.column_names}
    expected = {}
    for number, row in enumerate(range(SHARE, rows.num_rows, SHARE)):
        column, value, reason = BREAKS[number % len(BREAKS)]
        # a row that was rejected before shows nothing, nor does the repetition of one
        if {row + 1, row} & sound_rejects:
            continue
        if reason == "duplicate_key":
            for key in ("basket_id", "product_id"):
                texts[key][row] = texts[key][row - 1]
        else:
            texts[column][row] = value
        expected[row + 1] = reason
    pq.write_table(
        pa.table({name: pa.array(values, pa.string()) for name, values in texts.items()}),
        folder / "transactions.parquet",
    )
    return expected


def rejected_rows(shop):
    """Source row to first reason."""
    with duckdb.connect() as con:
        found = con.execute(
            f"SELECT source_file, source_row, reason FROM '{shop.home}/main/rejected/order_lines.parquet'"
        ).fetchall()
    assert {file for file, _, _ in found} <= {"transactions.parquet"}
    return {row: reason for _, row, reason in found}


def test_every_broken_row_and_no_sound_one_is_rejected_with_its_reason(small_shop, tmp_path):
    before = rejected_rows(small_shop)
    expected = broken_source(small_shop.source, tmp_path / "journey", set(before))
    assert set(expected.values()) == {reason for _, _, reason in BREAKS}
    shop = replace(small_shop, home=tmp_path / "home")
    figures = tmp_path / "load.json"
    ended = shop.faces("load", "--from", str(tmp_path / "journey"), "--json", str(figures), check=False)
    assert ended.returncode == 0, ended.stderr
    assert rejected_rows(shop) == before | expected

    told = json.loads(figures.read_text())["tables"]["order_lines"]
    assert sum(told["rejected"].values()) == len(before) + len(expected)
    with duckdb.connect() as con:
        (every,) = con.execute(f"SELECT count(*) FROM '{small_shop.source}/transactions.parquet'").fetchone()
    assert told["kept"] + sum(told["rejected"].values()) == every
    for reason, number in told["rejected"].items():
        assert f"{reason} {number:,}" in " ".join(ended.stdout.replace("│", " ").split())


def test_too_many_broken_rows_stop_the_load_before_anything_changes(small_shop, tmp_path):
    shop = replace(small_shop, home=tmp_path / "home")
    shutil.copytree(small_shop.source, tmp_path / "journey")
    file = tmp_path / "journey" / "transactions.parquet"
    with duckdb.connect() as con:
        con.execute(
            f"COPY (SELECT * REPLACE (CASE WHEN row_number() OVER () % 10 = 0 THEN NULL ELSE quantity END AS quantity) "
            f"FROM '{small_shop.source}/transactions.parquet') TO '{file}' (FORMAT parquet)"
        )
    ended = shop.faces("load", "--from", str(tmp_path / "journey"), check=False)
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert "missing_quantity" in line
    assert not (shop.home / "main/tables/current").exists()
    assert rejected_rows(shop)
