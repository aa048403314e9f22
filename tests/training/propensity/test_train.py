"""Which snapshots propensity learns from, and what it refuses to learn from."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from made_shop import MadeShop

from features.contracts.errors import Refused
from features.contracts.settings import Settings, load_settings
from features.prepared import VISITS_FILE
from features.snapshots import current_build
from features.store.history import open_history
from training.propensity.forecast import load_forecast
from training.propensity.frequency_rule import open_propensity
from training.propensity.learning_rows import PropensityShop, calibration_rows, learning_rows, open_propensity_shop
from training.propensity.plan import PropensityPlan, known_horizons, last_cutoff, plan_propensity, propensity_moments
from training.propensity.set_features import FEATURE_NAMES
from training.propensity.train import chosen_targets, train_propensity
from training.recommendations.plan import first_purchase_at
from training.tracking import open_tracking

FIRST = datetime(2017, 1, 1, 12, tzinfo=UTC)
END = datetime(2018, 1, 1, 3, 18, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path)


@pytest.fixture(scope="module")
def shop(small_shop: MadeShop) -> PropensityShop:
    settings = small_shop.settings
    return open_propensity_shop(settings, open_history(settings, current_build(settings.paths)))


@pytest.fixture(scope="module")
def plan(shop: PropensityShop) -> PropensityPlan:
    build = shop.history.build
    return plan_propensity(shop.settings, as_of=build.as_of, first=first_purchase_at(build.folder / VISITS_FILE))


def test_labels_that_are_learnt_from_calibrated_on_and_tested_never_overlap(settings: Settings) -> None:
    plan = plan_propensity(settings, as_of=END, first=FIRST)
    horizon = timedelta(days=settings.propensity.horizon_days)
    assert [cutoff.week for cutoff in plan.learn] == list(range(18, 43, 2))
    assert max(cutoff.at for cutoff in plan.learn) + horizon <= plan.validate.at
    assert plan.validate.at + horizon <= plan.test.at
    assert plan.test.at + horizon <= END + timedelta(hours=3)
    assert propensity_moments(settings, as_of=END) == plan.moments


def test_snapshots_before_the_first_purchase_are_left_out(settings: Settings) -> None:
    plan = plan_propensity(settings, as_of=END, first=datetime(2017, 8, 20, tzinfo=UTC))
    assert [cutoff.week for cutoff in plan.learn] == [36, 38, 40, 42]


def test_data_of_fewer_than_three_snapshots_is_refused(settings: Settings) -> None:
    with pytest.raises(Refused, match=r"span 10 weeks, and 13 are needed .* load more history"):
        plan_propensity(settings, as_of=END, first=datetime(2017, 10, 20, tzinfo=UTC))


def test_a_horizon_is_known_once_it_has_ended() -> None:
    until = FIRST + timedelta(days=28)
    assert known_horizons((7, 14, 28, 56), FIRST, until=until) == (7, 14, 28)
    assert known_horizons((7, 14, 28, 56), FIRST, until=until - timedelta(days=1)) == (7, 14)


def test_every_row_that_is_learnt_from_has_its_window_before_the_calibration(
    shop: PropensityShop, plan: PropensityPlan
) -> None:
    targets = chosen_targets(shop, plan, seed=7)
    for cutoff in plan.learn:
        rows = learning_rows(shop, cutoff, targets.learnt, (), until=plan.validate.at)
        ends = cutoff.at + timedelta(days=int(rows.horizons.max()))
        assert ends <= plan.validate.at
        assert len(rows.matrix) == len(rows.happened) == len(rows.weights) == len(rows.horizons)
    calibrated = calibration_rows(shop, plan.validate, targets.learnt, (), until=plan.test.at)
    assert set(calibrated.horizons.tolist()) == {7, 14, 28}
    assert (calibrated.weights == 1).all()


def test_weights_give_back_how_many_did_and_did_not_buy(shop: PropensityShop, plan: PropensityPlan) -> None:
    targets = chosen_targets(shop, plan, seed=7)
    chosen = max((each for each in targets.learnt if each.kind == "category"), key=lambda each: each.penetration)
    moment, outcomes = shop.snapshot(plan.learn[0].at)
    rows = learning_rows(shop, plan.learn[0], [chosen], (), until=plan.validate.at)
    usual = rows.horizons == 28
    bought = outcomes.bought(chosen.products, horizon_days=28)
    assert rows.weights[usual & rows.happened].sum() == pytest.approx(bought.sum())
    assert rows.weights[usual & ~rows.happened].sum() == pytest.approx((~bought).sum())
    assert len(moment.member_ids) == len(bought)


def test_the_same_seed_draws_the_same_rows(shop: PropensityShop, plan: PropensityPlan) -> None:
    targets = chosen_targets(shop, plan, seed=7)
    one, two = (learning_rows(shop, plan.learn[1], targets.learnt[:20], (), until=plan.validate.at) for _ in range(2))
    np.testing.assert_array_equal(one.matrix, two.matrix)
    np.testing.assert_array_equal(one.happened, two.happened)
    assert one.matrix.shape[1] == len(FEATURE_NAMES)


def test_no_target_that_is_measured_on_is_learnt_from(shop: PropensityShop, plan: PropensityPlan) -> None:
    for seed in (7, 8):
        targets = chosen_targets(shop, plan, seed=seed)
        measured = {each.products.tobytes() for each in targets.evaluated}
        assert measured.isdisjoint({each.products.tobytes() for each in targets.learnt})
        assert len(measured) == len(targets.evaluated)
    assert {e.name for e in targets.evaluated} != {e.name for e in chosen_targets(shop, plan, seed=7).evaluated}


def test_the_small_shop_s_model_beats_its_baselines(small_shop: MadeShop) -> None:
    tracking = open_tracking(small_shop.settings)
    champion = tracking.champion("purchase_propensity")
    assert champion is not None
    metrics = tracking.metrics_of(champion)
    assert metrics["primary"] == metrics["thousand_faces_auc"] > 0.75
    for baseline in ("recency", "frequency", "popularity"):
        assert metrics["thousand_faces_auc"] > metrics[f"{baseline}_auc"]
    assert metrics["popularity_auc"] == 0.5
    assert metrics["thousand_faces_ece"] < 0.1
    assert metrics["thousand_faces_auc_never"] > 0.55


def test_a_shop_of_too_few_members_gets_the_frequency_rule_and_says_so(
    shop: PropensityShop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("training.propensity.train.LEAST_MEMBERS", 10_000)
    tracking = open_tracking(shop.settings.model_copy(update={"home": tmp_path}))
    trained = train_propensity(shop.settings, shop.history, tracking, as_of=shop.history.build.as_of)
    assert not trained.is_learnt
    said = [each.sentence for each in trained.fallbacks]
    assert re.match(r"purchase propensity: \d+ members were active on 2017-10-09, and 10000 are needed", said[0])
    assert not any(each.startswith("forecasts") for each in said)
    assert tracking.fallbacks_of(trained.version) == tuple(said)
    folder = tracking.folder_of(trained.version)
    assert open_propensity(folder) == trained.propensity
    assert {kind for kind, _ in load_forecast(folder).laws} >= {"products", "visit", "lapse"}
    # The rule is measured, and worth something: it knows who buys what.
    assert trained.quality is not None
    rows = [row for row in trained.quality.rows if row.method == "thousand-faces"]
    assert np.mean([row.auc for row in rows]) > 0.6
    assert np.mean([row.ece for row in rows]) < 0.1


def test_the_snapshot_of_the_rule_is_the_one_that_is_reported(settings: Settings) -> None:
    assert last_cutoff(settings, as_of=END) == plan_propensity(settings, as_of=END, first=FIRST).test
    young = last_cutoff(settings, as_of=datetime(2025, 4, 13, tzinfo=UTC))
    assert datetime(2025, 3, 9, tzinfo=UTC) < young.at <= datetime(2025, 3, 16, 3, tzinfo=UTC)
