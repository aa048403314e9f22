"""The whole training on a small real shop, with a real registry."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import duckdb
import numpy as np
import pytest
from made_shop import MadeShop

from features.contracts.settings import Settings
from features.store.history import History
from serving.recommendations.served_lists import served_lists
from training.affinity.blend import DEFAULT_WEIGHTS
from training.affinity.model_files import load_affinity
from training.cutoffs import Cutoff
from training.evaluation.recommendations import BARE_ORDER, PRODUCT, Evaluation, evaluate_recommendations
from training.ranker.model import RankerModel, load_ranker
from training.ranker.stage import Stage
from training.recommendations.learning import Learner, Learning
from training.recommendations.plan import RecommendationPlan, plan_evaluation, plan_training
from training.recommendations.report import ORDER, log_evaluation
from training.recommendations.train import TrainedModel, train_recommendations
from training.tracking import Tracking, open_tracking


@pytest.fixture(scope="module")
def settings(small_shop: MadeShop) -> Settings:
    return small_shop.settings


@pytest.fixture(scope="module")
def tracking(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Tracking:
    """A registry beside the shop, which is only read."""
    return open_tracking(settings.model_copy(update={"home": tmp_path_factory.mktemp("registry")}))


@pytest.fixture(scope="module")
def plan(settings: Settings, small_history: History) -> RecommendationPlan:
    return plan_training(settings, as_of=small_history.build.as_of, first=None)


@pytest.fixture(scope="module")
def learner(settings: Settings, small_history: History) -> Learner:
    return Learner(
        settings=settings,
        history=small_history,
        tables_folder=settings.paths.tables / small_history.build.tables_version,
    )


@pytest.fixture(scope="module")
def steps() -> list[str]:
    return []


@pytest.fixture(scope="module")
def learning(learner: Learner, plan: RecommendationPlan, steps: list[str]) -> Learning:
    return learner.learn(plan, step=steps.append)


def test_the_shops_own_training_registered_a_ranker_and_what_it_is_worth(
    settings: Settings, small_ranker: RankerModel
) -> None:
    made = open_tracking(settings)
    version = made.newest("product_affinity")
    assert version is not None
    assert load_affinity(made.folder_of(version)).weights == DEFAULT_WEIGHTS
    logged = made.metrics_of(version)
    assert logged["primary"] == logged["order_served_recall_at_10"]
    assert logged["primary_standard_error"] > 0
    # Favourites repeat: who knows the member finds more than who knows the crowd.
    assert logged["primary"] > 1.5 * logged["popularity_recall_at_10"]
    assert logged["primary"] > 0.8 * logged["recency_weighted_frequency_recall_at_10"]
    assert small_ranker.slope > 0
    folder = made.folder_of(version).parent
    assert (folder / "figures/recall.png").stat().st_size > 5_000
    # A row for each method in the one test week, and one over all.
    assert len((folder / "tables/quality.csv").read_text().splitlines()) == 1 + 2 * 5


def test_a_ranker_is_learnt_from_the_training_weeks_and_calibrated_on_all_of_the_later_one(
    learning: Learning, plan: RecommendationPlan, steps: list[str]
) -> None:
    assert learning.suffices
    assert plan.tune is not None
    assert learning.last == plan.tune
    assert steps == [
        *(f"learning from week {cutoff.week}" for cutoff in plan.train),
        f"tuning on week {plan.tune.week}",
    ]
    # Training rows are drawn, calibration rows are not.
    assert learning.rows.bought.mean() > 2 * learning.calibration.bought.mean()


def test_learning_again_gives_the_same_ranker(
    learning: Learning, small_ranker: RankerModel, settings: Settings
) -> None:
    """The one that `faces train` has registered, from another process."""
    assert learning.fit(promotions=settings.ranker.promotions) == small_ranker


def test_too_little_was_bought_to_learn_from(learning: Learning, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.recommendations.learning.LEAST_BOUGHT", int(learning.rows.bought.sum()))
    assert learning.suffices
    monkeypatch.setattr("training.recommendations.learning.LEAST_BOUGHT", int(learning.rows.bought.sum()) + 1)
    assert not learning.suffices
    never = replace(learning.calibration, bought=np.zeros(len(learning.calibration), dtype=np.bool_))
    monkeypatch.setattr("training.recommendations.learning.LEAST_BOUGHT", 1)
    assert not replace(learning, calibration=never).suffices


def test_nothing_can_be_learnt_of_no_week(learner: Learner) -> None:
    nothing = learner.learn(RecommendationPlan(train=(), tune=None, tests=(), missing=()), step=lambda _what: None)
    assert not nothing.suffices
    assert nothing.last is None
    with pytest.raises(ValueError, match="no cut-off"):
        nothing.fit(promotions=())


def of_early_weeks(settings: Settings) -> Settings:
    """The settings, learning from weeks that lie before the shop's first purchase."""
    ranker = settings.ranker.model_copy(update={"train_weeks": (-1,), "tune_week": 0})
    return settings.model_copy(update={"ranker": ranker})


@pytest.fixture(scope="module")
def without_ranker(settings: Settings, small_history: History, tracking: Tracking) -> TrainedModel:
    return train_recommendations(of_early_weeks(settings), small_history, tracking, as_of=small_history.build.as_of)


def test_a_shop_too_young_for_a_ranker_is_ordered_by_the_blend_and_says_so(
    without_ranker: TrainedModel, tracking: Tracking, small_history: History
) -> None:
    assert without_ranker.ranker is None
    assert without_ranker.report.not_evaluated == (
        "weeks -1, 0 (2016-12-12 to 2016-12-19) lie before the first purchase",
    )
    (fallback,) = without_ranker.report.fallbacks
    assert fallback.sentence == (
        "ranker: 0 candidates were bought in the weeks learnt from, 300 are needed; the blend of sources orders instead"
    )
    assert tracking.fallbacks_of(without_ranker.version) == (fallback.sentence,)
    overall = {row.method: row for row in without_ranker.report.overall}
    assert list(overall) == [ORDER, "popularity", "frequency", "recency-weighted frequency", "TIFU-KNN"]
    assert overall[ORDER].recall > overall["popularity"].recall
    assert without_ranker.version == tracking.newest("product_affinity")
    folder = tracking.folder_of(without_ranker.version)
    assert load_ranker(folder) is None
    assert load_affinity(folder).as_of == without_ranker.model.as_of == small_history.build.as_of
    noted = (folder.parent / "not_evaluated.txt").read_text()
    assert noted.splitlines() == list(without_ranker.report.not_evaluated)
    assert tracking.metrics_of(without_ranker.version)["primary"] == overall[ORDER].recall


class Remembering(Learner):
    """A learner that has learnt already and knows its test week."""

    def __init__(self, learner: Learner, learning: Learning, stage: Stage) -> None:
        super().__init__(settings=learner.settings, history=learner.history, tables_folder=learner.tables_folder)
        # The class is frozen; a test's own memory is not part of it.
        object.__setattr__(self, "known", (learning, stage))

    def learn(self, _plan: RecommendationPlan, **_told: object) -> Learning:
        return self.known[0]

    def stage(self, _cutoff: Cutoff) -> Stage | None:
        return self.known[1]


@pytest.fixture(scope="module")
def evaluation(settings: Settings, learner: Learner, learning: Learning, small_stage: Stage) -> Evaluation:
    plan = plan_evaluation(settings, [small_stage.cutoff.week], as_of=learner.history.build.as_of, first=None)
    return evaluate_recommendations(
        Remembering(learner, learning, small_stage),
        plan,
        served=partial(served_lists, settings),
        step=lambda _what: None,
    )


def test_every_baseline_source_and_variant_and_what_is_served_stand_in_one_table(
    evaluation: Evaluation, settings: Settings
) -> None:
    kinds = {row.method: row.kind for row in evaluation.rows}
    assert kinds[PRODUCT] == "product"
    assert set(kinds.values()) == {"baseline", "source", "variant", "product"}
    others = {
        (): "ranker without promotions",
        ("mailer",): "ranker with the mailer alone",
        ("mailer", "display"): "ranker with mailer and display",
    }
    del others[settings.ranker.promotions]
    variants = [name for name, kind in kinds.items() if kind == "variant"]
    assert variants == [BARE_ORDER, "LambdaRank alone", "pointwise alone", *others.values()]
    assert sum(kind == "source" for kind in kinds.values()) == 11
    assert len(evaluation.rows) == 2 * len(kinds)


def test_what_is_served_is_a_list_of_ten_that_knows_the_member(evaluation: Evaluation) -> None:
    rows = {row.method: row for row in evaluation.rows if row.week == "all"}
    served, bare = rows[PRODUCT], rows[BARE_ORDER]
    assert served.recall > 1.5 * rows["popularity"].recall
    # Diversity and rules cost something, and not the half of it.
    assert served.recall > 0.6 * bare.recall
    assert served.coverage > 3 * rows["popularity"].coverage
    assert served.explore_recall >= 0


def test_limits_bound_every_method(evaluation: Evaluation) -> None:
    (limits,) = evaluation.limits
    assert 0 < limits.candidate_recall <= 1
    assert limits.ceiling_repeated <= limits.ceiling <= 1
    for row in evaluation.rows:
        assert row.recall <= limits.ceiling
        assert row.members == limits.members


def test_an_evaluation_is_kept_beside_the_trainings(
    evaluation: Evaluation, settings: Settings, tracking: Tracking, small_history: History
) -> None:
    before = tracking.newest("product_affinity")
    log_evaluation(settings, tracking, evaluation, as_of=small_history.build.as_of)
    assert tracking.newest("product_affinity") == before
    (run,) = [
        run
        for experiment in tracking.client.search_experiments()
        for run in tracking.client.search_runs([experiment.experiment_id])
        if run.data.tags.get("kind") == "evaluation"
    ]
    (served,) = [row for row in evaluation.rows if (row.method, row.week) == (PRODUCT, "all")]
    assert run.data.metrics["thousand_faces_recall_at_10"] == served.recall
    assert run.data.metrics["ranker_s_bare_order_ndcg_at_10"] > 0


def test_the_models_see_nothing_of_the_week_that_is_tested(learning: Learning, small_stage: Stage) -> None:
    assert learning.last is not None
    assert learning.last.at < small_stage.cutoff.at
    with duckdb.connect() as con:
        found = con.execute(
            f"SELECT count(*) FROM read_parquet('{small_stage.purchases}') WHERE ordered_at >= $at",
            {"at": small_stage.cutoff.at},
        ).fetchone()
    assert found is not None
    assert found[0] > 0
