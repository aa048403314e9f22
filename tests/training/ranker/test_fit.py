"""The ranker learns what decides, keeps its promises, and says probabilities."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import lightgbm
import numpy as np
import pytest
from ranker_rows import PER_MEMBER, ranker_rows

from features.contracts.settings import Settings, load_settings
from training.affinity.blend import Field
from training.ranker.features import RANKER_FEATURES
from training.ranker.fit import CALIBRATION_ROWS, OBJECTIVES, Objective, fit_ranker
from training.ranker.model import RankerModel
from training.ranker.rows import RankerRows

AS_OF = datetime(2017, 10, 23, 5, tzinfo=UTC)
ROWS = ranker_rows(300, seed=1)
LATER = ranker_rows(200, seed=2)


@pytest.fixture(scope="module")
def settings() -> Settings:
    loaded = load_settings(threads=1)
    few = {"rounds": 20, "leaves": 7, "min_rows_in_leaf": 20, "feature_share": 1.0}
    return loaded.model_copy(update={"ranker": loaded.ranker.model_copy(update=few)})


def fit(
    settings: Settings,
    rows: RankerRows = ROWS,
    calibration: RankerRows = LATER,
    *,
    promotions: tuple[str, ...] = ("mailer", "display"),
    objectives: tuple[Objective, ...] = OBJECTIVES,
) -> RankerModel:
    return fit_ranker(rows, calibration, settings, as_of=AS_OF, promotions=promotions, objectives=objectives)


@pytest.fixture(scope="module", params=[OBJECTIVES, ("lambdarank",), ("binary",)], ids="+".join)
def objectives(request: pytest.FixtureRequest) -> tuple[Objective, ...]:
    found: tuple[Objective, ...] = request.param
    return found


@pytest.fixture(scope="module")
def model(objectives: tuple[Objective, ...], settings: Settings) -> RankerModel:
    return fit(settings, objectives=objectives)


def scores(model: RankerModel, rows: RankerRows) -> np.ndarray:
    return model.evaluator(compiled=False).predict(rows.matrix)


def used(model: RankerModel) -> dict[str, float]:
    """Gain of each feature that a tree splits on."""
    boosters = [lightgbm.Booster(model_str=part.booster_text) for part in model.parts]
    gains = np.sum([booster.feature_importance("gain") for booster in boosters], axis=0)
    return {name: gain for name, gain in zip(RANKER_FEATURES, gains, strict=True) if gain > 0}


def test_the_order_is_by_what_decides(model: RankerModel) -> None:
    fresh = ranker_rows(50, seed=9)
    days = fresh.matrix[:, Field.LAST_ORDERED_DAYS].reshape(-1, PER_MEMBER)
    first = np.argmax(scores(model, fresh).reshape(-1, PER_MEMBER), axis=1)
    assert np.take_along_axis(days, first[:, None], axis=1).mean() < 8 < days.mean()
    gains = used(model)
    assert max(gains, key=lambda name: gains[name]) == "last_ordered_days"


def test_the_same_rows_and_seed_give_the_same_model(
    model: RankerModel, objectives: tuple[Objective, ...], settings: Settings
) -> None:
    assert fit(settings, objectives=objectives) == model


def test_threads_change_no_score(settings: Settings) -> None:
    few = settings.model_copy(update={"ranker": settings.ranker.model_copy(update={"rounds": 3})})
    one, two = (fit(few.model_copy(update={"threads": threads})) for threads in (1, 2))
    assert (scores(one, LATER) == scores(two, LATER)).all()
    assert (one.slope, one.intercept) == (two.slope, two.intercept)


def test_another_seed_gives_another_model(settings: Settings) -> None:
    few = settings.model_copy(update={"ranker": settings.ranker.model_copy(update={"feature_share": 0.3})})
    one, other = (fit(few.model_copy(update={"seed": seed})) for seed in (7, 8))
    assert one.parts[0].booster_text != other.parts[0].booster_text


def test_rows_are_left_as_they_were(settings: Settings) -> None:
    before = ROWS.matrix.tobytes()
    fit(settings, promotions=())
    assert ROWS.matrix.tobytes() == before


def test_the_slope_is_above_zero_and_the_probabilities_add_up(model: RankerModel) -> None:
    assert model.slope > 0
    chance = 1 / (1 + np.exp(-(model.slope * scores(model, LATER) + model.intercept)))
    assert chance.mean() == pytest.approx(LATER.bought.mean(), rel=1e-3)
    likely = chance > np.quantile(chance, 0.8)
    assert chance[likely].mean() == pytest.approx(LATER.bought[likely].mean(), rel=0.15)


def test_a_curve_that_would_turn_the_order_round_is_not_used(settings: Settings) -> None:
    found = fit(settings, calibration=replace(LATER, bought=~LATER.bought))
    assert (found.slope, found.intercept) == (1.0, 0.0)


@pytest.mark.parametrize("bought", [np.zeros(len(LATER), bool), np.ones(len(LATER), bool)], ids=["none", "all"])
def test_a_week_in_which_nothing_or_everything_was_bought_leaves_the_scores(
    bought: np.ndarray, settings: Settings
) -> None:
    found = fit(settings, calibration=replace(LATER, bought=bought))
    assert (found.slope, found.intercept) == (1.0, 0.0)


def test_a_large_week_is_calibrated_on_a_part_of_it(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(LATER) < CALIBRATION_ROWS
    whole = fit(settings)
    monkeypatch.setattr("training.ranker.fit.CALIBRATION_ROWS", 1000)
    part = fit(settings)
    assert part.slope != whole.slope
    assert part.slope == pytest.approx(whole.slope, rel=0.3)


def test_a_promotion_is_learnt_from_when_it_is_named(settings: Settings) -> None:
    rows, later = (ranker_rows(200, seed=seed, by_mailer=True) for seed in (1, 2))
    reading, blind = (fit(settings, rows, later, promotions=named) for named in (("mailer",), ("display",)))
    assert "mailer" in used(reading)
    assert "mailer" not in used(blind)
    assert (reading.promotions, blind.promotions) == (("mailer",), ("display",))


def test_parts_weigh_alike_where_they_are_calibrated(settings: Settings) -> None:
    model = fit(settings)
    assert [part.objective for part in model.parts] == list(OBJECTIVES)
    for part in model.parts:
        alone = replace(model, parts=(part,))
        assert scores(alone, LATER).std() == pytest.approx(1.0)
    added = sum(scores(replace(model, parts=(part,)), LATER) for part in model.parts)
    assert (scores(model, LATER) == added).all()


def test_a_part_that_says_the_same_of_everything_weighs_one(settings: Settings) -> None:
    nothing = settings.model_copy(update={"ranker": settings.ranker.model_copy(update={"min_rows_in_leaf": 10**6})})
    found = fit(nothing)
    assert [part.weight for part in found.parts] == [1.0, 1.0]
    assert np.isfinite([found.slope, found.intercept]).all()


def test_a_model_says_what_it_is(model: RankerModel, objectives: tuple[Objective, ...], settings: Settings) -> None:
    assert model.as_of == AS_OF
    assert model.promotions == ("mailer", "display")
    assert tuple(part.objective for part in model.parts) == objectives
    assert all(part.booster_text.count("Tree=") == settings.ranker.rounds for part in model.parts)
