from __future__ import annotations

import numpy as np
import pytest

from training.launches.rates import LaunchRates, fit_rates, shift_to

RATES = LaunchRates(slope=1.0, intercept=np.log(0.02), weight=0.0, horizon_ratios={7: 0.3, 28: 1.0, 56: 1.6})


def test_probabilities_add_up_to_the_expected_buyers() -> None:
    raw = np.linspace(0.001, 0.3, 500)
    probabilities = RATES.apply(raw, horizon_days=28)
    assert probabilities.sum() == pytest.approx(0.02 * 500)
    assert (np.diff(probabilities) > 0).all()


def test_a_longer_horizon_makes_everybody_likelier() -> None:
    raw = np.linspace(0.001, 0.3, 50)
    short, middle, long = (RATES.apply(raw, horizon_days=days) for days in (7, 14, 56))
    assert (short < middle).all()
    assert (middle < long).all()


def test_no_members_have_no_probabilities() -> None:
    assert RATES.apply(np.empty(0), horizon_days=28).shape == (0,)


def test_the_shift_reaches_the_share() -> None:
    odds = np.array([-9.0, -2.0, 0.0, 6.0])
    shifted = 1.0 / (1.0 + np.exp(-(odds + shift_to(odds, 0.05))))
    assert shifted.mean() == pytest.approx(0.05)


def test_launches_whose_size_cannot_be_told_get_the_mean() -> None:
    random = np.random.default_rng(3)
    raw = [np.full(400, share) for share in (0.01, 0.02, 0.05, 0.1)]
    bought = [np.arange(400) < 12 for _ in raw]
    rates = fit_rates(raw, [random.permutation(each) for each in bought], buyers={28: (48, 48)})
    assert rates.weight == pytest.approx(0.0, abs=0.01)
    assert rates.share(raw[3], horizon_days=28) == pytest.approx(12 / 400, rel=0.05)


def test_launches_whose_size_is_told_right_are_left_as_they_are() -> None:
    shares = (0.02, 0.05, 0.1, 0.2)
    raw = [np.full(1000, share) for share in shares]
    bought = [np.arange(1000) < 1000 * share for share in shares]
    rates = fit_rates(raw, bought, buyers={7: (30, 100), 28: (370, 370)})
    assert [rates.share(each, horizon_days=28) for each in raw] == pytest.approx(list(shares), rel=0.01)
    assert rates.share(raw[2], horizon_days=7) == pytest.approx(0.03, rel=0.01)


def test_too_bold_a_ranking_is_made_flatter() -> None:
    random = np.random.default_rng(5)
    truth = random.normal(-3.0, 1.0, 40_000)
    bought = random.random(40_000) < 1.0 / (1.0 + np.exp(-truth))
    bold = 1.0 / (1.0 + np.exp(-1.6 * truth))
    rates = fit_rates([bold], [bought], buyers={28: (1, 1)})
    assert rates.slope == pytest.approx(1 / 1.6, abs=0.08)


def test_a_longer_horizon_never_has_fewer_buyers() -> None:
    raw = [np.full(100, 0.1)]
    rates = fit_rates(raw, [np.arange(100) < 10], buyers={7: (9, 10), 14: (5, 10), 28: (10, 10), 56: (0, 0)})
    assert rates.horizon_ratios == {7: 0.9, 14: 0.9, 28: 1.0}
