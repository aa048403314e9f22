"""The moment of a literal shop: baskets, stores and facts, and that nothing later is in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.contracts.clock import days_since_epoch
from features.store.history import EVENT_TIMESTAMP
from training.affinity.moment import ShopMoment, read_moment
from training.affinity.pairs import PAIR_FEATURES
from training.protocol import Catalogue
from training.release.products import ENCODING, ProductShelf

AT = datetime(2017, 12, 18, 5, 0, tzinfo=UTC)
CATALOGUE = Catalogue(product_ids=np.array(["tea", "milk", "jam"]), buyers=np.array([3, 2, 1]))

LINES = [
    # member, product, order, visit, days before, store
    ("anna", "tea", "a1", 1, 60, "north"),
    ("anna", "tea", "a2", 2, 20, "north"),
    ("anna", "milk", "a3", 3, 10, "south"),
    ("anna", "rare", "a3", 3, 10, "south"),  # outside the catalogue
    ("anna", "milk", "a4", 4, 5, "south"),
    ("anna", "tea", "a4", 4, 5, "south"),
    ("ben", "jam", "b1", 1, 200, None),
    ("ben", "milk", "b2", 2, 28, "south"),
    (None, "jam", "x1", None, 3, "south"),
    # At the moment itself, and later.
    ("ben", "jam", "b3", 3, 0, "south"),
    ("anna", "jam", "a5", 5, -1, "north"),
    ("cleo", "tea", "c1", 1, -2, "east"),
]


class LiteralHistory:
    """One pair of features for each pair before the moment."""

    def __init__(self, lines: pd.DataFrame) -> None:
        self.seen = lines[(lines["ordered_at"] < pd.Timestamp(AT)) & lines["member_id"].notna()]

    def keys_at(self, group: str, moment: datetime) -> pd.DataFrame:
        assert (group, moment) == ("member_product", AT)
        return self.seen[["member_id", "product_id"]].drop_duplicates()

    def features_at(self, service: str, rows: pd.DataFrame) -> pd.DataFrame:
        assert service == "product_affinity"
        assert (rows[EVENT_TIMESTAMP] == pd.Timestamp(AT)).all()
        ones = {f"member_product__{name}": 1.0 for name in PAIR_FEATURES}
        return rows.assign(**{**ones, "member_product__last_ordered_at": pd.Timestamp(AT) - timedelta(days=5)})


@pytest.fixture
def lines() -> pd.DataFrame:
    rows = pd.DataFrame(LINES, columns=["member_id", "product_id", "order_id", "visit_number", "days", "store_id"])
    rows["visit_number"] = rows["visit_number"].astype("Int64")
    return rows.assign(ordered_at=pd.to_datetime([AT - timedelta(days=days) for days in rows.pop("days")], utc=True))


def shelf() -> ProductShelf:
    table = pd.DataFrame(
        [
            ("jam", "farm", "SPREADS", None),
            ("rare", None, None, None),
            ("tea", "leaf", "DRINKS", "TEA"),
            ("milk", "farm", "DAIRY", "MILK"),
        ],
        columns=["product_id", "brand", "category", "subcategory"],
    )
    matrix = np.full((4, len(ENCODING.stored_names)), np.nan, dtype=np.float32)
    for name, values in {
        "product_demand__sales_7d": [1, 2, 3, np.nan],
        "product_demand__gap_days": [np.nan, 1, 7, 14],
        "product_facts__price": [2, 3, 4, 5],
        "product_facts__first_sold_at": [days_since_epoch(AT) - days for days in (10, 20, 30, 40)],
    }.items():
        matrix[:, ENCODING.stored_names.index(name)] = values
    return ProductShelf(table=table, matrix=matrix)


def read(lines: pd.DataFrame, folder: Path) -> ShopMoment:
    folder.mkdir(exist_ok=True)
    lines.to_parquet(folder / "purchases.parquet")
    lines[lines["member_id"].notna()].drop_duplicates(["member_id", "order_id"]).to_parquet(folder / "visits.parquet")
    return read_moment(LiteralHistory(lines), folder, shelf(), CATALOGUE, at=AT)


@pytest.fixture
def moment(lines: pd.DataFrame, tmp_path: Path) -> ShopMoment:
    return read(lines, tmp_path)


def test_orders_of_half_a_year_hold_their_catalogue_products(moment: ShopMoment) -> None:
    # a1, a2, a3, a4, b2 and x1: an order of nobody known is a basket too; b1 lies further back.
    found = sorted(tuple(CATALOGUE.product_ids[row.nonzero()[1]]) for row in moment.baskets.orders)
    assert found == [("jam",), ("milk",), ("milk",), ("tea",), ("tea",), ("tea", "milk")]
    assert set(moment.baskets.orders.data) == {1.0}


def test_the_latest_three_visits_count_and_newer_ones_more(moment: ShopMoment) -> None:
    assert moment.pairs.member_ids.tolist() == ["anna", "ben"]
    once = np.exp(-1 / 3)
    expected = [[1.0, 1.0, 0.0], [0.0, 1.0, once]]  # ben's first visit, however long ago, is his last but one
    assert moment.baskets.latest.toarray() == pytest.approx(np.array(expected))


def test_visits_are_shares_that_fade_and_add_up(moment: ShopMoment) -> None:
    assert moment.stores.store_ids == ("north", "south")
    north = 0.5 ** (60 / 70) + 0.5 ** (20 / 70)
    south = 0.5 ** (10 / 70) + 0.5 ** (5 / 70)
    expected = [[north / (north + south), south / (north + south)], [0.0, 1.0]]
    assert moment.stores.visits.toarray() == pytest.approx(np.array(expected))


def test_sales_of_a_store_are_those_of_four_weeks(moment: ShopMoment) -> None:
    assert moment.stores.sales.toarray().tolist() == [[1.0, 0.0, 0.0], [1.0, 3.0, 1.0]]


def test_facts_stand_in_the_order_of_the_catalogue(moment: ShopMoment) -> None:
    facts = moment.facts
    assert facts.shelf_rows.tolist() == [2, 3, 0]
    assert facts.subcategory.tolist() == [0, 1, -1]
    assert facts.category.tolist() == [0, 1, 2]
    assert facts.sales_7d.tolist() == [3.0, 0.0, 1.0]
    assert facts.price.tolist() == [4.0, 5.0, 2.0]
    assert np.isnan(facts.gap_days).tolist() == [False, False, True]
    assert facts.days_on_sale == pytest.approx([30, 40, 10], abs=1e-3)


def test_a_brand_is_one_within_its_category(moment: ShopMoment) -> None:
    """farm makes jam and milk, which are two groups."""
    assert len(set(moment.facts.brand_in_category.tolist())) == 3


def test_what_is_bought_at_the_moment_or_later_changes_nothing(lines: pd.DataFrame, tmp_path: Path) -> None:
    whole, cut = (
        read(rows, tmp_path / name)
        for name, rows in (("whole", lines), ("cut", lines[lines["ordered_at"] < pd.Timestamp(AT)]))
    )
    assert whole.stores.store_ids == cut.stores.store_ids
    for part, field in (("baskets", "orders"), ("baskets", "latest"), ("stores", "visits"), ("stores", "sales")):
        one, other = (getattr(getattr(each, part), field).toarray() for each in (whole, cut))
        assert np.array_equal(one, other), field


def test_a_shop_without_promotions_has_no_plan(lines: pd.DataFrame, tmp_path: Path) -> None:
    assert read(lines, tmp_path).promotions is None
