"""The shop at a cut-off, and the rows that a ranker reads at it."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from made_shop import MadeShop

from features.contracts.errors import NothingLoaded
from features.store.history import History
from training.cutoffs import Cutoff
from training.ranker.features import RANKER_FEATURES
from training.ranker.rows import RankerRows, rows_of_stage
from training.ranker.stage import Stage, positions_of, stage_at


def test_rows_say_what_was_bought_in_the_week_after(small_stage: Stage, small_rows: RankerRows) -> None:
    truth = small_stage.holdout.truth.toarray()
    assert (small_rows.bought == truth[small_rows.members, small_rows.product_rows]).all()
    assert small_rows.bought.any()


def test_rows_of_a_member_lie_together_in_catalogue_order(small_stage: Stage, small_rows: RankerRows) -> None:
    order = np.lexsort((small_rows.product_rows, small_rows.members))
    assert order.tolist() == list(range(len(small_rows)))
    assert small_rows.members[-1] == len(small_stage.holdout.member_ids) - 1
    assert small_rows.matrix.shape == (len(small_rows), len(RANKER_FEATURES))


def test_the_size_of_a_chunk_changes_no_row(
    small_stage: Stage, small_rows: RankerRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.affinity.candidates.CHUNK", 33)
    found = rows_of_stage(small_stage)
    assert found.matrix.tobytes() == small_rows.matrix.tobytes()
    assert (found.members == small_rows.members).all()
    assert (found.bought == small_rows.bought).all()


def test_what_was_bought_before_is_a_candidate_and_has_an_age_above_zero(
    small_stage: Stage, small_rows: RankerRows
) -> None:
    pairs = small_stage.sources.pairs
    age = small_rows.matrix[:, RANKER_FEATURES.index("last_ordered_days")]
    asked = np.isin(pairs.member_ids[pairs.member_rows], small_stage.holdout.member_ids)
    assert (~np.isnan(age)).sum() == asked.sum()
    assert np.nanmin(age) >= 0


def test_positions_are_those_of_the_candidates_alone(small_stage: Stage) -> None:
    start, union = next(small_stage.unions())
    rows, places = positions_of(union)
    assert start == 0
    assert (union.product_rows[rows, places] >= 0).all()
    assert len(rows) == (union.product_rows >= 0).sum()


def test_a_moment_that_no_features_were_built_for_is_refused(
    small_shop: MadeShop, small_history: History, small_stage: Stage
) -> None:
    settings = small_shop.settings
    other = Cutoff(week=0, at=small_stage.cutoff.at + timedelta(hours=1))
    with pytest.raises(NothingLoaded, match="faces features"):
        stage_at(
            settings,
            small_history,
            other,
            tables_folder=settings.paths.tables / small_history.build.tables_version,
        )
