"""A model of an earlier moment sees nothing that was not known then: neither snapshots nor labels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest

from features.contracts.clock import WEEK
from training.cutoffs import Cutoff
from training.propensity.backtest import BacktestedSnapshot
from training.propensity.learning_rows import SnapshotRows
from training.propensity.rolling import RollingModels

START = datetime(2017, 1, 2, 5, tzinfo=UTC)


def cutoff(week: int) -> Cutoff:
    return Cutoff(week=week, at=START + (week - 2) * WEEK)


LEARN = [cutoff(week) for week in range(10, 40, 2)]


def rows(of: Cutoff, until: datetime) -> SnapshotRows:
    """One row for each horizon that has ended by `until`, and one that came true."""
    horizons = np.array([days for days in (7, 14, 28, 56) if of.at + timedelta(days=days) <= until])
    return SnapshotRows(
        at=of.at,
        matrix=np.zeros((len(horizons), 1), dtype=np.float32),
        happened=np.ones(len(horizons), dtype=bool),
        weights=np.ones(len(horizons)),
        horizons=horizons,
    )


class Seen:
    """The model of a test: it remembers what it was made of."""

    def __init__(self, learn: Sequence[SnapshotRows], calibrate: SnapshotRows) -> None:
        self.learn, self.calibrate = learn, calibrate

    def probabilities(self, matrix: npt.NDArray[np.float32], *, horizon_days: int) -> npt.NDArray[np.float64]:
        return np.full(len(matrix), horizon_days / 100)

    def ends(self, found: Sequence[SnapshotRows]) -> datetime:
        """When the last label of some rows was known."""
        return max(each.at + timedelta(days=int(each.horizons.max())) for each in found)


def models(read: list[Cutoff] | None = None) -> RollingModels:
    def counted(of: Cutoff, until: datetime) -> SnapshotRows:
        if read is not None:
            read.append(of)
        return rows(of, until)

    return RollingModels(
        # A snapshot is handed on as it is: its moment stands for itself.
        read=lambda at: cast(Any, (at, None)),
        learning_rows=counted,
        calibration_rows=rows,
        fit=Seen,
        window=timedelta(days=28),
    )


def walked(asked: Sequence[int], **given: Any) -> list[tuple[datetime, Seen]]:
    snapshots: Sequence[BacktestedSnapshot] = list(models().snapshots(LEARN, [cutoff(week) for week in asked], **given))
    return [(cast(datetime, each.moment), cast(Seen, each.model)) for each in snapshots]


def test_every_label_had_ended_before_the_snapshot() -> None:
    for at, model in walked(range(24, 40, 2)):
        assert model.ends(model.learn) <= model.calibrate.at
        assert model.ends([model.calibrate]) <= at


def test_a_snapshot_is_calibrated_on_the_latest_whose_window_had_ended() -> None:
    assert [(at, model.calibrate.at) for at, model in walked([30, 33])] == [
        (cutoff(30).at, cutoff(26).at),
        (cutoff(33).at, cutoff(28).at),
    ]


def test_longer_horizons_are_learnt_from_snapshots_further_back() -> None:
    _, model = walked([30])[0]
    longest = {each.at: int(each.horizons.max()) for each in model.learn}
    assert longest[cutoff(24).at] == 14
    assert longest[cutoff(22).at] == 28
    assert longest[cutoff(18).at] == 56


def test_a_snapshot_before_which_too_little_was_known_is_left_out() -> None:
    assert [at for at, _ in walked([12, 14, 16, 18])] == [cutoff(18).at]


def test_snapshots_come_in_order_of_time() -> None:
    assert [at for at, _ in walked([36, 24, 30])] == [cutoff(week).at for week in (24, 30, 36)]


def test_rows_that_were_read_already_are_not_read_again() -> None:
    read: list[Cutoff] = []
    known = [rows(each, cutoff(38).at) for each in LEARN]
    list(models(read).snapshots(LEARN, [cutoff(38)], rows=known))
    assert read == []


def test_where_nothing_came_true_no_model_is_made() -> None:
    def nothing(of: Cutoff, until: datetime) -> SnapshotRows:
        found = rows(of, until)
        found.happened[:] = False
        return found

    made = models()
    empty = RollingModels(
        read=made.read, learning_rows=nothing, calibration_rows=rows, fit=made.fit, window=made.window
    )
    assert list(empty.snapshots(LEARN, [cutoff(30)])) == []


@pytest.mark.parametrize("asked", [[], [11]])
def test_nothing_asked_for_and_nothing_known_are_no_snapshots(asked: list[int]) -> None:
    assert walked(asked) == []
