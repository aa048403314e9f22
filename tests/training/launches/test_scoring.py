from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from literal_launches import FIRST, MEMBERS, WEEKS, launch_settings, write_launching_shop

from features.contracts.clock import days_since_epoch, from_days_since_epoch
from features.contracts.errors import BadRequest
from features.prepared import PURCHASES_FILE
from training.launches.model import LaunchModel
from training.launches.past import find_launches
from training.launches.scoring import analogues_of, score_launch
from training.launches.shop import LearningShop, read_shop
from training.launches.train import TrainedLaunches, fit_launches
from training.propensity.groupings import read_groupings
from training.propensity.moment import PropensityMoment
from training.propensity.target import LaunchDescription

AT_DAYS = days_since_epoch(FIRST + timedelta(weeks=24)) - 0.5
CRISPS = LaunchDescription(category="SNACKS", subcategory="CRISPS", brand="Maker 1", price=2.0, is_private_label=False)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> LearningShop:
    build = write_launching_shop(tmp_path_factory.mktemp("build"))
    groupings = read_groupings(build.folder)
    until = FIRST + timedelta(weeks=WEEKS)
    past = find_launches(build.folder / PURCHASES_FILE, groupings, as_of=until, timezone="UTC")
    past = past.take(past.buyers >= 5)
    return read_shop(build, groupings, past, until=until, most_members=1_000, seed=7, factors=32)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LaunchModel:
    folder: Path = tmp_path_factory.mktemp("learnt")
    build = write_launching_shop(folder / "build")
    trained = fit_launches(launch_settings(folder), build, as_of=FIRST + timedelta(weeks=WEEKS))
    assert isinstance(trained, TrainedLaunches)
    return trained.model


@pytest.fixture(scope="module")
def moment(shop: LearningShop) -> PropensityMoment:
    seen = shop.moment(AT_DAYS)
    return PropensityMoment(
        at=from_days_since_epoch(AT_DAYS),
        member_ids=shop.lines.member_ids,
        groupings=shop.groupings,
        cells=seen.cells,
        visits=seen.visits,
        redemptions=seen.visits,
        joins=seen.visits,
        members=np.empty((MEMBERS, 0), dtype=np.float32),
        taste=seen.taste,
        products=seen.products,
    )


def test_what_is_served_is_what_was_learnt(shop: LearningShop, model: LaunchModel, moment: PropensityMoment) -> None:
    launched = int(shop.groupings.rows_of(np.array(["snack-launch-24"]))[0])
    example = shop.example(launched, at_days=AT_DAYS)
    scored = score_launch(model, moment, CRISPS, horizon_days=28, threads=1)
    np.testing.assert_array_equal(scored.matrix, example.matrix)


def test_probabilities_of_everybody_and_what_buyers_spend(model: LaunchModel, moment: PropensityMoment) -> None:
    scored = score_launch(model, moment, CRISPS, horizon_days=28, threads=1)
    assert scored.probabilities.shape == scored.revenue_if_bought.shape == (MEMBERS,)
    assert ((scored.probabilities > 0) & (scored.probabilities < 1)).all()
    assert (scored.revenue_if_bought > 0).all()
    sooner = score_launch(model, moment, CRISPS, horizon_days=7, threads=1)
    assert (sooner.probabilities < scored.probabilities).all()


def test_a_dearer_launch_brings_more_of_each_buyer(model: LaunchModel, moment: PropensityMoment) -> None:
    usual = score_launch(model, moment, CRISPS, horizon_days=28, threads=1)
    dear = score_launch(model, moment, replace(CRISPS, price=4.0), horizon_days=28, threads=1)
    ratio = dear.revenue_if_bought / usual.revenue_if_bought
    assert ratio.min() > 1.5


def test_analogues_are_of_its_type_and_the_marketers_lead(moment: PropensityMoment) -> None:
    named = replace(CRISPS, analogues=("soap-staple-1",))
    found = analogues_of(moment, named)
    assert found[0].product_id == "soap-staple-1"
    assert {each.product_id.split("-")[0] for each in found[1:]} == {"snack"}
    assert [each.similarity for each in found] == sorted((each.similarity for each in found), reverse=True)


def test_an_unknown_category_is_refused(model: LaunchModel, moment: PropensityMoment) -> None:
    with pytest.raises(BadRequest, match="no product of category 'CARS'"):
        score_launch(model, moment, LaunchDescription(category="CARS"), horizon_days=28)


def test_unknown_analogues_are_refused_with_their_count(model: LaunchModel, moment: PropensityMoment) -> None:
    with pytest.raises(BadRequest, match="2 analogues are unknown products"):
        score_launch(model, moment, replace(CRISPS, analogues=("x", "y", "soap-staple-1")), horizon_days=28)


def test_a_category_alone_is_enough(model: LaunchModel, moment: PropensityMoment) -> None:
    scored = score_launch(model, moment, LaunchDescription(category="SOAPS"), horizon_days=28, threads=1)
    washers = np.arange(MEMBERS) >= MEMBERS // 2
    assert scored.probabilities[washers].mean() > scored.probabilities[~washers].mean()


def test_contributions_add_up_to_the_rank(model: LaunchModel, moment: PropensityMoment) -> None:
    scored = score_launch(model, moment, CRISPS, horizon_days=28, threads=1)
    total = model.contributions(scored.matrix, threads=1).sum(axis=1)
    assert np.argsort(total.round(4), kind="stable")[-1] in np.flatnonzero(
        scored.probabilities >= scored.probabilities.max() - 1e-9
    )
