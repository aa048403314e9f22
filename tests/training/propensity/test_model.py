"""What the propensity model promises, whatever it has learnt."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from propensity_rows import propensity_rows

from features.contracts.errors import ReleaseDamaged
from features.contracts.settings import load_settings
from training.metrics import auc
from training.propensity.learning_rows import SnapshotRows
from training.propensity.model import (
    ABOUT_FILE,
    PropensityModel,
    contributions,
    fit_propensity,
    load_propensity,
    predict,
)
from training.propensity.set_features import FEATURE_NAMES, HORIZON_COLUMN
from training.propensity.target import EventType

LEARN, VALIDATE = propensity_rows(4000, seed=1), propensity_rows(2000, seed=2)
NEW = propensity_rows(1501, seed=3, horizon_days=28)


def fit(*, seed: int = 7, learn: SnapshotRows = LEARN, threads: int = 1) -> PropensityModel:
    settings = load_settings().propensity.model_copy(update={"rounds": 40, "min_rows_in_leaf": 40})
    return fit_propensity([learn], [VALIDATE], settings=settings, seed=seed, threads=threads, events=[EventType.VISIT])


def told(model: PropensityModel, rows: SnapshotRows = NEW) -> np.ndarray:
    return model.probabilities(rows.matrix, horizon_days=28, threads=1)


@pytest.fixture(scope="module")
def model() -> PropensityModel:
    return fit()


def test_the_likelier_buyers_score_higher_and_the_probabilities_hold(model: PropensityModel) -> None:
    probabilities = told(model)
    assert auc(NEW.happened, probabilities) > 0.8
    assert probabilities.mean() == pytest.approx(NEW.happened.mean(), abs=0.03)
    assert ((probabilities > 0) & (probabilities < 1)).all()


def test_the_same_seed_gives_the_same_scores(model: PropensityModel) -> None:
    np.testing.assert_array_equal(told(fit()), told(model))
    assert not np.array_equal(told(fit(seed=8)), told(model))


def test_more_threads_give_the_same_scores(model: PropensityModel) -> None:
    np.testing.assert_array_equal(told(fit(threads=2)), told(model))


def test_a_row_of_weight_two_counts_like_two_rows() -> None:
    seldom = replace(LEARN, weights=np.where(LEARN.happened, 5.0, 1.0))
    assert predict(fit(learn=seldom).booster, NEW.matrix).mean() > predict(fit().booster, NEW.matrix).mean() + 0.1


def test_saved_and_loaded_it_scores_the_same(model: PropensityModel, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    loaded = load_propensity(tmp_path / "model")
    np.testing.assert_array_equal(told(loaded), told(model))
    assert loaded.horizons == model.horizons == (7, 14, 28, 56)
    assert loaded.events == (EventType.VISIT,)
    assert loaded.feature_names == FEATURE_NAMES


def test_nothing_is_pickled(model: PropensityModel, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    assert sorted(file.name for file in (tmp_path / "model").iterdir()) == [
        "calibration.npz",
        "model.lgb",
        "propensity.json",
    ]
    assert (tmp_path / "model" / "model.lgb").read_text().startswith("tree\n")
    with np.load(tmp_path / "model" / "calibration.npz", allow_pickle=False) as arrays:
        assert {arrays[name].dtype for name in arrays.files} == {np.dtype(np.float64)}


def test_a_model_of_other_features_is_refused(model: PropensityModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    about = json.loads((tmp_path / ABOUT_FILE).read_text())
    first, second, *others = about["feature_names"]
    for names in ([second, first, *others], [first, *others], [first, second, *others, "set__new"]):
        (tmp_path / ABOUT_FILE).write_text(json.dumps({**about, "feature_names": names}))
        with pytest.raises(ReleaseDamaged, match="reads other features than this code computes; run `faces train`"):
            load_propensity(tmp_path)


def test_the_booster_knows_its_features_by_name(model: PropensityModel) -> None:
    assert tuple(model.booster.feature_name()) == FEATURE_NAMES


def test_a_longer_horizon_never_makes_a_purchase_less_likely(model: PropensityModel) -> None:
    before = None
    for days in (7, 14, 28, 56):
        matrix = NEW.matrix.copy()
        matrix[:, HORIZON_COLUMN] = np.log(days)
        now = model.probabilities(matrix, horizon_days=days)
        assert before is None or (now >= before).all()
        before = now
    assert before is not None
    assert before.mean() > told(model).mean() + 0.02


def test_a_horizon_that_was_not_learnt_is_refused(model: PropensityModel) -> None:
    with pytest.raises(ValueError, match="horizon of 30 days: learnt are"):
        model.probabilities(NEW.matrix, horizon_days=30)


def test_each_row_is_scored_by_itself(model: PropensityModel) -> None:
    order = np.random.default_rng(1).permutation(len(NEW.matrix))
    shuffled = model.probabilities(NEW.matrix[order], horizon_days=28)
    np.testing.assert_array_equal(shuffled, told(model)[order])


def test_a_member_of_whom_nothing_is_known_has_a_probability(model: PropensityModel) -> None:
    unknown = np.full((1, len(FEATURE_NAMES)), np.nan, dtype=np.float32)
    unknown[:, HORIZON_COLUMN] = np.log(28)
    assert 0 < model.probabilities(unknown, horizon_days=28)[0] < 0.2


def test_no_rows_have_no_probabilities_and_no_contributions(model: PropensityModel) -> None:
    assert model.probabilities(NEW.matrix[:0], horizon_days=28).shape == (0,)
    assert contributions(model.booster, NEW.matrix[:0]).shape == (0, len(FEATURE_NAMES))


def test_contributions_add_up_to_what_the_booster_says_but_for_what_every_row_has(model: PropensityModel) -> None:
    found = contributions(model.booster, NEW.matrix[:50], threads=1).astype(np.float64).sum(axis=1)
    raw = predict(model.booster, NEW.matrix[:50])
    apart = np.log(raw / (1 - raw)) - found
    np.testing.assert_allclose(apart, apart[0], atol=1e-4)


def test_probabilities_rise_with_the_booster_s_scores(model: PropensityModel) -> None:
    scores = predict(model.booster, NEW.matrix)
    probabilities = told(model)[np.argsort(scores, kind="stable")]
    assert (np.diff(probabilities) >= 0).all()


def test_fitted_on_turned_labels_it_turns_round() -> None:
    turned = replace(LEARN, happened=~LEARN.happened)
    assert auc(NEW.happened, predict(fit(learn=turned).booster, NEW.matrix)) < 0.5


def test_rows_are_known_once_their_own_window_has_ended() -> None:
    rows = replace(LEARN, horizons=np.where(np.arange(4000) < 1000, 7, 28))
    week_later = rows.known_by(LEARN.at.replace(day=13))
    assert week_later is not None
    assert len(week_later.matrix) == len(week_later.happened) == len(week_later.weights) == 1000
    assert rows.known_by(LEARN.at.replace(day=12)) is None
