"""BG/NBD finds the customers that it was made from again."""

from __future__ import annotations

import numpy as np
import pytest

from training.evaluation.bg_nbd import BgNbd, fit_bg_nbd

TRUE = BgNbd(r=1.2, alpha=6.0, a=0.8, b=2.5)
WEEKS, COMING = 40.0, 8.0


def customers(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Repeats, last and age of `count` made customers, and whether each buys in the coming weeks."""
    rng = np.random.default_rng(8)
    rates, leaving = rng.gamma(TRUE.r, 1 / TRUE.alpha, count), rng.beta(TRUE.a, TRUE.b, count)
    repeats, last, buys = np.zeros(count), np.zeros(count), np.zeros(count, dtype=bool)
    for customer in range(count):
        now = 0.0
        while True:
            now += rng.exponential(1 / rates[customer])
            if now > WEEKS:
                buys[customer] = now <= WEEKS + COMING
                break
            repeats[customer] += 1
            last[customer] = now
            if rng.random() < leaving[customer]:
                break
    return repeats, last, np.full(count, WEEKS), buys


REPEATS, LAST, AGE, BUYS = customers(6000)


def test_the_fitted_model_forecasts_like_the_true_one() -> None:
    fitted = fit_bg_nbd(REPEATS, LAST, AGE, penalty=0.0)
    one, other = (model.probability(REPEATS, LAST, AGE, within=COMING) for model in (fitted, TRUE))
    assert np.abs(one - other).mean() < 0.02
    assert one.mean() == pytest.approx(BUYS.mean(), abs=0.02)


def test_probabilities_hold_in_every_fifth() -> None:
    told = fit_bg_nbd(REPEATS, LAST, AGE).probability(REPEATS, LAST, AGE, within=COMING)
    for part in np.array_split(np.argsort(told, kind="stable"), 5):
        assert told[part].mean() == pytest.approx(BUYS[part].mean(), abs=0.05)


def test_the_longer_a_regular_customer_is_silent_the_less_likely_a_return() -> None:
    silent = np.array([0.0, 5.0, 15.0, 30.0])
    told = TRUE.probability(np.full(4, 10.0), WEEKS - silent, np.full(4, WEEKS), within=COMING)
    assert (np.diff(told) < 0).all()
    assert ((told > 0) & (told < 1)).all()


def test_few_customers_still_have_a_model() -> None:
    model = fit_bg_nbd(np.array([0.0, 3.0]), np.array([0.0, 9.0]), np.array([10.0, 10.0]))
    assert np.isfinite(model.probability(np.array([3.0]), np.array([9.0]), np.array([10.0]), within=4.0)).all()
