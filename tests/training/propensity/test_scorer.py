"""The scorer of a release: every member for any target, as the cells in its snapshot say."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import numpy as np
import pytest
from made_shop import MadeShop

from features.contracts.clock import days_since_epoch
from features.contracts.errors import BadRequest, NothingLoaded
from features.prepared import PURCHASES_FILE
from features.snapshots import current_build
from features.store.history import History, open_history
from training.propensity.groupings import read_groupings
from training.propensity.learning_rows import open_propensity_shop
from training.propensity.scorer import ScoredMembers, Scorer, open_scorer
from training.propensity.set_features import products_set, set_matrix
from training.propensity.target import EventTarget, EventType, LapseTarget, ProductsTarget
from training.release.shelf import release_folder, require_active_release


@pytest.fixture(scope="module")
def history(small_shop: MadeShop) -> History:
    settings = small_shop.settings
    return open_history(settings, current_build(settings.paths))


@pytest.fixture(scope="module")
def scorer(small_shop: MadeShop, history: History) -> Scorer:
    settings = small_shop.settings
    folder = release_folder(settings.paths, require_active_release(settings.paths)) / "propensity"
    return open_scorer(settings, folder, history, at=history.build.as_of)


@pytest.fixture(scope="module")
def milk(history: History) -> ProductsTarget:
    groupings = read_groupings(history.build.folder)
    own = (groupings.names["category"] == "FLUID MILK PRODUCTS").to_numpy()
    return ProductsTarget(product_ids=tuple(sorted(groupings.product_ids[own].tolist())))


@pytest.fixture(scope="module")
def scored(scorer: Scorer, milk: ProductsTarget) -> ScoredMembers:
    return scorer.score(milk, horizon_days=28)


def test_everybody_with_a_purchase_within_a_year_is_scored_once_in_order(scored: ScoredMembers) -> None:
    assert (scored.member_ids[:-1] < scored.member_ids[1:]).all()
    assert len(scored.probabilities) == len(scored.member_ids) == len(scored.matrix) == 250
    assert ((scored.probabilities > 0) & (scored.probabilities < 1)).all()
    assert scored.kind == "products"


def test_the_latest_purchase_of_the_target_is_the_one_in_the_log(
    scored: ScoredMembers, milk: ProductsTarget, history: History
) -> None:
    found = duckdb.execute(
        "SELECT member_id, max(epoch(ordered_at)) FROM read_parquet($file) WHERE list_contains($products, product_id) "
        "AND member_id IS NOT NULL GROUP BY member_id",
        {"file": str(history.build.folder / PURCHASES_FILE), "products": list(milk.product_ids)},
    ).fetchall()
    expected = {member: seconds / 86_400 - days_since_epoch_of_1970() for member, seconds in found}
    told = {
        str(member): float(day)
        for member, day in zip(scored.member_ids, scored.last_bought_days, strict=True)
        if not np.isnan(day)
    }
    assert told.keys() == expected.keys()
    assert max(abs(told[member] - expected[member]) for member in told) < 1e-2


def days_since_epoch_of_1970() -> float:
    """Days from 1970 to EPOCH."""
    return -days_since_epoch(datetime(1970, 1, 1, tzinfo=UTC))


def test_cells_from_the_file_give_the_rows_that_cells_in_memory_give(
    small_shop: MadeShop, history: History, scored: ScoredMembers, milk: ProductsTarget
) -> None:
    shop = open_propensity_shop(small_shop.settings, history)
    moment, _ = shop.snapshot(history.build.as_of)
    rows = shop.groupings.rows_of(np.array(milk.product_ids))
    matrix = set_matrix(moment, products_set(moment, rows), horizon_days=28)
    taste = [name.startswith("taste__") for name in scored.feature_names]
    np.testing.assert_allclose(scored.matrix[:, ~np.array(taste)], matrix[:, ~np.array(taste)], rtol=1e-5)
    # The release keeps the members' taste in half precision.
    np.testing.assert_allclose(scored.matrix[:, taste], matrix[:, taste], atol=0.02)


def test_the_same_target_gives_the_same_scores(scorer: Scorer, scored: ScoredMembers, milk: ProductsTarget) -> None:
    again = scorer.score(milk, horizon_days=28)
    np.testing.assert_array_equal(again.probabilities, scored.probabilities)
    np.testing.assert_array_equal(again.revenue_if_bought, scored.revenue_if_bought)


def test_longer_horizons_bring_more_buyers(scorer: Scorer, milk: ProductsTarget) -> None:
    sums = [scorer.score(milk, horizon_days=days).probabilities.sum() for days in scorer.horizons]
    assert sums == sorted(sums)


def test_lapse_is_what_is_left_of_a_visit_and_its_reasons_are_turned_round(scorer: Scorer) -> None:
    visit = scorer.score(EventTarget(type=EventType.VISIT), horizon_days=28)
    lapse = scorer.score(LapseTarget(), horizon_days=28)
    np.testing.assert_allclose(lapse.probabilities, 1.0 - visit.probabilities)
    rows = np.arange(10)
    np.testing.assert_allclose(scorer.contributions(lapse, rows), -scorer.contributions(visit, rows))
    assert not lapse.revenue_if_bought.any()
    assert lapse.kind == "lapse"


def test_who_visited_lately_is_likelier_to_visit(scorer: Scorer) -> None:
    visit = scorer.score(EventTarget(type=EventType.VISIT), horizon_days=7)
    latest = np.argsort(visit.last_visit_days)
    assert visit.probabilities[latest[-50:]].mean() > visit.probabilities[latest[:50]].mean() + 0.2


def test_progress_runs_to_its_end(scorer: Scorer, milk: ProductsTarget) -> None:
    steps: list[tuple[int, int]] = []
    scorer.score(milk, horizon_days=7, progress=lambda done, every, _what: steps.append((done, every)))
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert steps[-1][0] == steps[-1][1]


def test_what_cannot_be_answered_is_refused_with_a_reason(scorer: Scorer, milk: ProductsTarget) -> None:
    with pytest.raises(BadRequest, match="horizon of 30 days is not learnt"):
        scorer.score(milk, horizon_days=30)
    with pytest.raises(BadRequest, match="none of the 2 products is known"):
        scorer.score(ProductsTarget(product_ids=("nothing-1", "nothing-2")), horizon_days=28)


def test_a_moment_without_cells_is_refused_with_the_command_that_mends_it(
    small_shop: MadeShop, history: History
) -> None:
    settings = small_shop.settings
    folder = release_folder(settings.paths, require_active_release(settings.paths)) / "propensity"
    early = history.build.moments[8]
    with pytest.raises(NothingLoaded, match=f"run `faces features --as-of {early:%Y-%m-%dT%H:%M:%SZ}`"):
        open_scorer(settings, folder, history, at=early)
