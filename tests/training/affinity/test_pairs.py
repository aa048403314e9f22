"""Pairs: what of the feature rows becomes the model's matrix."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from features.contracts.clock import days_since_epoch
from training.affinity.pairs import PAIR_FEATURES, Pairs, pairs_of
from training.protocol import Catalogue

AS_OF = datetime(2017, 12, 18, 5, 0, tzinfo=UTC)
LAST = datetime(2017, 12, 8, 5, 0, tzinfo=UTC)


def literal_pairs() -> Pairs:
    catalogue = Catalogue(product_ids=np.array(["tea", "bread", "milk"]), buyers=np.array([3, 2, 1]))
    rows = pd.DataFrame(
        [("ben", "milk", 2, 1.5, 7.0), ("anna", "rare", 1, 1.0, None), ("ben", "tea", 1, 1.0, None)],
        columns=["member_id", "product_id", "orders_365d", "decayed_orders", "gap_days"],
    ).assign(last_ordered_at=pd.Timestamp(LAST))
    others = {name: rows["orders_365d"] / 8 for name in PAIR_FEATURES if name not in rows}
    names = {name: f"member_product__{name}" for name in PAIR_FEATURES}
    return pairs_of(rows.assign(**others).rename(columns=names), catalogue, as_of=AS_OF)


def test_products_outside_the_catalogue_are_left_out_and_with_them_their_members() -> None:
    assert literal_pairs().member_ids.tolist() == ["ben"]


def test_pairs_are_in_order_of_member_and_catalogue() -> None:
    pairs = literal_pairs()
    assert (pairs.member_rows.tolist(), pairs.product_rows.tolist()) == ([0, 0], [0, 2])
    assert pairs.decayed_orders.tolist() == [1.0, 1.5]


def test_moments_are_days_since_the_epoch_and_a_missing_gap_is_nan() -> None:
    pairs = literal_pairs()
    assert pairs.last_ordered_days.tolist() == [np.float32(days_since_epoch(LAST))] * 2
    assert np.isnan(pairs.gap_days).tolist() == [True, False]
    assert pairs.as_of_days == days_since_epoch(AS_OF)


def test_positions_lead_back_to_the_pair_whatever_the_order_of_members() -> None:
    pairs = literal_pairs()
    assert pairs.positions(np.array([-1, 0, 0])).tolist() == [[-1, -1, -1], [0, -1, 1], [0, -1, 1]]


def test_the_matrix_holds_the_values_of_the_pairs() -> None:
    pairs = literal_pairs()
    assert pairs.matrix(pairs.orders_365d).toarray().tolist() == [[1.0, 0.0, 2.0]]


def test_every_feature_of_a_pair_is_kept_in_the_pairs_order() -> None:
    pairs = literal_pairs()
    assert pairs.orders_365d.tolist() == [1.0, 2.0]
    own = {"orders_365d", "decayed_orders", "last_ordered_at", "gap_days"}
    for name in set(PAIR_FEATURES) - own:
        assert getattr(pairs, name).tolist() == [0.125, 0.25], name


def test_a_stranger_and_a_member_without_pairs_have_no_row() -> None:
    assert literal_pairs().rows_of_members(np.array(["anna", "ben", "nobody"])).tolist() == [-1, 0, -1]
