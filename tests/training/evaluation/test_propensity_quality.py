"""Means over targets, gains over the best baseline, and the pages that show them."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from features.contracts.errors import Refused
from features.contracts.settings import Settings, load_settings
from training.evaluation.propensity import plan_propensity_evaluation, reliability
from training.evaluation.propensity_page import propensity_section
from training.evaluation.propensity_quality import RIVAL, with_means
from training.propensity.evaluation import MODEL, MethodKind, TargetQuality

FIRST = datetime(2017, 1, 1, 12, tzinfo=UTC)
END = datetime(2018, 1, 1, 3, 18, tzinfo=UTC)


def row(method: str, kind: MethodKind, target: str, auc: float, *, never: float = 0.6) -> TargetQuality:
    return TargetQuality(
        method=method,
        kind=kind,
        target=target,
        target_kind="category",
        penetration=0.1,
        members=100,
        buyers=10,
        auc=auc,
        ap=auc / 2,
        lift10=4.0,
        ece=0.01,
        auc_never=never,
    )


TARGETS = [f"category {n}" for n in range(20)]
ROWS = [
    *(row(RIVAL, "baseline", name, 0.7 + 0.01 * (n % 3)) for n, name in enumerate(TARGETS)),
    *(row("recency", "baseline", name, 0.6) for name in TARGETS),
    *(row(MODEL, "product", name, 0.75 if n else 0.5) for n, name in enumerate(TARGETS)),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path)


def test_means_stand_first_and_gains_are_over_the_best_baseline() -> None:
    found = with_means(ROWS, seed=7)
    means = {each.method: each for each in found if each.level == "all"}
    assert [each.level for each in found[:3]] == ["all"] * 3
    own = means[MODEL]
    assert own.auc == pytest.approx((19 * 0.75 + 0.5) / 20)
    assert own.auc_gain == pytest.approx(own.auc - means[RIVAL].auc)
    assert own.auc_gain_low < own.auc_gain < own.auc_gain_high
    assert own.targets_won == 0.95
    assert (own.targets, own.buyers, own.members) == (20, 200, 100)
    assert np.isnan(means["recency"].auc_gain)


def test_a_measure_that_a_target_lacks_is_left_out_of_the_mean() -> None:
    rows = [replace(each, auc_never=float("nan")) if n % 2 else each for n, each in enumerate(ROWS)]
    own = next(each for each in with_means(rows, seed=7) if each.method == MODEL)
    assert own.auc_never == pytest.approx(0.6)


def test_a_reliability_bin_holds_members_of_like_probability() -> None:
    told = np.linspace(0, 1, 1000)
    bins = reliability(told > 0.5, told)
    assert [each.rows for each in bins] == [50] * 20
    assert bins[0].observed == 0.0
    assert bins[-1].observed == 1.0
    assert [each.predicted for each in bins] == sorted(each.predicted for each in bins)


def test_an_earlier_week_moves_all_that_is_learnt_back(settings: Settings) -> None:
    asked = settings.propensity
    usual = plan_propensity_evaluation(settings, asked.test_week, as_of=END, first=FIRST)
    assert [cutoff.week for cutoff in usual.learn] == list(asked.train_weeks)
    plan = plan_propensity_evaluation(settings, 44, as_of=END, first=FIRST)
    assert [cutoff.week for cutoff in plan.learn] == [week - 6 for week in asked.train_weeks]
    assert (plan.validate.week, plan.test.week) == (40, 44)
    assert plan.validate.at + timedelta(days=28) <= plan.test.at
    assert plan.learn[-1].at + timedelta(days=28) <= plan.validate.at


def test_a_week_that_is_not_over_or_has_no_history_is_refused(settings: Settings) -> None:
    with pytest.raises(Refused, match="are not over in the data"):
        plan_propensity_evaluation(settings, 51, as_of=END, first=FIRST)
    with pytest.raises(Refused, match="too little history"):
        plan_propensity_evaluation(settings, 9, as_of=END, first=FIRST)


def test_the_page_shows_every_method_kind_and_target() -> None:
    rows = [asdict(each) for each in with_means(ROWS, seed=7)]
    kept = {
        "command": "faces evaluate propensity",
        "data": "1 order line",
        "protocol": "How it was done.",
        "week": 50,
        "learnt_targets": 500,
        "rows": json.loads(json.dumps(rows).replace("NaN", "null")),
        "targets": [{"name": name, "kind": "category", "penetration": 0.1} for name in TARGETS],
        "reliability": [{"predicted": 0.1, "observed": 0.2, "rows": 50}],
    }
    page = propensity_section(kept)
    assert f"| {MODEL} | product | 0.738 ± 0.012 |" in page
    assert "| recency | baseline | 0.600 ± 0.000 |" in page
    assert "| 0.1000 | 0.2000 | 50 |" in page
    assert "Better than a model of the target alone on 95% of the targets" in page
    assert all(name in page for name in TARGETS)
