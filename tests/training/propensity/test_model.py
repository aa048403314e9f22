"""What the propensity model promises, whatever it has learnt."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from propensity_rows import propensity_rows

from features.contracts.errors import ReleaseDamaged
from features.contracts.settings import load_settings
from training.metrics import auc
from training.propensity.model import (
    ABOUT_FILE,
    ENCODING,
    PropensityModel,
    fit_propensity,
    load_propensity,
    matrix,
    predict,
)
from training.propensity.rows import LABEL

LEARN, VALIDATE, NEW = (propensity_rows(count, seed=count) for count in (3000, 1500, 1501))


def fit(*, seed: int = 7, learn: pd.DataFrame = LEARN, threads: int = 1) -> PropensityModel:
    settings = load_settings().propensity.model_copy(update={"rounds": 40, "min_rows_in_leaf": 40})
    return fit_propensity(
        (matrix(learn), learn[LABEL].to_numpy()),
        (matrix(VALIDATE), VALIDATE[LABEL].to_numpy()),
        settings=settings,
        seed=seed,
        threads=threads,
    )


@pytest.fixture(scope="module")
def model() -> PropensityModel:
    return fit()


def test_the_likelier_buyers_score_higher_and_the_probabilities_hold(model: PropensityModel) -> None:
    probabilities = model.probabilities(NEW)
    bought = NEW[LABEL].to_numpy()
    assert auc(bought, probabilities) > 0.8
    assert probabilities.mean() == pytest.approx(bought.mean(), abs=0.03)
    assert ((probabilities > 0) & (probabilities < 1)).all()


def test_the_same_seed_gives_the_same_scores(model: PropensityModel) -> None:
    np.testing.assert_array_equal(fit().probabilities(NEW), model.probabilities(NEW))
    assert not np.array_equal(fit(seed=8).probabilities(NEW), model.probabilities(NEW))


def test_more_threads_give_the_same_scores(model: PropensityModel) -> None:
    np.testing.assert_array_equal(fit(threads=2).probabilities(NEW), model.probabilities(NEW))


def test_saved_and_loaded_it_scores_the_same(model: PropensityModel, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    loaded = load_propensity(tmp_path / "model")
    np.testing.assert_array_equal(loaded.probabilities(NEW), model.probabilities(NEW))
    assert loaded.horizon_days == model.horizon_days == 28
    assert loaded.feature_names == ENCODING.model_names


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
    for names in ([second, first, *others], [first, *others], [first, second, *others, "member_value__new"]):
        (tmp_path / ABOUT_FILE).write_text(json.dumps({**about, "feature_names": names}))
        with pytest.raises(ReleaseDamaged, match="reads other features than this code computes; run `faces train`"):
            load_propensity(tmp_path)


def test_the_booster_knows_its_features_by_name(model: PropensityModel) -> None:
    assert tuple(model.booster.feature_name()) == ENCODING.model_names


def test_a_member_asked_about_later_is_older(model: PropensityModel) -> None:
    later = NEW.assign(event_timestamp=NEW["event_timestamp"] + timedelta(days=21))
    assert model.probabilities(later).mean() < model.probabilities(NEW).mean()


def test_each_row_is_scored_by_itself(model: PropensityModel) -> None:
    order = np.random.default_rng(1).permutation(len(NEW))
    shuffled = NEW.iloc[order]
    np.testing.assert_array_equal(model.probabilities(shuffled), model.probabilities(NEW)[order])
    np.testing.assert_array_equal(model.probabilities(NEW[:1]), model.probabilities(NEW)[:1])


def test_neither_ids_nor_labels_are_read(model: PropensityModel) -> None:
    others = NEW.drop(columns=LABEL).assign(member_id="somebody", category="something")
    np.testing.assert_array_equal(model.probabilities(others), model.probabilities(NEW))


def test_a_member_of_whom_nothing_is_known_has_a_probability(model: PropensityModel) -> None:
    unknown = NEW[:1].copy()
    for name in ENCODING.stored_names:
        unknown[name] = pd.Series([None], dtype=unknown[name].dtype, index=unknown.index)
    assert 0 < model.probabilities(unknown)[0] < 0.2


def test_no_rows_have_no_probabilities(model: PropensityModel) -> None:
    assert model.probabilities(NEW[:0]).shape == (0,)


def test_probabilities_rise_with_the_booster_s_scores(model: PropensityModel) -> None:
    scores = predict(model.booster, matrix(NEW))
    probabilities = model.probabilities(NEW)[np.argsort(scores, kind="stable")]
    assert (np.diff(probabilities) >= 0).all()


def test_fitted_on_turned_labels_it_turns_round() -> None:
    turned = LEARN.assign(**{LABEL: ~LEARN[LABEL]})
    scores = predict(fit(learn=turned).booster, matrix(NEW))
    assert auc(NEW[LABEL].to_numpy(), scores) < 0.5
