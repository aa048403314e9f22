from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from literal_launches import FIRST, MEMBERS, WEEKS, launch_settings, write_launching_shop

from features.contracts.clock import days_since_epoch
from features.contracts.errors import ReleaseDamaged
from features.contracts.settings import Settings
from features.prepared import PURCHASES_FILE
from features.snapshots import FeatureBuild
from training.launches.audiences import SHARES, launch_audiences
from training.launches.features import FEATURE_NAMES
from training.launches.model import ABOUT_FILE, FOLDER, load_launch_model
from training.launches.past import find_launches
from training.launches.shop import LearningShop, read_shop
from training.launches.simulated import simulated_launches
from training.launches.train import TrainedLaunches, fit_launches
from training.minimum import Fallback
from training.propensity.groupings import read_groupings

AS_OF = FIRST + timedelta(weeks=WEEKS)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return launch_settings(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> FeatureBuild:
    return write_launching_shop(tmp_path_factory.mktemp("build"))


@pytest.fixture(scope="module")
def trained(settings: Settings, build: FeatureBuild) -> TrainedLaunches:
    found = fit_launches(settings, build, as_of=AS_OF)
    assert isinstance(found, TrainedLaunches)
    return found


def shop_of(build: FeatureBuild) -> LearningShop:
    groupings = read_groupings(build.folder)
    past = find_launches(build.folder / PURCHASES_FILE, groupings, as_of=AS_OF, timezone="UTC")
    return read_shop(build, groupings, past, until=AS_OF, most_members=1_000, seed=7, factors=32)


def product(shop: LearningShop, name: str) -> int:
    return int(shop.groupings.rows_of(np.array([name]))[0])


def test_snackers_are_likelier_to_buy_a_new_snack_and_washers_a_new_soap(
    build: FeatureBuild, trained: TrainedLaunches
) -> None:
    shop = shop_of(build)
    at_days = days_since_epoch(FIRST + timedelta(weeks=24)) - 0.5
    for name, buyers in (("snack-launch-24", slice(0, MEMBERS // 2)), ("soap-launch-24", slice(MEMBERS // 2, MEMBERS))):
        example = shop.example(product(shop, name), at_days=at_days)
        probabilities = trained.model.probabilities(example.matrix, horizon_days=28, threads=1)
        is_of_kind = np.zeros(MEMBERS, dtype=bool)
        is_of_kind[buyers] = True
        assert probabilities[is_of_kind].min() > probabilities[~is_of_kind].max()


def test_what_comes_after_the_launch_changes_nothing(tmp_path: Path, build: FeatureBuild) -> None:
    shorter = write_launching_shop(tmp_path, later=False)
    at_days = days_since_epoch(FIRST + timedelta(weeks=18)) - 0.5
    matrices = []
    for each in (build, shorter):
        shop = shop_of(each)
        matrices.append(shop.example(product(shop, "snack-launch-18"), at_days=at_days).matrix)
    np.testing.assert_array_equal(*matrices)


def test_a_simulated_launch_is_described_without_its_own_sales(build: FeatureBuild) -> None:
    shop = shop_of(build)
    at_days = days_since_epoch(FIRST + timedelta(weeks=15))
    staple = product(shop, "snack-staple-0")
    lines = shop.lines
    kept = lines.product_rows != staple
    starts = np.searchsorted(lines.product_rows[kept], np.arange(len(lines.starts)))
    columns = {name: getattr(lines, name)[kept] for name in ("member_rows", "days", "spend", "list_price")}
    never_sold = replace(shop, lines=replace(lines, starts=starts, **columns), _products={}, _taste={})
    shown = shop.example(staple, at_days=at_days, is_simulated=True).matrix
    hidden = never_sold.example(staple, at_days=at_days, is_simulated=True).matrix
    # The description's price is known, and visits and taste are of all that a member bought.
    of_itself = [
        number
        for number, name in enumerate(FEATURE_NAMES)
        if not any(word in name for word in ("price", "taste_", "visits__", "similarity", "closeness"))
    ]
    np.testing.assert_allclose(shown[:, of_itself], hidden[:, of_itself])


def test_simulated_launches_are_established_and_have_buyers(build: FeatureBuild) -> None:
    shop = shop_of(build)
    moments = [days_since_epoch(FIRST + timedelta(weeks=week)) for week in (10, 12, 14)]
    drawn = simulated_launches(shop, moments, count=7, min_buyers=5, seed=1)
    assert [sum(day == each for _, day in drawn) for each in moments] == [2, 2, 3]
    for row, day in drawn:
        assert shop.lines.first_sold_days[row] < day - 28
        assert shop.lines.bought(row, at_days=day, horizon_days=28).sum() >= 5


def test_the_same_seed_learns_the_same(settings: Settings, build: FeatureBuild, trained: TrainedLaunches) -> None:
    again = fit_launches(settings, build, as_of=AS_OF)
    assert isinstance(again, TrainedLaunches)
    for one, other in zip(trained.predicted, again.predicted, strict=True):
        np.testing.assert_array_equal(one.probabilities, other.probabilities)


def test_saved_and_loaded_it_says_the_same(tmp_path: Path, build: FeatureBuild, trained: TrainedLaunches) -> None:
    trained.model.save(tmp_path)
    loaded = load_launch_model(tmp_path)
    assert loaded is not None
    shop = shop_of(build)
    example = shop.example(product(shop, "soap-launch-20"), at_days=days_since_epoch(FIRST + timedelta(weeks=20)) - 0.5)
    for horizon in (7, 28, 56):
        np.testing.assert_array_equal(
            trained.model.probabilities(example.matrix, horizon_days=horizon, threads=1),
            loaded.probabilities(example.matrix, horizon_days=horizon, threads=1),
        )
    assert loaded.past.product_ids.tolist() == trained.model.past.product_ids.tolist()
    np.testing.assert_array_equal(loaded.past.share, trained.model.past.share)


def test_a_folder_without_a_launch_model_has_none(tmp_path: Path) -> None:
    assert load_launch_model(tmp_path) is None


def test_a_model_of_other_features_is_refused(tmp_path: Path, trained: TrainedLaunches) -> None:
    trained.model.save(tmp_path)
    file = tmp_path / FOLDER / ABOUT_FILE
    file.write_text(file.read_text(encoding="utf-8").replace("visits__overdue", "visits__other"), encoding="utf-8")
    with pytest.raises(ReleaseDamaged, match="other features"):
        load_launch_model(tmp_path)


def test_a_model_with_a_missing_file_is_refused(tmp_path: Path, trained: TrainedLaunches) -> None:
    trained.model.save(tmp_path)
    (tmp_path / FOLDER / "past.npz").unlink()
    with pytest.raises(ReleaseDamaged, match="cannot be read"):
        load_launch_model(tmp_path)


def test_too_few_launches_make_no_model(settings: Settings, build: FeatureBuild) -> None:
    few = settings.model_copy(update={"launches": settings.launches.model_copy(update={"least_launches": 99})})
    found = fit_launches(few, build, as_of=AS_OF)
    assert isinstance(found, Fallback)
    assert re.fullmatch(r"launches: \d+ past launches with \d+ buyers, \d+ are needed; .*", found.sentence)


def test_every_past_launch_is_an_audience_in_three_sizes_at_the_horizons_that_have_passed(
    trained: TrainedLaunches,
) -> None:
    audiences = launch_audiences(trained.predicted)
    assert len(audiences) == len(SHARES) * len(trained.predicted)
    assert {each.kind for each in audiences} == {"launch"}
    late = [each for each in trained.predicted if each.at_days + 56 > days_since_epoch(AS_OF)]
    assert {each.horizon_days for each in trained.predicted} == {7, 14, 28, 56}
    assert {each.horizon_days for each in late} <= {7, 14, 28}


def test_predicted_buyers_of_past_launches_add_up_to_those_who_bought(trained: TrainedLaunches) -> None:
    month = [each for each in trained.predicted if each.horizon_days == 28]
    expected = sum(float(each.probabilities.sum()) for each in month)
    assert expected == pytest.approx(sum(int(each.bought.sum()) for each in month), rel=0.02)
