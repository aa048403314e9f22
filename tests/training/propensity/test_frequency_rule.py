"""The frequency rule: who bought more often is likelier, and a shop's mean is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from training.propensity.frequency_rule import FrequencyRule, contributions_of, frequency_rule, open_propensity
from training.propensity.set_features import FEATURE_NAMES
from training.propensity.target import EventType

RULE = frequency_rule(why="2 members", horizons=(7, 28), events=(EventType.JOIN,))


def rows(
    weeks: list[float], *, age_days: float = 200.0, bought_28d: float = 0.2, bought_91d: float = 0.3, days: int = 28
) -> npt.NDArray[np.float32]:
    """Members who bought in so many of the last 13 weeks, in a shop where those shares of the members bought."""
    matrix = np.full((len(weeks), len(FEATURE_NAMES)), np.nan, dtype=np.float32)
    for name, value in {
        "set__weeks_13": weeks,
        "member_value__days_as_customer": age_days,
        "set__penetration_28d": bought_28d,
        "set__penetration_91d": bought_91d,
        "log_horizon": np.log(days),
    }.items():
        matrix[:, FEATURE_NAMES.index(name)] = value
    return matrix


def test_whoever_bought_more_often_is_likelier_and_nobody_is_certain() -> None:
    told = RULE.probabilities(rows([0, 1, 4, 13]), horizon_days=28)
    assert (np.diff(told) > 0).all()
    assert 0 < told[0] < 0.2 < told[-1] < 1


def test_a_longer_horizon_is_likelier() -> None:
    matrix = rows([0, 3])
    assert (RULE.probabilities(matrix, horizon_days=7) < RULE.probabilities(matrix, horizon_days=28)).all()


def test_what_nobody_bought_is_all_but_impossible() -> None:
    told = RULE.probabilities(rows([0, 0], bought_28d=0.0, bought_91d=0.0), horizon_days=28)
    assert (told == 0).all()


def test_members_who_buy_as_the_shop_does_are_expected_to_keep_its_mean() -> None:
    """Drawn from the law itself: rates of a gamma, weeks of a Poisson."""
    random = np.random.default_rng(3)
    rates = random.gamma(1.0, 0.1, size=20_000)
    weeks = np.minimum(random.poisson(rates * 13), 13)
    happened = random.poisson(rates * 4) > 0
    matrix = rows(
        weeks.tolist(),
        bought_28d=float((random.poisson(rates * 4) > 0).mean()),
        bought_91d=float((weeks > 0).mean()),
    )
    told = RULE.probabilities(matrix, horizon_days=28)
    assert told.mean() == pytest.approx(happened.mean(), rel=0.1)


def test_a_young_shop_is_not_taken_for_one_in_which_little_is_bought() -> None:
    """A fifth bought in the shop's only week: within another week it is about a fifth again, not a twentieth."""
    told = RULE.probabilities(rows([1, 0, 0, 0, 0], age_days=7, bought_28d=0.2, bought_91d=0.2), horizon_days=7)
    assert told.mean() == pytest.approx(0.2, abs=0.05)


def test_a_horizon_of_another_model_is_refused() -> None:
    with pytest.raises(ValueError, match="horizon of 56 days"):
        RULE.probabilities(rows([1]), horizon_days=56)


def test_what_raised_a_member_is_the_weeks_in_which_it_bought() -> None:
    found = contributions_of(RULE, rows([0, 2, 5]))
    own = found[:, FEATURE_NAMES.index("set__weeks_13")]
    assert own[0] == 0 < own[1] < own[2]
    assert np.count_nonzero(found) == 2
    assert contributions_of(RULE, rows([])).shape == (0, len(FEATURE_NAMES))


def test_saved_and_opened_it_is_the_same_rule_and_visits_are_always_told(tmp_path: Path) -> None:
    RULE.save(tmp_path)
    opened = open_propensity(tmp_path)
    assert isinstance(opened, FrequencyRule)
    assert opened == RULE
    assert opened.events == (EventType.VISIT, EventType.JOIN)
