"""Promises of both kinds of scorer, and of their calibration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from coupon_answers import coupon_answers

from features.contracts.errors import ReleaseDamaged
from features.contracts.settings import CouponSettings, load_settings
from training.coupons.calibration import fit_calibrated, folds
from training.coupons.rows import REDEMPTION_FEATURES
from training.coupons.scorer import Recipe, Scorer, fit_scorer, load_scorer, squeezed
from training.metrics import auc

RECIPES = [Recipe(kind="logistic", regularization=0.1), Recipe(kind="lightgbm")]
ROWS = coupon_answers(600, seed=1, campaigns=4)
UNSEEN = coupon_answers(600, seed=2)


@pytest.fixture(scope="module")
def settings() -> CouponSettings:
    return load_settings().coupons.model_copy(update={"min_rows_in_leaf": 20})


def fitted(recipe: Recipe, settings: CouponSettings) -> Scorer:
    return fit_calibrated(
        recipe, ROWS.redemption, ROWS.redeemed, ROWS.campaigns, REDEMPTION_FEATURES, settings=settings, seed=7
    )


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.kind)
def test_it_finds_what_decides(recipe: Recipe, settings: CouponSettings) -> None:
    scores = fitted(recipe, settings).logits(UNSEEN.redemption)
    assert auc(UNSEEN.redeemed, scores) > 0.8


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.kind)
def test_the_same_seed_gives_the_same_scores_and_so_does_a_saved_one(
    recipe: Recipe, settings: CouponSettings, tmp_path: Path
) -> None:
    one, other = fitted(recipe, settings), fitted(recipe, settings)
    one.save(tmp_path, "redemption")
    loaded = load_scorer(tmp_path, "redemption", REDEMPTION_FEATURES)
    expected = one.probabilities(UNSEEN.redemption)
    np.testing.assert_array_equal(other.probabilities(UNSEEN.redemption), expected)
    np.testing.assert_array_equal(loaded.probabilities(UNSEEN.redemption), expected)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.kind)
def test_probabilities_add_up_to_what_comes_true(recipe: Recipe, settings: CouponSettings) -> None:
    expected = fitted(recipe, settings).probabilities(UNSEEN.redemption).sum()
    assert expected == pytest.approx(UNSEEN.redeemed.sum(), rel=0.2)


def test_calibration_keeps_the_order_of_the_scores(settings: CouponSettings) -> None:
    scorer = fitted(RECIPES[0], settings)
    order = np.argsort(scorer.logits(UNSEEN.redemption))
    assert (np.diff(scorer.probabilities(UNSEEN.redemption)[order]) >= 0).all()


def test_all_rows_of_a_campaign_are_left_out_together_and_the_largest_ones_apart() -> None:
    campaigns = np.array(["big", *(f"c{n}" for n in range(7)), "large", "big", "large", "big"])
    parts = folds(campaigns)
    assert len({*parts[campaigns == "big"]}) == 1
    assert parts[campaigns == "big"][0] != parts[campaigns == "large"][0]
    assert {*parts} == set(range(8))


def test_a_model_of_other_features_is_refused(settings: CouponSettings, tmp_path: Path) -> None:
    fit_scorer(RECIPES[0], ROWS.redemption, ROWS.redeemed, REDEMPTION_FEATURES, settings=settings, seed=7).save(
        tmp_path, "redemption"
    )
    with pytest.raises(ReleaseDamaged, match="other features"):
        load_scorer(tmp_path, "redemption", (*REDEMPTION_FEATURES[1:], "another"))


def test_a_model_that_is_gone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseDamaged, match=r"redemption.json is missing"):
        load_scorer(tmp_path, "redemption", REDEMPTION_FEATURES)


def test_what_never_happened_is_long_ago_and_what_is_missing_is_nothing() -> None:
    values = np.array([[np.nan, np.nan], [0.0, -3.0]])
    expected = [[np.log1p(400), 0.0], [0.0, -np.log1p(3)]]
    np.testing.assert_allclose(squeezed(values, ("days_since_order", "spend")), expected)


def test_a_scorer_of_one_campaign_is_not_calibrated(settings: CouponSettings) -> None:
    few = replace(ROWS, asks=ROWS.asks.assign(campaign_id="only"))
    scorer = fit_calibrated(
        RECIPES[0], few.redemption, few.redeemed, few.campaigns, REDEMPTION_FEATURES, settings=settings, seed=7
    )
    assert (scorer.slope, scorer.offset) == (1.0, 0.0)
