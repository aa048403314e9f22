"""What recommendations are worth on the whole Complete Journey, against what is simpler, on weeks not learnt from."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from features.contracts.settings import Settings, load_settings
from features.snapshots import build_features
from features.store.history import History, open_history
from features.tables.load import load_shop
from features.tables.storage import current_tables
from training.affinity.als import Als
from training.ranker.rows import rows_of_stage
from training.ranker.stage import Stage, stage_at
from training.recommendations.plan import plan_training
from training.recommendations.report import ORDER
from training.recommendations.train import TrainedModel, train_recommendations
from training.tracking import open_tracking

pytestmark = pytest.mark.slow

NOW = datetime(2018, 1, 2, tzinfo=UTC)
INDEPENDENT_RECALL = 0.148
"""Recall@10 of recency-weighted frequency in an independent reckoning, mean over weeks 46 to 52."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The committed settings with the weeks of the protocol, fewer to learn from, and no promotions."""
    loaded = load_settings(home=tmp_path_factory.mktemp("home"))
    return loaded.model_copy(
        update={
            "load": loaded.load.model_copy(update={"with_promotions": False}),
            "ranker": loaded.ranker.model_copy(update={"train_weeks": (38, 40, 42)}),
            "affinity": loaded.affinity.model_copy(update={"test_weeks": (46, 48, 50, 52)}),
        }
    )


@pytest.fixture(scope="module")
def history(settings: Settings) -> History:
    load_shop(settings, source=None, with_synthetic_contacts=False, as_of=None, now=NOW, progress=lambda _step: None)
    plan = plan_training(settings, as_of=current_tables(settings.paths).latest_at, first=None)
    return open_history(settings, build_features(settings, as_of=None, extra_moments=plan.moments))


@pytest.fixture(scope="module")
def trained(settings: Settings, history: History) -> TrainedModel:
    return train_recommendations(settings, history, open_tracking(settings), as_of=history.build.as_of)


@pytest.fixture(scope="module")
def stage(settings: Settings, history: History) -> Stage:
    cutoff = plan_training(settings, as_of=history.build.as_of, first=None).tests[0]
    tables_folder = settings.paths.tables / history.build.tables_version
    return stage_at(settings, history, cutoff, tables_folder=tables_folder)


def test_the_ranker_finds_more_than_the_best_of_what_is_simpler(trained: TrainedModel) -> None:
    rows = {row.method: row for row in trained.report.overall}
    assert trained.report.not_evaluated == ()
    assert trained.ranker is not None
    assert rows[ORDER].members == 1259 + 1273 + 1283 + 1345
    simple = rows["recency-weighted frequency"]
    assert simple.recall == pytest.approx(INDEPENDENT_RECALL, abs=0.001)
    assert simple.recall > rows["frequency"].recall > rows["popularity"].recall
    # Paired by member, and not by chance: against the best of them, whichever it is.
    assert rows[ORDER].gain_low > 0
    assert rows[ORDER].recall > simple.recall
    assert rows[ORDER].ndcg > simple.ndcg


def test_candidates_hold_more_than_ten_places_can_show(stage: Stage) -> None:
    rows = rows_of_stage(stage)
    assert rows.bought.sum() > 0.35 * stage.holdout.truth.nnz
    assert len(rows) < 0.2 * stage.holdout.truth.shape[0] * stage.holdout.truth.shape[1]


def test_als_does_not_depend_on_the_number_of_threads(stage: Stage) -> None:
    one, two = (
        Als(factors=16, regularization=0.05, iterations=3, alpha=10.0, seed=7, threads=threads).fit(
            stage.sources.moment
        )
        for threads in (1, 2)
    )
    assert (one.member_factors == two.member_factors).all()
    assert (one.product_factors == two.product_factors).all()
