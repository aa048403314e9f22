"""Which snapshots propensity learns from, and what it refuses to learn from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from made_shop import MadeShop

from features.contracts.errors import Refused
from features.contracts.settings import Settings, load_settings
from features.snapshots import current_build
from features.store.history import open_history
from training.propensity import train
from training.propensity.model import PropensityModel, matrix
from training.propensity.rows import LABEL
from training.propensity.train import plan_propensity, train_propensity
from training.tracking import open_tracking

FIRST = datetime(2017, 1, 1, 12, tzinfo=UTC)
END = datetime(2018, 1, 1, 3, 18, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path)


def test_labels_that_are_learnt_from_calibrated_on_and_tested_never_overlap(settings: Settings) -> None:
    plan = plan_propensity(settings, as_of=END, first=FIRST)
    horizon = timedelta(days=settings.propensity.horizon_days)
    assert [cutoff.week for cutoff in plan.learn] == [18, 22, 26, 30, 34, 38, 42]
    assert max(cutoff.at for cutoff in plan.learn) + horizon <= plan.validate.at
    assert plan.validate.at + horizon <= plan.test.at
    assert plan.test.at + horizon <= END + timedelta(hours=3)


def test_snapshots_before_the_first_purchase_are_left_out(settings: Settings) -> None:
    plan = plan_propensity(settings, as_of=END, first=datetime(2017, 8, 1, tzinfo=UTC))
    assert [cutoff.week for cutoff in plan.learn] == [34, 38, 42]


def test_data_of_fewer_than_three_snapshots_is_refused(settings: Settings) -> None:
    with pytest.raises(Refused, match=r"there are 2 of the snapshots .* load more history"):
        plan_propensity(settings, as_of=END, first=datetime(2017, 10, 20, tzinfo=UTC))


def test_every_row_that_is_learnt_from_has_its_window_before_the_calibration(
    small_shop: MadeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows as they reach the model: dates, labels, and that the test snapshot is not among them."""
    settings = small_shop.settings
    history = open_history(settings, current_build(settings.paths))
    seen: list[pd.DataFrame] = []

    def watched(features: pd.DataFrame) -> object:
        seen.append(features)
        return matrix(features)

    class Stop(Exception):
        pass

    def stop(*_args: object, **_named: object) -> PropensityModel:
        raise Stop

    monkeypatch.setattr(train, "matrix", watched)
    monkeypatch.setattr(train, "fit_propensity", stop)
    with pytest.raises(Stop):
        train_propensity(settings, history, open_tracking(settings), as_of=history.build.as_of)
    learn, validate = seen
    plan = plan_propensity(settings, as_of=history.build.as_of, first=FIRST)
    horizon = pd.Timedelta(days=settings.propensity.horizon_days)
    assert (learn["event_timestamp"] + horizon <= pd.Timestamp(plan.validate.at)).all()
    assert set(validate["event_timestamp"]) == {pd.Timestamp(plan.validate.at)}
    assert 0.01 < learn[LABEL].mean() < 0.5
    assert len(learn) == 3 * settings.propensity.rows_per_snapshot
    # Features are as known at the row's snapshot: no order at or after the row's own moment.
    assert (learn["member_category__last_ordered_at"].dropna() < learn["event_timestamp"].max()).all()
    late = learn["member_category__last_ordered_at"] >= learn["event_timestamp"]
    assert not late.any()


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
