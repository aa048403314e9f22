"""Intervals of buyers and revenue: exact where that can be counted, bounded, and true nine times in ten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom, poisson

from features.contracts.errors import ReleaseDamaged
from training.propensity.audience_sums import sums_along
from training.propensity.backtested import BacktestedAudience, backtested
from training.propensity.error_laws import ErrorLaw
from training.propensity.forecast import ForecastModel, fit_forecast, load_forecast
from training.propensity.forecast_laws import Laws, prior_laws
from training.propensity.predictive import Errors, buyers_quantile

START = datetime(2017, 4, 3, 4, tzinfo=UTC)
RIGHT = ErrorLaw(bias=0.0, between_snapshots=0.0, between_targets=0.0)
SURE = ForecastModel(laws={("products", 28): Laws(buyers=RIGHT, spend=RIGHT, spend_variation=0.0)})
"""Believes that the probabilities are exactly right."""
PRIOR = fit_forecast([])


def quantiles(probabilities: Sequence[float]) -> tuple[float, float]:
    p = np.array(probabilities)
    sums = sums_along(p, np.zeros(len(p)), np.array([len(p)]))
    errors = Errors(bias=0.0, spread=np.zeros(1))
    return float(buyers_quantile(sums, errors, 0.05)[0]), float(buyers_quantile(sums, errors, 0.95)[0])


@pytest.mark.parametrize(("members", "chance"), [(1, 0.3), (10, 0.5), (40, 0.1), (1000, 0.7)])
def test_equal_members_without_error_have_the_binomial_quantiles(members: int, chance: float) -> None:
    assert quantiles([chance] * members) == (binom.ppf(0.05, members, chance), binom.ppf(0.95, members, chance))


def test_rare_purchases_without_error_have_the_poisson_quantiles() -> None:
    assert quantiles([3e-5] * 100_000) == (poisson.ppf(0.05, 3), poisson.ppf(0.95, 3))


def test_unequal_members_have_the_quantiles_of_their_own_sum() -> None:
    p = np.concatenate([np.full(5, 0.95), np.full(30, 0.4), np.full(300, 0.02)])
    drawn = (np.random.default_rng(1).random((40_000, len(p))) < p).sum(axis=1)
    low, high = quantiles(p.tolist())
    assert abs(low - np.quantile(drawn, 0.05)) <= 1
    assert abs(high - np.quantile(drawn, 0.95)) <= 1


def test_the_expectation_is_the_sum_of_the_probabilities_when_nothing_is_known_against_them() -> None:
    p = np.array([0.9, 0.2, 0.05, 0.001])
    assert SURE.buyers(p, horizon_days=28, kind="products").expected == pytest.approx(p.sum())
    assert PRIOR.buyers(p / 50, horizon_days=28, kind="products").expected == pytest.approx(p.sum() / 50, rel=2e-3)


def test_a_relative_error_widens_a_large_audience_and_hardly_a_small_one() -> None:
    large, small = np.full(20_000, 0.1), np.full(20, 0.1)
    wide = [PRIOR.buyers(p, horizon_days=28, kind="products") for p in (large, small)]
    narrow = [SURE.buyers(p, horizon_days=28, kind="products") for p in (large, small)]
    assert wide[0].high - wide[0].low > 4 * (narrow[0].high - narrow[0].low)
    assert wide[1].high - wide[1].low <= narrow[1].high - narrow[1].low + 1


@pytest.mark.parametrize("kind", ["products", "launch", "visit", "lapse", "coupon_redeemed"])
@pytest.mark.parametrize(
    "probabilities",
    [[], [0.0] * 4, [1.0] * 4, [0.99] * 20, [1e-9] * 5, [0.03], [1.0, 0.0, 0.5]],
    ids=["nobody", "never", "always", "nearly sure", "nearly never", "one", "mixed"],
)
def test_an_interval_holds_its_expectation_between_nobody_and_everybody(kind: str, probabilities: list[float]) -> None:
    p = np.array(probabilities)
    buyers = PRIOR.buyers(p, horizon_days=28, kind=kind)
    assert 0.0 <= buyers.low <= buyers.expected + 1e-6
    assert buyers.expected - 1e-6 <= buyers.high <= len(p)
    revenue = PRIOR.revenue(p, np.full(len(p), 7.0), horizon_days=28, kind=kind)
    assert 0.0 <= revenue.low <= revenue.expected <= revenue.high


def test_nobody_buys_nothing() -> None:
    revenue = PRIOR.revenue(np.zeros(3), np.full(3, 7.0), horizon_days=28, kind="products")
    assert (revenue.low, revenue.expected, revenue.high) == (0.0, 0.0, pytest.approx(0.0, abs=1e-6))


def test_the_curve_says_at_each_size_what_that_audience_alone_would_be_told() -> None:
    rng = np.random.default_rng(2)
    p, r = np.sort(rng.beta(1, 9, 500))[::-1], rng.gamma(2.0, 5.0, 500)
    sizes = np.array([1, 10, 500])
    curve = PRIOR.along(p, sizes, horizon_days=28, kind="products")
    money = PRIOR.revenue_along(p, r, sizes, horizon_days=28, kind="products")
    for size, buyers, revenue in zip(sizes, curve, money, strict=True):
        alone = PRIOR.buyers(p[:size], horizon_days=28, kind="products")
        assert (buyers.low, buyers.high) == (alone.low, alone.high)
        assert buyers.expected == pytest.approx(alone.expected)
        assert revenue.high == pytest.approx(
            PRIOR.revenue(p[:size], r[:size], horizon_days=28, kind="products").high, rel=1e-6
        )


def test_the_ends_of_the_curve_never_fall() -> None:
    p = np.sort(np.random.default_rng(3).beta(1, 20, 2000))[::-1]
    curve = PRIOR.along(p, np.arange(1, 2001, 37), horizon_days=28, kind="products")
    for name in ("low", "expected", "high"):
        assert (np.diff([getattr(each, name) for each in curve]) >= -1e-9).all()


def test_sure_buyers_with_equal_spend_bring_exactly_that() -> None:
    revenue = SURE.revenue(np.ones(10), np.full(10, 3.0), horizon_days=28, kind="products")
    assert revenue.expected == pytest.approx(30.0)
    assert revenue.high - revenue.low < 0.1


def test_a_few_dear_members_make_revenue_less_certain() -> None:
    p = np.full(200, 0.1)
    even, uneven = np.full(200, 10.0), np.concatenate([np.full(4, 500.0), np.zeros(196)])
    narrow, wide = (PRIOR.revenue(p, r, horizon_days=28, kind="products") for r in (even, uneven))
    assert narrow.expected == pytest.approx(wide.expected, rel=1e-6)
    assert (wide.high - wide.low) > 2 * (narrow.high - narrow.low)


def drawn_audiences(
    *, snapshots: int, targets: int, bias: float, common: float, own: float, seed: int, spend: float = 0.0
) -> list[BacktestedAudience]:
    """Audiences whose log odds were off by a bias, a snapshot's error and a target's own, with spend off by `spend`."""
    rng = np.random.default_rng(seed)
    found = []
    for snapshot in range(snapshots):
        shift = bias + common * rng.normal()
        for target in range(targets):
            p = rng.beta(1, 8, int(rng.choice([30, 150, 1500])))
            rarity = sums_along(p, p, np.array([len(p)])).rarity[0]
            moved = p * np.exp(shift + own * np.sqrt(rarity) * rng.normal())
            bought = rng.random(len(p)) < moved / (1 - p + moved)
            r = np.full(len(p), 10.0)
            spent = np.where(bought, 10.0 * np.exp(spend) * rng.gamma(4.0, 0.25, len(p)), 0.0)
            found.append(
                backtested(
                    p,
                    r,
                    bought,
                    spent,
                    snapshot_at=START + snapshot * timedelta(days=28),
                    kind="products",
                    target=f"t{target}",
                    horizon_days=28,
                    share=1.0,
                )
            )
    return found


def share_held(model: ForecastModel, audiences: Sequence[BacktestedAudience], *, money: bool = False) -> float:
    from training.propensity.backtested import sums_of

    sums = sums_of(audiences)
    if money:
        found = model.revenue_of(sums, horizon_days=28, kind="products")
        return float(np.mean([i.low <= a.revenue <= i.high for i, a in zip(found, audiences, strict=True)]))
    found = model.buyers_of(sums, horizon_days=28, kind="products")
    return float(np.mean([i.low <= a.buyers <= i.high for i, a in zip(found, audiences, strict=True)]))


def test_the_errors_that_were_put_in_are_found() -> None:
    model = fit_forecast(drawn_audiences(snapshots=40, targets=60, bias=0.2, common=0.15, own=0.3, seed=4, spend=-0.1))
    laws = model.laws_of("products", 28)
    # Relative, as rare purchases have them: exp of the shift, and its deviation.
    assert laws.buyers.bias == pytest.approx(np.exp(0.2 + (0.15**2 + 0.2**2) / 2) - 1, abs=0.06)
    assert laws.buyers.between_snapshots == pytest.approx(1.25 * 0.15, abs=0.05)
    assert laws.buyers.between_targets == pytest.approx(1.25 * 0.3, abs=0.05)
    assert laws.spend.bias == pytest.approx(np.expm1(-0.1), abs=0.02)
    assert laws.spend_variation == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("seed", range(3))
def test_intervals_hold_nine_in_ten_on_later_snapshots(seed: int) -> None:
    audiences = drawn_audiences(snapshots=120, targets=20, bias=-0.1, common=0.12, own=0.2, seed=20 + seed)
    learnt, later = audiences[:1200], audiences[1200:]
    model = fit_forecast(learnt)
    assert 0.85 <= share_held(model, later) <= 0.95
    assert 0.85 <= share_held(model, later, money=True) <= 0.95
    # Chance alone would be far too sure of itself.
    assert share_held(SURE, later) < 0.8


def test_without_errors_to_learn_from_the_prior_speaks() -> None:
    assert PRIOR.laws_of("lapse", 14) == prior_laws("lapse")


def test_two_snapshots_move_the_bias_by_a_third() -> None:
    one = drawn_audiences(snapshots=2, targets=200, bias=0.4, common=0.0, own=0.0, seed=6)
    assert fit_forecast(one).laws_of("products", 28).buyers.bias == pytest.approx(np.expm1(0.4) / 3, abs=0.03)


def test_windows_that_overlap_count_as_the_one_that_they_nearly_are() -> None:
    audiences = drawn_audiences(snapshots=2, targets=200, bias=0.4, common=0.0, own=0.0, seed=6)
    late = START + timedelta(days=1)
    same = [replace(each, snapshot_at=min(each.snapshot_at, late)) for each in audiences]
    assert fit_forecast(same).laws_of("products", 28).buyers.bias == pytest.approx(np.expm1(0.4) / 5, abs=0.03)


def test_one_audience_that_was_nearly_certain_and_wrong_does_not_undo_the_others() -> None:
    audiences = drawn_audiences(snapshots=3, targets=5, bias=0.0, common=0.0, own=0.0, seed=7)
    sure = np.full(20, 0.995)
    wrong = backtested(
        sure,
        sure,
        np.arange(20) < 8,
        sure,
        snapshot_at=START,
        kind="products",
        target="sure",
        horizon_days=28,
        share=0.01,
    )
    assert fit_forecast([*audiences, wrong]).laws_of("products", 28).buyers.between_targets < 0.6


def test_a_horizon_that_was_not_backtested_takes_the_nearest() -> None:
    model = fit_forecast(drawn_audiences(snapshots=3, targets=20, bias=0.4, common=0.0, own=0.0, seed=6))
    assert model.laws_of("products", 56) == model.laws["products", 28]
    assert model.laws_of("visit", 28) == prior_laws("visit")


def test_a_saved_model_answers_the_same(tmp_path: Path) -> None:
    model = fit_forecast(drawn_audiences(snapshots=3, targets=20, bias=0.1, common=0.1, own=0.1, seed=8))
    model.save(tmp_path)
    assert load_forecast(tmp_path) == model


@pytest.mark.parametrize("text", [None, "{", "{}", '{"laws": [{"kind": "products"}], "learnt_from": {}}'])
def test_a_damaged_file_is_refused_with_the_command_that_mends_it(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "forecast.json").write_text(text)
    with pytest.raises(ReleaseDamaged, match="faces train"):
        load_forecast(tmp_path)
