"""Known answers of the evaluation, target by target, beside baselines that need no learning."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from training.metrics import expected_calibration_error
from training.propensity.charts import auc_chart, reliability_chart
from training.propensity.evaluation import MODEL, PropensityQuality, TargetQuality, judged, simple_scores
from training.propensity.product_sets import ProductSet
from training.propensity.set_features import FEATURE_NAMES

IDS = np.array(["a", "b", "c", "d"])
DAIRY = ProductSet(name="category DAIRY", kind="category", products=np.array([1, 2]), penetration=0.5)
TEA = ProductSet(name="type TEA", kind="type", products=np.array([3]), penetration=0.4)
# days since, orders in 91 days, penetration
DAIRY_ROWS = [(1, 9, 0.4), (30, 8, 0.4), (2, 1, 0.4), (np.nan, 0, 0.4)]
DAIRY_BOUGHT = np.array([True, True, False, False])
DAIRY_TOLD = np.array([0.9, 0.6, 0.3, 0.1])
TEA_BOUGHT = np.array([False, True, True, False])
TEA_TOLD = np.array([0.7, 0.2, 0.8, 0.1])


def matrix_of(rows: list[tuple[float, float, float]]) -> np.ndarray:
    matrix = np.full((len(rows), len(FEATURE_NAMES)), np.nan, dtype=np.float32)
    for place, name in enumerate(("set__days_since", "set__orders_91d", "set__penetration_91d")):
        matrix[:, FEATURE_NAMES.index(name)] = [row[place] for row in rows]
    return matrix


def judge(asked: ProductSet, scores: np.ndarray, bought: np.ndarray, *, is_probability: bool = True) -> TargetQuality:
    known = np.array([True, True, True, False])
    return judged(
        MODEL, "product", asked, scores, bought=bought, is_known=known, ids=IDS, is_probability=is_probability
    )


def test_a_perfect_order() -> None:
    found = judge(DAIRY, DAIRY_TOLD, DAIRY_BOUGHT)
    assert (found.auc, found.ap, found.buyers, found.members) == (1.0, 1.0, 2, 4)
    # The first of four bought, half of all did.
    assert found.lift10 == 2.0
    assert found.ece == expected_calibration_error(DAIRY_BOUGHT, DAIRY_TOLD) > 0
    assert (found.target, found.target_kind, found.penetration) == ("category DAIRY", "category", 0.5)


def test_a_mixed_order() -> None:
    found = judge(TEA, TEA_TOLD, TEA_BOUGHT)
    assert found.auc == 0.75
    assert found.ap == pytest.approx((1 + 2 / 3) / 2)


def test_calibration_is_measured_for_probabilities_alone() -> None:
    assert np.isnan(judge(TEA, TEA_TOLD, TEA_BOUGHT, is_probability=False).ece)


def test_who_never_bought_the_target_is_ranked_apart() -> None:
    known = np.array([True, False, False, False])
    bought = np.array([True, False, True, False])
    scores = np.array([0.9, 0.5, 0.4, 0.1])
    found = judged(MODEL, "product", TEA, scores, bought=bought, is_known=known, ids=IDS, is_probability=True)
    # b and d did not buy, c did: c is above d alone.
    assert found.auc_never == 0.5
    everybody = np.ones(4, dtype=bool)
    known_all = judged(MODEL, "product", TEA, scores, bought=bought, is_known=everybody, ids=IDS, is_probability=True)
    assert np.isnan(known_all.auc_never)


def test_simple_scores_put_the_recent_and_the_frequent_first_and_who_never_bought_last() -> None:
    scores = simple_scores(matrix_of(DAIRY_ROWS))
    assert IDS[np.argsort(-scores["recency"])].tolist() == ["a", "c", "b", "d"]
    assert IDS[np.argsort(-scores["frequency"])].tolist() == ["a", "b", "c", "d"]
    assert len(set(scores["popularity"].tolist())) == 1
    assert all(np.isfinite(values).all() for values in scores.values())


def test_means_are_over_targets_with_their_standard_error() -> None:
    quality = PropensityQuality(rows=(judge(DAIRY, DAIRY_TOLD, DAIRY_BOUGHT), judge(TEA, TEA_TOLD, TEA_BOUGHT)))
    means = quality.means().set_index("method")
    assert means.loc[MODEL, "auc"] == 0.875
    assert means.loc[MODEL, "auc_error"] == pytest.approx(0.125)
    assert (means.loc[MODEL, "targets"], means.loc[MODEL, "kind"]) == (2, "product")
    one = PropensityQuality(rows=(judge(DAIRY, DAIRY_TOLD, DAIRY_BOUGHT),)).means()
    assert one["auc_error"].tolist() == [0.0]


def test_charts_show_every_method_and_every_bin() -> None:
    means = PropensityQuality(rows=(judge(DAIRY, DAIRY_TOLD, DAIRY_BOUGHT),)).means()
    assert isinstance(means, pd.DataFrame)
    axes = auc_chart(means).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == list(means["method"])
    line = reliability_chart(TEA_BOUGHT, TEA_TOLD).axes[0].lines[1]
    assert len(line.get_xdata()) == len(TEA_TOLD)
