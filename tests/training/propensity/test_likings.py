"""Members of one taste are likened to each other's purchases, never to their own."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from training.metrics import auc
from training.propensity.likings import RIDGE, Taste, member_factors

RNG = np.random.default_rng(4)
MEMBERS = 200
IS_PARENT = np.arange(MEMBERS) % 2 == 0


def orders() -> csr_matrix:
    """Parents buy of the first ten types, the others of the last ten."""
    chance = np.where(IS_PARENT[:, None], np.repeat([0.5, 0.03], 10), np.repeat([0.03, 0.5], 10))
    return csr_matrix((RNG.random((MEMBERS, 20)) < chance).astype(np.float64))


FACTORS = member_factors(orders(), factors=4, seed=7)


def test_members_of_one_taste_are_likely_buyers_of_what_half_of_them_buy() -> None:
    is_buyer = IS_PARENT & (RNG.random(MEMBERS) < 0.5)
    likeness = Taste(FACTORS).likeness(is_buyer)
    never = ~is_buyer
    assert auc(IS_PARENT[never], likeness[never]) > 0.95


def test_what_a_member_did_says_nothing_of_the_member_s_own_likeness() -> None:
    is_buyer = RNG.random(MEMBERS) < 0.3
    other = is_buyer.copy()
    other[17] = ~other[17]
    one, two = Taste(FACTORS).likeness(is_buyer), Taste(FACTORS).likeness(other)
    assert one[17] == pytest.approx(two[17], abs=1e-5)
    assert abs(one - two).max() > 1e-3


def test_the_likeness_is_what_a_ridge_regression_without_the_member_predicts() -> None:
    is_buyer = RNG.random(MEMBERS) < 0.3
    wide = np.concatenate([np.ones((MEMBERS, 1)), FACTORS], axis=1).astype(np.float64)
    others = np.arange(MEMBERS) != 5
    gram = wide[others].T @ wide[others] + RIDGE * np.eye(wide.shape[1])
    expected = wide[5] @ np.linalg.solve(gram, wide[others].T @ is_buyer[others])
    assert Taste(FACTORS).likeness(is_buyer)[5] == pytest.approx(expected, abs=1e-5)


def test_a_member_of_unknown_taste_stands_in_the_middle() -> None:
    factors = FACTORS.copy()
    factors[0] = np.nan
    likeness = Taste(factors).likeness(IS_PARENT)
    assert np.isfinite(likeness).all()
    assert likeness[0] == pytest.approx(0.5, abs=0.1)


def test_the_same_seed_gives_the_same_factors_and_no_orders_give_none() -> None:
    one = csr_matrix(np.eye(8))
    np.testing.assert_array_equal(member_factors(one, factors=3, seed=1), member_factors(one, factors=3, seed=1))
    assert not member_factors(csr_matrix((5, 9)), factors=3, seed=1).any()
    assert member_factors(csr_matrix(np.ones((1, 2))), factors=3, seed=1).shape == (1, 3)
