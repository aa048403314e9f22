"""The promotion plan of the week: which week, which stores, and what a member sees of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from literal_moment import promotions_of
from scipy.sparse import csr_matrix

from training.affinity.promotions import Promotions, read_promotions

AT = datetime(2017, 12, 18, 5, 0, tzinfo=UTC)
THIS, NEXT, LAST = date(2017, 12, 18), date(2017, 12, 25), date(2017, 12, 11)

PLAN = [
    # product, store, week, mailer, display
    ("tea", "north", THIS, "A", "0"),
    ("tea", "south", THIS, "0", "5"),
    ("milk", "north", THIS, "0", "0"),  # promoted in another way
    ("bread", "north", THIS, None, "9"),
    ("jam", "north", NEXT, "A", "9"),
    ("soap", "north", LAST, "A", "9"),
    ("tea", "nowhere", THIS, "A", "9"),  # nobody goes there
]


def read(folder: Path, *, at: datetime = AT, stores: tuple[str, ...] = ("north", "south", "west")) -> Promotions | None:
    with duckdb.connect() as con:
        return read_promotions(con, folder, stores, at=at)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = pd.DataFrame(PLAN, columns=["product_id", "store_id", "week_on", "mailer", "display"])
    rows.to_parquet(tmp_path / "promotions.parquet")
    return tmp_path


def shown(plan: csr_matrix, found: Promotions) -> dict[str, list[str]]:
    """Products by store."""
    dense = plan.toarray() == 1.0
    return {
        store: found.product_ids[row].tolist()
        for store, row in zip(("north", "south", "west"), dense, strict=True)
        if row.any()
    }


def test_the_plan_is_that_of_the_week_that_begins_and_of_known_stores(folder: Path) -> None:
    found = read(folder)
    assert found is not None
    assert shown(found.mailer, found) == {"north": ["tea"]}
    assert shown(found.display, found) == {"north": ["bread"], "south": ["tea"]}
    assert found.has_plan.tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("at", "products"),
    [
        (datetime(2017, 12, 11, 5, tzinfo=UTC), ["soap"]),
        (datetime(2017, 12, 24, 5, tzinfo=UTC), ["bread", "milk", "tea"]),  # the week is nearly over
        (datetime(2017, 12, 25, 5, tzinfo=UTC), ["jam"]),
    ],
)
def test_no_other_weeks_plan_is_seen(at: datetime, products: list[str], folder: Path) -> None:
    found = read(folder, at=at)
    assert found is not None
    assert found.product_ids.tolist() == products


def test_a_week_that_begins_in_the_small_hours_of_the_day_before_is_that_week(folder: Path) -> None:
    """Shops west of Greenwich: their Monday begins on Sunday evening, in the east the other way round."""
    found = read(folder, at=datetime(2017, 12, 17, 15, tzinfo=UTC))
    assert found is not None
    assert found.product_ids.tolist() == ["bread", "milk", "tea"]


def test_without_a_file_a_store_or_a_plan_there_are_none(folder: Path, tmp_path: Path) -> None:
    assert read(tmp_path / "elsewhere") is None
    assert read(folder, stores=()) is None
    assert read(folder, stores=("west",)) is None
    assert read(folder, at=datetime(2017, 1, 9, 5, tzinfo=UTC)) is None


def test_a_member_sees_a_promotion_in_the_share_of_visits_to_stores_with_a_plan() -> None:
    plan = promotions_of(["north", "south", "west"], mailer={"north": ["tea"], "south": ["milk"]})
    visits = csr_matrix(
        np.array(
            [
                [0.5, 0.5, 0.0],
                [0.25, 0.0, 0.75],  # of the west nothing is known
                [0.0, 0.0, 1.0],
                [0.0, 0.0, 0.0],
            ],
            dtype=np.float32,
        )
    )
    found = plan.shown_to(visits, np.array(["milk", "bread", "tea"]), display=False)
    assert found.toarray().tolist() == [[0.5, 0, 0.5], [0, 0, 1], [0.5, 0, 0.5], [0.5, 0, 0.5]]
    assert plan.shown_to(visits, np.array(["milk"]), display=True).nnz == 0
