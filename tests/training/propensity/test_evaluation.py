"""Known answers of the evaluation, category by category, beside its baselines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from training.metrics import expected_calibration_error
from training.propensity.charts import auc_chart, reliability_chart
from training.propensity.evaluation import MODEL, baseline_scores, evaluate_propensity
from training.propensity.rows import LABEL

AT = datetime(2017, 12, 4, 5, tzinfo=UTC)

ROWS = pd.DataFrame(
    [
        # member, category, bought, days since the latest order, orders in 91 days, the category's buyers, probability
        ("a", "DAIRY", True, 1, 9, 40, 0.9),
        ("b", "DAIRY", True, 30, 8, 40, 0.6),
        ("c", "DAIRY", False, 2, 1, 40, 0.3),
        ("d", "DAIRY", False, None, None, 40, 0.1),
        ("a", "TEA", False, 1, 5, 2, 0.7),
        ("b", "TEA", True, 2, 1, 2, 0.2),
        ("c", "TEA", True, 3, 2, 2, 0.8),
        ("d", "TEA", False, None, None, 2, 0.1),
        # One buyer is too few, and where everybody buys nothing can be ranked.
        ("a", "RARE", True, 1, 1, 1, 0.5),
        ("b", "RARE", False, None, None, 1, 0.5),
        ("a", "ALL", True, 1, 1, 2, 0.5),
        ("b", "ALL", True, 1, 1, 2, 0.5),
    ],
    columns=["member_id", "category", LABEL, "days", "orders", "buyers", "probability"],
)
FEATURES = pd.DataFrame(
    {
        "member_id": ROWS["member_id"],
        "category": ROWS["category"],
        "event_timestamp": pd.Timestamp(AT),
        LABEL: ROWS[LABEL],
        "member_category__last_ordered_at": pd.to_datetime(
            [None if np.isnan(days) else AT - timedelta(days=days) for days in ROWS["days"]], utc=True
        ),
        "member_category__orders_91d": ROWS["orders"].astype("Int64"),
        "category_demand__buyers_91d": ROWS["buyers"],
    }
)
PROBABILITIES = ROWS["probability"].to_numpy()


@pytest.fixture(scope="module")
def by_method() -> dict[tuple[str, str], pd.Series]:
    rows = evaluate_propensity(FEATURES, PROBABILITIES, min_buyers=2).rows
    return {(row["method"], row["category"]): row for _, row in rows.iterrows()}


def test_categories_of_enough_buyers_are_reported_and_no_others(by_method: dict[tuple[str, str], pd.Series]) -> None:
    assert list(by_method) == [
        (method, category) for category in ("DAIRY", "TEA") for method in (MODEL, "recency", "frequency", "popularity")
    ]
    assert {row["buyers"] for row in by_method.values()} == {2}


@pytest.mark.parametrize(
    ("method", "dairy", "tea"),
    [(MODEL, 1.0, 0.75), ("recency", 0.75, 0.5), ("frequency", 1.0, 0.5), ("popularity", 0.5, 0.5)],
)
def test_auc_is_the_share_of_pairs_in_the_right_order(
    by_method: dict[tuple[str, str], pd.Series], method: str, dairy: float, tea: float
) -> None:
    assert (by_method[method, "DAIRY"].auc, by_method[method, "TEA"].auc) == (dairy, tea)


def test_average_precision_and_lift_of_a_perfect_order(by_method: dict[tuple[str, str], pd.Series]) -> None:
    assert by_method[MODEL, "DAIRY"].ap == 1.0
    # The first of four bought, half of all did.
    assert by_method[MODEL, "DAIRY"].lift10 == 2.0
    assert by_method[MODEL, "TEA"].ap == pytest.approx((1 + 2 / 3) / 2)
    assert by_method["recency", "TEA"].lift10 == 0.0


def test_calibration_is_measured_for_probabilities_alone(by_method: dict[tuple[str, str], pd.Series]) -> None:
    dairy = (ROWS["category"] == "DAIRY").to_numpy()
    expected = expected_calibration_error(ROWS.loc[dairy, LABEL].to_numpy(), PROBABILITIES[dairy])
    assert by_method[MODEL, "DAIRY"].ece == expected > 0
    assert all(np.isnan(row["ece"]) for (method, _), row in by_method.items() if method != MODEL)


def test_means_are_over_categories_with_their_standard_error() -> None:
    means = evaluate_propensity(FEATURES, PROBABILITIES, min_buyers=2).means().set_index("method")
    assert list(means.index) == [MODEL, "recency", "frequency", "popularity"]
    assert means.loc[MODEL, "auc"] == 0.875
    assert means.loc[MODEL, "auc_standard_error"] == pytest.approx(0.125)
    assert means["categories"].tolist() == [2, 2, 2, 2]


def test_one_category_has_no_standard_error() -> None:
    dairy = FEATURES["category"] == "DAIRY"
    means = evaluate_propensity(FEATURES[dairy].reset_index(drop=True), PROBABILITIES[dairy], min_buyers=2).means()
    assert means["auc_standard_error"].tolist() == [0.0] * 4


def test_without_a_category_of_enough_buyers_there_is_nothing_to_report() -> None:
    quality = evaluate_propensity(FEATURES, PROBABILITIES, min_buyers=3)
    assert quality.rows.empty
    assert list(quality.rows.columns) == ["method", "category", "buyers", "auc", "ap", "lift10", "ece"]
    assert quality.means().empty


def test_baselines_put_the_recent_and_the_frequent_first_and_who_never_bought_last() -> None:
    scores = {name: values[:4] for name, values in baseline_scores(FEATURES).items()}
    members = ROWS["member_id"].to_numpy()[:4]
    assert members[np.argsort(-scores["recency"])].tolist() == ["a", "c", "b", "d"]
    assert members[np.argsort(-scores["frequency"])].tolist() == ["a", "b", "c", "d"]
    assert scores["popularity"].tolist() == [40.0] * 4
    assert all(np.isfinite(values).all() for values in scores.values())


def test_the_order_of_the_rows_does_not_matter() -> None:
    order = np.random.default_rng(2).permutation(len(FEATURES))
    shuffled = evaluate_propensity(FEATURES.iloc[order].reset_index(drop=True), PROBABILITIES[order], min_buyers=2)
    pd.testing.assert_frame_equal(shuffled.rows, evaluate_propensity(FEATURES, PROBABILITIES, min_buyers=2).rows)


def test_charts_show_every_method_and_every_bin() -> None:
    means = evaluate_propensity(FEATURES, PROBABILITIES, min_buyers=2).means()
    axes = auc_chart(means).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == list(means["method"])
    line = reliability_chart(ROWS[LABEL].to_numpy(), PROBABILITIES).axes[0].lines[1]
    assert len(line.get_xdata()) == len(ROWS)
