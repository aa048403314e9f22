"""The compiled ranker says what LightGBM says, to the last bit, and steps back where it cannot."""

from __future__ import annotations

import builtins
import threading
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pytest

from training.ranker import evaluator as evaluating
from training.ranker.evaluator import BoosterEvaluator, open_evaluator, probing_rows
from training.ranker.tree_masks import UnsupportedTrees, tree_masks

ROWS, FEATURES = 3000, 8


def rows(seed: int, *, missing: float = 0.2) -> npt.NDArray[np.float32]:
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(ROWS, FEATURES)).astype(np.float32)
    matrix[:, 1] = random.integers(0, 4, ROWS)
    matrix[:, 2] = np.where(random.random(ROWS) < 0.7, 0.0, matrix[:, 2])
    matrix[random.random(matrix.shape) < missing] = np.nan
    # What LightGBM met no missing value of, it takes for zero.
    matrix[:, 3] = random.normal(size=ROWS)
    return matrix


def trained(*, rounds: int = 30, categories: list[int] | None = None, **params: Any) -> str:
    """A model of random rows, as text."""
    matrix = rows(1)
    whole = np.nan_to_num(matrix)
    labels = (whole[:, 0] * whole[:, 1] + whole[:, 3] + np.isnan(matrix[:, 4]) > 0.5).astype(int)
    settings = {"objective": "binary", "verbose": -1, "num_threads": 1, "min_data_in_leaf": 5, "seed": 1, **params}
    return lgb.train(
        settings, lgb.Dataset(matrix, labels, categorical_feature=categories or []), num_boost_round=rounds
    ).model_to_string()


@pytest.mark.parametrize("leaves", [2, 3, 31, 32, 33, 64])
def test_a_compiled_model_gives_the_scores_of_lightgbm(leaves: int) -> None:
    text = trained(num_leaves=leaves)
    compiled = open_evaluator(text, compiled=True)
    assert compiled.name == "compiled"
    fresh = rows(2)
    fresh[::7, 3] = np.nan
    scores = compiled.predict(fresh)
    np.testing.assert_array_equal(scores, BoosterEvaluator(text).predict(fresh))
    assert len(np.unique(scores)) > leaves / 2


def test_the_values_at_every_threshold_fall_on_lightgbm_s_side() -> None:
    text = trained(num_leaves=31)
    probes = probing_rows(tree_masks(text))
    assert np.isnan(probes).any()
    np.testing.assert_array_equal(
        open_evaluator(text, compiled=True).predict(probes), BoosterEvaluator(text).predict(probes)
    )


def test_a_model_of_the_whole_ranker_s_kind_gives_the_same_order() -> None:
    matrix = rows(3)
    labels = np.random.default_rng(4).integers(0, 3, ROWS)
    settings = {"objective": "lambdarank", "verbose": -1, "num_threads": 1, "num_leaves": 15}
    text = lgb.train(
        settings, lgb.Dataset(matrix, labels, group=[300] * (ROWS // 300)), num_boost_round=20
    ).model_to_string()
    compiled = open_evaluator(text, compiled=True)
    assert compiled.name == "compiled"
    fresh = rows(5)[:300]
    ours, theirs = compiled.predict(fresh), BoosterEvaluator(text).predict(fresh)
    np.testing.assert_array_equal(np.argsort(-ours, kind="stable"), np.argsort(-theirs, kind="stable"))


def test_missing_values_alone_and_no_rows_are_scored() -> None:
    text = trained()
    compiled = open_evaluator(text, compiled=True)
    nothing = np.full((1, FEATURES), np.nan, dtype=np.float32)
    np.testing.assert_array_equal(compiled.predict(nothing), BoosterEvaluator(text).predict(nothing))
    assert compiled.predict(np.empty((0, FEATURES), dtype=np.float32)).shape == (0,)


def test_infinite_values_fall_on_the_outer_sides() -> None:
    text = trained(num_leaves=31)
    endless = np.array([[np.inf] * FEATURES, [-np.inf] * FEATURES], dtype=np.float32)
    np.testing.assert_array_equal(
        open_evaluator(text, compiled=True).predict(endless), BoosterEvaluator(text).predict(endless)
    )


def test_a_model_that_learnt_nothing_scores_the_same() -> None:
    text = trained(rounds=2, min_data_in_leaf=ROWS)
    compiled = open_evaluator(text, compiled=True)
    np.testing.assert_array_equal(compiled.predict(rows(6)), BoosterEvaluator(text).predict(rows(6)))


def test_the_rows_are_left_as_they_were() -> None:
    fresh = rows(7)
    before = fresh.copy()
    open_evaluator(trained(), compiled=True).predict(fresh)
    np.testing.assert_array_equal(fresh, before)


def test_several_threads_get_the_scores_of_one() -> None:
    compiled = open_evaluator(trained(), compiled=True)
    batches = [rows(seed)[:300] for seed in range(4)]
    alone = [compiled.predict(batch) for batch in batches]
    wrong: list[int] = []

    def score(number: int) -> None:
        for _ in range(50):
            if not np.array_equal(compiled.predict(batches[number]), alone[number]):
                wrong.append(number)

    threads = [threading.Thread(target=score, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"num_leaves": 65}, "65 leaves"),
        ({"zero_as_missing": True}, "zeros"),
        ({"categories": [1]}, "categories"),
        ({"linear_tree": True}, "linear"),
        ({"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, "averaged"),
    ],
)
def test_what_masks_cannot_express_is_left_to_lightgbm(
    params: dict[str, Any], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    text = trained(rounds=5, **params)
    with pytest.raises(UnsupportedTrees, match=said):
        tree_masks(text)
    evaluator = open_evaluator(text, compiled=True)
    assert evaluator.name == "booster"
    assert "not compiled" in caplog.text
    np.testing.assert_array_equal(evaluator.predict(rows(8)), BoosterEvaluator(text).predict(rows(8)))


def test_a_machine_without_numba_uses_lightgbm(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **named: Any) -> Any:
        if name == "training.ranker.mask_kernel":
            raise ImportError("No module named 'numba'")
        return real(name, *args, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    assert open_evaluator(trained(rounds=2), compiled=True).name == "booster"


def test_a_compiled_model_that_disagrees_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def off_by_little(_self: object, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        return np.full(len(matrix), 1e-9)

    monkeypatch.setattr(evaluating.CompiledEvaluator, "predict", off_by_little)
    assert open_evaluator(trained(rounds=2), compiled=True).name == "booster"


def test_compiling_is_only_done_when_asked_for() -> None:
    assert open_evaluator(trained(rounds=2), compiled=False).name == "booster"
