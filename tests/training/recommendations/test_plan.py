"""Which weeks a ranker learns from, is tuned on and is reported on."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from features.contracts.clock import WEEK
from features.contracts.errors import NothingLoaded, Refused
from features.contracts.settings import Settings, load_settings
from training.recommendations.plan import RecommendationPlan, first_purchase_at, plan_evaluation, plan_training

AS_OF = datetime(2018, 1, 1, 4, 1, 21, tzinfo=UTC)
FIRST = datetime(2017, 1, 1, tzinfo=UTC)


@pytest.fixture
def settings() -> Settings:
    loaded = load_settings()
    ranker = loaded.ranker.model_copy(update={"train_weeks": (38, 40, 42), "tune_week": 44})
    affinity = loaded.affinity.model_copy(update={"test_weeks": (48, 50)})
    return loaded.model_copy(update={"ranker": ranker, "affinity": affinity})


def weeks(plan: RecommendationPlan) -> tuple[list[int], int | None, list[int]]:
    """Numbers of the weeks to learn from, to tune on, to report."""
    return (
        [cutoff.week for cutoff in plan.train],
        plan.tune.week if plan.tune else None,
        [cutoff.week for cutoff in plan.tests],
    )


def test_a_year_of_data_has_every_week_of_the_settings(settings: Settings) -> None:
    plan = plan_training(settings, as_of=AS_OF, first=FIRST)
    assert weeks(plan) == ([38, 40, 42], 44, [48, 50])
    assert plan.missing == ()
    assert plan.moments[3] == datetime(2017, 10, 23, 5, tzinfo=UTC)
    assert len(plan.moments) == 6


def test_weeks_that_reach_beyond_the_data_move_back_together(settings: Settings) -> None:
    plan = plan_training(settings, as_of=datetime(2017, 9, 1, tzinfo=UTC), first=FIRST)
    assert weeks(plan) == ([23, 25, 27], 29, [33, 35])
    assert max(plan.moments) + WEEK <= datetime(2017, 9, 1, tzinfo=UTC)


def test_weeks_of_old_move_on_together(settings: Settings) -> None:
    learnt, tuned, tested = weeks(plan_training(settings, as_of=datetime(2019, 1, 1, tzinfo=UTC), first=FIRST))
    assert tuned is not None
    assert ([tuned - week for week in learnt], [week - tuned for week in tested]) == ([6, 4, 2], [4, 6])
    assert tested[-1] > 52


def test_a_short_shop_says_which_weeks_are_missing(settings: Settings) -> None:
    plan = plan_training(settings, as_of=AS_OF, first=datetime(2017, 10, 12, tzinfo=UTC))
    assert weeks(plan) == ([], 44, [48, 50])
    assert plan.missing == ("weeks 38, 40, 42 (2017-09-11 to 2017-10-09) lie before the first purchase",)


def test_a_shop_of_a_month_has_nothing_to_tune_on(settings: Settings) -> None:
    plan = plan_training(settings, as_of=AS_OF, first=datetime(2017, 11, 25, tzinfo=UTC))
    assert weeks(plan) == ([], None, [50])
    assert plan.moments == (plan.tests[0].at,)


def test_before_anything_is_known_of_the_data_no_week_is_missing(settings: Settings) -> None:
    """The moments must be planned before features are built."""
    assert plan_training(settings, as_of=AS_OF, first=None).missing == ()


def test_an_evaluation_has_exactly_the_weeks_that_are_asked_for(settings: Settings) -> None:
    plan = plan_evaluation(settings, [46, 48, 50, 52], as_of=AS_OF, first=FIRST)
    assert weeks(plan) == ([38, 40, 42], 44, [46, 48, 50, 52])


@pytest.mark.parametrize("asked", [[45], [44], [40, 52], [30]])
def test_no_week_that_is_learnt_from_reaches_into_a_week_that_is_tested(asked: list[int], settings: Settings) -> None:
    plan = plan_evaluation(settings, asked, as_of=AS_OF, first=FIRST)
    assert weeks(plan)[2] == asked
    assert plan.tune is not None
    learnt = [*plan.train, plan.tune]
    # What was bought in the week after a cut-off is learnt from too.
    assert max(cutoff.at + WEEK for cutoff in learnt) <= min(cutoff.at for cutoff in plan.tests)
    assert [plan.tune.week - cutoff.week for cutoff in plan.train] == [6, 4, 2]


def test_a_week_whose_purchases_are_not_all_known_is_refused(settings: Settings) -> None:
    with pytest.raises(Refused, match=r"week 54 ends at 2018-01-08, .* earlier weeks"):
        plan_evaluation(settings, [50, 54], as_of=AS_OF, first=FIRST)


def test_an_evaluation_of_early_weeks_says_what_the_ranker_lacks(settings: Settings) -> None:
    plan = plan_evaluation(settings, [6], as_of=AS_OF, first=FIRST)
    assert weeks(plan) == ([3], 5, [6])
    assert [sentence.split(" (")[0] for sentence in plan.missing] == ["weeks -1, 1"]


def test_the_committed_settings_report_on_no_week_that_is_learnt_from() -> None:
    settings = load_settings()
    learnt = [*settings.ranker.train_weeks, settings.ranker.tune_week]
    assert max(settings.ranker.train_weeks) < settings.ranker.tune_week <= 44
    assert max(learnt) < min(settings.affinity.test_weeks)


def test_the_first_purchase_is_read_in_utc(tmp_path: Path) -> None:
    file = tmp_path / "purchases.parquet"
    moments = pd.to_datetime(["2017-05-02T10:00:00.25Z", "2017-05-01T23:30:00.00Z"])
    pd.DataFrame({"ordered_at": moments}).to_parquet(file)
    assert first_purchase_at(file) == datetime(2017, 5, 1, 23, 30, tzinfo=UTC)


def test_no_purchase_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "purchases.parquet"
    pd.DataFrame({"ordered_at": pd.to_datetime([], utc=True)}).to_parquet(file)
    with pytest.raises(NothingLoaded, match="faces load"):
        first_purchase_at(file)
