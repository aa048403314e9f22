"""The recommendation protocol on literal rows, and its member counts on the Complete Journey."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.contracts.clock import week_start
from features.contracts.settings import AffinitySettings, load_settings
from training.protocol import Catalogue, catalogue_at, holdout_at

T = datetime(2017, 6, 1, tzinfo=UTC)

ROWS = [
    # member, product, days before the cut-off
    ("anna", "tea", 10),
    ("ben", "tea", 20),
    ("anna", "milk", 5),
    ("ben", "milk", 300),
    ("cleo", "milk", 90),
    ("anna", "bread", 30),
    ("ben", "bread", 40),
    ("anna", "rare", 3),  # one buyer
    ("anna", "gone", 92),  # last sold before the window of 91 days
    ("ben", "gone", 100),
    ("anna", "till", 50),  # sold in the window by nobody known, bought by two before it
    ("anna", "late", 5),  # the second buyer comes at the cut-off itself
    ("ben", "late", 0),
    ("anna", "till", 200),
    ("ben", "till", 200),
    # What is bought in the week after.
    ("anna", "milk", -1),
    ("anna", "milk", -2),  # twice the same
    ("anna", "rare", -3),
    ("ben", "bread", -6.9),
    ("ben", "tea", -7),  # the week after the week
    ("cleo", "tea", -2),  # cleo was last here 90 days ago
    ("dora", "tea", -2),  # dora is new
    (None, "tea", -2),
    ("emil", "rare", -2),
    ("emil", "tea", 1),
]


@pytest.fixture
def settings() -> AffinitySettings:
    return load_settings().affinity.model_copy(update={"min_buyers": 2})


@pytest.fixture
def purchases(tmp_path: Path) -> Path:
    rows = pd.DataFrame(ROWS, columns=["member_id", "product_id", "days_before"])
    rows["ordered_at"] = pd.to_datetime([T - timedelta(days=days) for days in rows.pop("days_before")], utc=True)
    rows.to_parquet(tmp_path / "purchases.parquet")
    return tmp_path / "purchases.parquet"


def test_catalogue_has_what_enough_members_bought_and_what_still_sells(
    purchases: Path, settings: AffinitySettings
) -> None:
    catalogue = catalogue_at(purchases, at=T, settings=settings)
    assert set(catalogue.product_ids) == {"tea", "milk", "bread", "till"}


def test_catalogue_is_ordered_by_recent_buyers_and_then_by_id(purchases: Path, settings: AffinitySettings) -> None:
    catalogue = catalogue_at(purchases, at=T, settings=settings)
    # Ben's milk lies 300 days back: he is a buyer of it, not a recent one.
    assert catalogue.product_ids.tolist() == ["tea", "bread", "milk", "till"]
    assert catalogue.buyers.tolist() == [3, 2, 2, 1]


def test_rows_after_the_cutoff_change_nothing_in_the_catalogue(purchases: Path, settings: AffinitySettings) -> None:
    rows = pd.read_parquet(purchases)
    before = purchases.with_name("before.parquet")
    rows[rows["ordered_at"] < pd.Timestamp(T)].to_parquet(before)
    cut, whole = (catalogue_at(file, at=T, settings=settings) for file in (before, purchases))
    assert (cut.product_ids.tolist(), cut.buyers.tolist()) == (whole.product_ids.tolist(), whole.buyers.tolist())


def test_holdout_has_active_members_and_what_they_buy_within_seven_days(
    purchases: Path, settings: AffinitySettings
) -> None:
    catalogue = catalogue_at(purchases, at=T, settings=settings)
    holdout = holdout_at(purchases, catalogue, at=T, settings=settings)
    assert holdout.member_ids.tolist() == ["anna", "ben"]
    bought = [catalogue.product_ids[row.nonzero()[1]].tolist() for row in holdout.truth]
    assert bought == [["milk"], ["bread"]]


def test_a_product_outside_the_catalogue_has_no_row() -> None:
    catalogue = Catalogue(product_ids=np.array(["tea", "milk"]), buyers=np.array([2, 1]))
    assert catalogue.rows_of(np.array(["milk", "rare", "tea"])).tolist() == [1, -1, 0]


@pytest.mark.slow
@pytest.mark.parametrize(("week", "members"), [(46, 1259), (48, 1273), (50, 1283), (52, 1345)])
def test_complete_journey_has_the_known_number_of_members(complete_journey: Path, week: int, members: int) -> None:
    settings = load_settings()
    at = week_start(week, anchor=settings.week_anchor)
    catalogue = catalogue_at(complete_journey, at=at, settings=settings.affinity)
    assert len(holdout_at(complete_journey, catalogue, at=at, settings=settings.affinity).member_ids) == members
