"""What the affinity model is worth on the whole Complete Journey, and that its promises hold at that size."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest

from features.contracts.settings import load_settings
from features.groups.catalogue import GROUPS
from features.tables.shop_tables import ShopTables, unbound_shop_tables
from training.affinity.als import Als
from training.affinity.blend import Field, best_first, blend
from training.affinity.pairs import Pairs, read_pairs
from training.affinity.train import TrainedModel, train_affinity
from training.tracking import open_tracking

pytestmark = pytest.mark.slow

AS_OF = datetime(2018, 1, 1, 4, 1, 21, tzinfo=UTC)
INDEPENDENT_RECALL = 0.148
"""Recall@10 of personal frequency in an independent reckoning of the same protocol."""


class ComputedHistory:
    """The group `member_product` computed when it is asked for, instead of read from a build."""

    def __init__(self, purchases: Path) -> None:
        self.folder = purchases.parent
        self.con = ibis.duckdb.connect()
        self.con.raw_sql("SET TimeZone = 'UTC'")
        nothing = unbound_shop_tables()
        self.tables = ShopTables(
            purchases=self.con.read_parquet(purchases),
            category_orders=nothing.category_orders,
            visits=nothing.visits,
            products=nothing.products,
        )

    @property
    def build(self) -> ComputedHistory:
        return self

    def keys_at(self, group: str, moment: datetime) -> pd.DataFrame:
        return self._rows(group, moment)[["member_id", "product_id"]]

    def features_at(self, service: str, rows: pd.DataFrame) -> pd.DataFrame:
        assert service == "product_affinity"
        found = self._rows("member_product", rows["event_timestamp"].iloc[0].to_pydatetime())
        keys = ["member_id", "product_id"]
        named = found.rename(columns={name: f"member_product__{name}" for name in found.columns.drop(keys)})
        return rows.merge(named, on=keys, how="left")

    def _rows(self, group: str, moment: datetime) -> pd.DataFrame:
        frame: pd.DataFrame = GROUPS[group].expression(self.tables, moment).to_pandas()
        return frame


@pytest.fixture(scope="module")
def history(complete_journey: Path) -> Iterator[ComputedHistory]:
    opened = ComputedHistory(complete_journey)
    yield opened
    opened.con.disconnect()


@pytest.fixture(scope="module")
def trained(history: ComputedHistory, tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    settings = load_settings(home=tmp_path_factory.mktemp("home"))
    return train_affinity(settings, history, open_tracking(settings), as_of=AS_OF)


@pytest.fixture(scope="module")
def pairs(history: ComputedHistory, trained: TrainedModel) -> Pairs:
    return read_pairs(history, trained.model.catalogue, at=AS_OF)


def test_the_blend_finds_as_much_as_personal_frequency(trained: TrainedModel) -> None:
    blend_row, frequency = trained.report.quality[:2]
    assert (blend_row.source, blend_row.weeks, blend_row.members) == ("thousand-faces", "46 48 50", 1259 + 1273 + 1283)
    assert frequency.recall_at_10 > INDEPENDENT_RECALL
    assert blend_row.recall_at_10 >= frequency.recall_at_10
    assert trained.report.not_evaluated == ()


def test_every_source_finds_more_than_popularity_or_says_something_else(trained: TrainedModel) -> None:
    rows = {row.source: row for row in trained.report.quality}
    assert rows["item_item"].recall_at_10 > rows["als"].recall_at_10 > rows["popularity"].recall_at_10
    assert rows["als"].coverage_at_10 > 10 * rows["popularity"].coverage_at_10


def test_a_request_orders_a_member_as_the_whole_shop_was_ordered(trained: TrainedModel, pairs: Pairs) -> None:
    model = trained.model
    together = model.candidates(pairs, model.member_ids)
    for row in range(0, len(model.member_ids), 100):
        stored = model.candidates(pairs, model.member_ids[row : row + 1]).of(0)
        assert np.array_equal(stored.values, together.of(row).values, equal_nan=True)
        scores = blend(stored.values, model.weights, model.as_of_days).scores
        order = best_first(scores, stored.values[:, Field.POPULARITY], stored.product_ids)
        assert stored.product_ids[order].tolist() == together.of(row).product_ids.tolist()


def test_als_does_not_depend_on_the_number_of_threads(pairs: Pairs) -> None:
    one, two = (
        Als(factors=16, regularization=0.05, iterations=3, alpha=10.0, seed=7, threads=threads).fit(pairs)
        for threads in (1, 2)
    )
    assert (one.member_factors == two.member_factors).all()
    assert (one.product_factors == two.product_factors).all()
