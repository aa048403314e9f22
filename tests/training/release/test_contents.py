"""Contents: which run at a moment, in which order, and which products of the shelf they name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from training.release.contents import Contents, build_contents, load_contents
from training.release.products import ENCODING, ProductShelf

AS_OF = datetime(2017, 12, 4, 5, tzinfo=UTC)
DAY = timedelta(days=1)

Row = tuple[str, str, str | None, str | None, list[str] | None, datetime | None, datetime | None]


@pytest.fixture
def shelf() -> ProductShelf:
    table = pd.DataFrame({"product_id": ["milk", "tea", "rum"], "name": ["Milk", "Tea", None]})
    return ProductShelf(table=table, matrix=np.zeros((3, len(ENCODING.stored_names)), dtype=np.float32))


def write(folder: Path, *rows: Row) -> None:
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(
            "CREATE TABLE contents (content_id VARCHAR, type VARCHAR, title VARCHAR, category VARCHAR, "
            "product_ids VARCHAR[], starts_at TIMESTAMPTZ, ends_at TIMESTAMPTZ)"
        )
        con.executemany("INSERT INTO contents VALUES (?, ?, ?, ?, ?, ?, ?)", [list(row) for row in rows])
        con.execute(f"COPY contents TO '{folder / 'contents.parquet'}' (FORMAT parquet)")


@pytest.fixture
def contents(tmp_path: Path, shelf: ProductShelf) -> Contents:
    write(
        tmp_path,
        ("always", "article", None, "DAIRY", None, None, None),
        ("over", "post", "Over", None, ["milk"], AS_OF - 9 * DAY, AS_OF),
        ("now", "post", "Now", None, ["tea", "unknown", "milk", "tea"], AS_OF - DAY, AS_OF + DAY),
        ("coming", "promotion", "Coming", None, [], AS_OF + DAY, None),
        ("also", "post", "Also", None, None, AS_OF - DAY, None),
    )
    return build_contents(tmp_path, shelf, as_of=AS_OF)


def test_what_has_not_ended_is_kept_the_newest_first(contents: Contents) -> None:
    assert contents.ids == ["coming", "also", "now", "always"]
    assert contents.titles == ["Coming", "Also", "Now", "always"]
    assert contents.categories == [None, None, None, "DAIRY"]


def test_products_are_rows_of_the_shelf_each_once_and_unknown_ones_are_left_out(contents: Contents) -> None:
    assert [rows.tolist() for rows in contents.product_rows] == [[], [], [1, 0], []]
    places, rows = contents.named
    assert places.tolist() == [2, 2]
    assert rows.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("moment", "running"),
    [
        (AS_OF, ["also", "now", "always"]),
        (AS_OF - DAY, ["also", "now", "always"]),
        (AS_OF - DAY - timedelta(microseconds=1), ["always"]),
        (AS_OF + DAY - timedelta(microseconds=1), ["also", "now", "always"]),
        (AS_OF + DAY, ["coming", "also", "always"]),
    ],
)
def test_a_content_runs_from_its_start_until_before_its_end(
    contents: Contents, moment: datetime, running: list[str]
) -> None:
    assert [each for each, runs in zip(contents.ids, contents.running(moment), strict=True) if runs] == running


def test_a_shop_without_contents_has_an_empty_table(tmp_path: Path, shelf: ProductShelf) -> None:
    contents = build_contents(tmp_path, shelf, as_of=AS_OF)
    assert len(contents) == 0
    assert contents.running(AS_OF).shape == (0,)
    contents.save(tmp_path)
    loaded = load_contents(tmp_path)
    assert loaded is not None
    assert len(loaded) == 0
    assert loaded.named[1].shape == (0,)


def test_saved_and_loaded_they_are_the_same(contents: Contents, tmp_path: Path) -> None:
    folder = tmp_path / "release"
    folder.mkdir()
    assert load_contents(folder) is None
    contents.save(folder)
    loaded = load_contents(folder)
    assert loaded is not None
    assert loaded.ids == contents.ids
    assert loaded.categories == contents.categories
    assert loaded.ends_at == contents.ends_at == [None, None, AS_OF + DAY, None]
    assert [rows.tolist() for rows in loaded.product_rows] == [rows.tolist() for rows in contents.product_rows]
    np.testing.assert_array_equal(loaded.running(AS_OF), contents.running(AS_OF))
