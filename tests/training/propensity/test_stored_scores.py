"""Kept scores are found again as they were, and for nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from training.launches.scoring import Analogue
from training.propensity.scored import ScoredMembers
from training.propensity.stored_scores import StoredScores, stored_scores
from training.propensity.target import EventTarget, EventType, LaunchDescription, ProductsTarget, Target

AT = datetime(2017, 12, 4, 5, tzinfo=UTC)


def scored(target: Target, *, horizon_days: int = 28, analogues: tuple[Analogue, ...] = ()) -> ScoredMembers:
    return ScoredMembers(
        target=target,
        horizon_days=horizon_days,
        kind="launch" if isinstance(target, LaunchDescription) else "products",
        member_ids=np.array(["a", "b", "c"]),
        probabilities=np.array([0.1, 0.2, 0.3]),
        revenue_if_bought=np.array([1.0, 2.0, 3.0]),
        last_bought_days=np.array([np.nan, 5.0, 6.0], dtype=np.float32),
        last_visit_days=np.array([7.0, 8.0, 9.0], dtype=np.float32),
        feature_names=("one", "two"),
        matrix=np.arange(6, dtype=np.float32).reshape(3, 2),
        analogues=analogues,
    )


def store(tmp_path: Path, *, release: str = "r000001") -> StoredScores:
    return stored_scores(tmp_path / "build", tmp_path / "releases" / release / "propensity", at=AT)


MILK = ProductsTarget(product_ids=("milk", "oats"))
LAUNCH = LaunchDescription(category="DAIRY", price=1.5)


def test_what_is_kept_is_found_as_it_was(tmp_path: Path) -> None:
    for target, analogues in ((MILK, ()), (LAUNCH, (Analogue(product_id="milk", similarity=2.5),))):
        kept = scored(target, analogues=analogues)
        store(tmp_path).keep(kept)
        found = store(tmp_path).find(target, horizon_days=28)
        assert found is not None
        for name in (
            "member_ids",
            "probabilities",
            "revenue_if_bought",
            "last_bought_days",
            "last_visit_days",
            "matrix",
        ):
            np.testing.assert_array_equal(getattr(found, name), getattr(kept, name))
        assert (found.kind, found.feature_names, found.analogues) == (kept.kind, kept.feature_names, analogues)


def test_the_matrix_is_mapped_and_not_read(tmp_path: Path) -> None:
    store(tmp_path).keep(scored(MILK))
    found = store(tmp_path).find(MILK, horizon_days=28)
    assert found is not None
    assert isinstance(found.matrix, np.memmap)


def test_another_target_horizon_or_release_is_not_found(tmp_path: Path) -> None:
    store(tmp_path).keep(scored(MILK))
    assert store(tmp_path).find(MILK, horizon_days=7) is None
    assert store(tmp_path).find(ProductsTarget(product_ids=("milk",)), horizon_days=28) is None
    assert store(tmp_path).find(EventTarget(type=EventType.VISIT), horizon_days=28) is None
    assert store(tmp_path, release="r000002").find(MILK, horizon_days=28) is None


def test_scores_that_are_kept_already_stay(tmp_path: Path) -> None:
    first = store(tmp_path).keep(scored(MILK))
    before = (first / "probabilities.npy").stat().st_mtime_ns
    assert store(tmp_path).keep(scored(MILK)) == first
    assert (first / "probabilities.npy").stat().st_mtime_ns == before
