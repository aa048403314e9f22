"""The whole training on a small shop, with a real registry."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.contracts.errors import Refused
from features.contracts.settings import Settings
from training.affinity.blend import DEFAULT_WEIGHTS
from training.affinity.model_files import load_affinity
from training.affinity.pairs import read_pairs
from training.affinity.train import TrainedModel, train_affinity
from training.tracking import Tracking, open_tracking

AS_OF = datetime(2017, 12, 18, 5, 0, tzinfo=UTC)


@pytest.fixture
def tracking(settings: Settings) -> Tracking:
    return open_tracking(settings)


def train(settings: Settings, history: Any, tracking: Tracking) -> TrainedModel:
    return train_affinity(settings, history, tracking, as_of=AS_OF)


def with_affinity(settings: Settings, **changed: object) -> Settings:
    return settings.model_copy(update={"affinity": settings.affinity.model_copy(update=changed)})


def test_a_small_shop_is_trained_evaluated_and_registered(
    settings: Settings, small_history: Any, tracking: Tracking
) -> None:
    steps: list[tuple[int, int, str]] = []
    found = train_affinity(settings, small_history, tracking, as_of=AS_OF, progress=lambda *step: steps.append(step))
    assert found.version == tracking.newest("product_affinity")
    assert found.report.not_evaluated == ()
    assert [row.source for row in found.report.quality] == [
        "thousand-faces", "frequency", "item_item", "als", "popularity",
    ]  # fmt: skip
    blend, frequency, *_, popularity = found.report.quality
    assert blend.weeks == "46 48 50"
    assert blend.members == 60
    # Favourites repeat: who knows the member finds more than who knows the crowd.
    assert frequency.recall_at_10 > popularity.recall_at_10
    assert blend.recall_at_10 > popularity.recall_at_10
    assert [done for done, _, _ in steps] == sorted(done for done, _, _ in steps)
    assert steps[-1][:2] == (6, 6)
    logged = tracking.metrics_of(found.version)
    assert logged["primary"] == blend.recall_at_10
    assert logged["primary_standard_error"] == blend.recall_at_10_error
    assert logged["popularity_recall_at_10"] == popularity.recall_at_10

    loaded = load_affinity(tracking.folder_of(found.version))
    pairs = read_pairs(small_history, loaded.catalogue, at=AS_OF)
    one, other = (model.candidates(pairs, loaded.member_ids) for model in (found.model, loaded))
    assert (one.product_rows == other.product_rows).all()
    assert (found.model.as_of, len(found.model.member_ids)) == (AS_OF, 20)


def test_purchases_at_or_after_as_of_change_nothing(settings: Settings, small_history: Any, tracking: Tracking) -> None:
    before = train(settings, small_history, tracking)
    later = pd.DataFrame({"member_id": "m00", "product_id": "p29", "ordered_at": [pd.Timestamp(AS_OF)] * 30})
    small_history.purchases = pd.concat([small_history.purchases, later], ignore_index=True)
    small_history.purchases.to_parquet(small_history.folder / "purchases.parquet")
    after = train(settings, small_history, tracking)
    assert after.report == before.report
    assert after.model.catalogue.buyers.tolist() == before.model.catalogue.buyers.tolist()
    assert (after.model.als.member_factors == before.model.als.member_factors).all()
    assert after.version.number == before.version.number + 1


def test_a_shop_too_short_for_any_week_is_trained_with_default_weights(
    settings: Settings, small_history: Any, tracking: Tracking
) -> None:
    recent = small_history.purchases["ordered_at"] > pd.Timestamp("2017-12-05", tz="UTC")
    small_history.purchases = small_history.purchases[recent]
    small_history.purchases.to_parquet(small_history.folder / "purchases.parquet")
    found = train(settings, small_history, tracking)
    assert found.report.weights == DEFAULT_WEIGHTS
    assert found.report.quality == ()
    assert len(found.report.not_evaluated) == 4
    assert "primary" not in tracking.metrics_of(found.version)
    kept = tracking.folder_of(found.version).parent / "not_evaluated.txt"
    assert kept.read_text().splitlines() == list(found.report.not_evaluated)


def test_weeks_in_which_nobody_bought_are_reported_as_not_evaluated(
    settings: Settings, small_history: Any, tracking: Tracking
) -> None:
    week = small_history.purchases["ordered_at"].between("2017-10-23T05:00Z", "2017-10-30T05:00Z")
    small_history.purchases = small_history.purchases[~week]
    small_history.purchases.to_parquet(small_history.folder / "purchases.parquet")
    found = train(settings, small_history, tracking)
    assert found.report.not_evaluated == ("week 44 (2017-10-23): no active member bought of the catalogue",)
    assert found.report.weights == DEFAULT_WEIGHTS
    assert found.report.quality[0].members == 60


def test_a_shop_without_a_catalogue_is_refused_and_nothing_registered(
    settings: Settings, small_history: Any, tracking: Tracking
) -> None:
    with pytest.raises(Refused, match=r"was bought by 21 members; .* lower affinity\.min_buyers"):
        train(with_affinity(settings, min_buyers=21), small_history, tracking)
    assert tracking.newest("product_affinity") is None


def test_more_factors_than_products_and_more_neighbours_are_no_error(
    settings: Settings, small_history: Any, tracking: Tracking
) -> None:
    wide = with_affinity(settings, factors=64, neighbours=100, candidates=300)
    assert train(wide, small_history, tracking).report.quality[0].recall_at_10 > 0


def test_the_plot_is_kept(settings: Settings, small_history: Any, tracking: Tracking) -> None:
    found = train(settings, small_history, tracking)
    folder: Path = tracking.folder_of(found.version).parent
    assert (folder / "figures/recall.png").stat().st_size > 5_000
    assert len((folder / "tables/quality_by_week.csv").read_text().splitlines()) == 1 + 3 * 5
