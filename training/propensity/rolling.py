"""Walks through a shop's past: at each snapshot a model of what was known then, to be compared with what followed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from training.cutoffs import Cutoff
from training.propensity.backtest import BacktestedSnapshot, PooledModel
from training.propensity.learning_rows import PropensityShop, SnapshotRows, calibration_rows, learning_rows
from training.propensity.model import PropensityModel, fit_propensity
from training.propensity.moment import PropensityMoment
from training.propensity.outcomes import Outcomes
from training.propensity.product_sets import ProductSet
from training.propensity.target import EventType

LEAST_SNAPSHOTS = 2
"""Snapshots with known labels that a model is learnt from at least."""
QUICK_ROUNDS = 2
"""A refit has this many times fewer trees and learns as many times faster, and ..."""
QUICK_ROWS = 3
"""... reads one row of so many: its errors are those of the model in service within a few percent."""
CALIBRATION_SETS = 40


Sample = Callable[[Cutoff, datetime], SnapshotRows]
"""Rows of a snapshot, with horizons that have ended by a moment."""


@dataclass(frozen=True, kw_only=True)
class RollingModels:
    """Refits of the propensity model on what was known at earlier moments."""

    read: Callable[[datetime], tuple[PropensityMoment, Outcomes]]
    learning_rows: Sample
    calibration_rows: Sample
    fit: Callable[[Sequence[SnapshotRows], SnapshotRows], PooledModel]
    window: timedelta
    """A snapshot is calibrated on once a window as long as this has ended, as in service."""

    def snapshots(
        self, learn: Sequence[Cutoff], asked: Sequence[Cutoff], *, rows: Sequence[SnapshotRows] = ()
    ) -> Iterator[BacktestedSnapshot]:
        """The snapshots `asked` for, in order of time, with models that learnt from those of `learn` before them.

        `rows` have been read already. A snapshot before which too little was known is left out.
        """
        known = {each.at: each for each in rows}
        calibrations: dict[Cutoff, SnapshotRows] = {}
        wanted = {cutoff: self._calibrated_on(cutoff, learn) for cutoff in asked}
        latest = max((cutoff.at for cutoff in asked), default=datetime.min.replace(tzinfo=UTC))
        for cutoff in sorted({*learn, *asked}, key=lambda each: each.at):
            model = self._model(known, calibrations, wanted.get(cutoff), cutoff)
            if model is not None:
                moment, outcomes = self.read(cutoff.at)
                yield BacktestedSnapshot(moment=moment, outcomes=outcomes, model=model)
            if cutoff in wanted.values():
                calibrations[cutoff] = self.calibration_rows(cutoff, latest)
            if cutoff in learn and cutoff.at not in known and cutoff.at < latest:
                known[cutoff.at] = self.learning_rows(cutoff, latest)

    def _calibrated_on(self, cutoff: Cutoff, learn: Sequence[Cutoff]) -> Cutoff | None:
        ended = [each for each in learn if each.at + self.window <= cutoff.at]
        return max(ended, key=lambda each: each.at) if ended else None

    def _model(
        self,
        known: Mapping[datetime, SnapshotRows],
        calibrations: Mapping[Cutoff, SnapshotRows],
        calibrated_on: Cutoff | None,
        cutoff: Cutoff,
    ) -> PooledModel | None:
        if calibrated_on is None or calibrated_on not in calibrations:
            return None
        # Labels that are learnt from end before the calibration begins, and its own before the snapshot.
        before = [each.known_by(calibrated_on.at) for each in known.values() if each.at < calibrated_on.at]
        learn = [each for each in before if each is not None]
        calibrate = calibrations[calibrated_on].known_by(cutoff.at)
        if calibrate is None or len(learn) < LEAST_SNAPSHOTS:
            return None
        if not calibrate.happened.any() or not any(each.happened.any() for each in learn):
            return None
        return self.fit(learn, calibrate)


def rolling_models(
    shop: PropensityShop,
    sets: Sequence[ProductSet],
    events: Sequence[EventType],
    *,
    calibration_sets: int = CALIBRATION_SETS,
) -> RollingModels:
    """The refits of a shop's model, which learn from `sets` and `events`; they are quicker than the one in service.

    Some of the sets, evenly over their order, serve to calibrate.
    """
    asked = shop.settings.propensity
    quick = asked.model_copy(
        update={
            "rounds": max(1, asked.rounds // QUICK_ROUNDS),
            "learning_rate": asked.learning_rate * QUICK_ROUNDS,
        }
    )
    some = sets[:: max(1, len(sets) // calibration_sets)]

    def fit(learn: Sequence[SnapshotRows], calibrate: SnapshotRows) -> PropensityModel:
        return fit_propensity(
            [_thinned(each) for each in learn],
            [calibrate],
            settings=quick,
            seed=shop.settings.seed,
            threads=shop.settings.threads,
            events=events,
        )

    return RollingModels(
        read=shop.snapshot,
        learning_rows=lambda cutoff, until: learning_rows(shop, cutoff, sets, events, until=until),
        calibration_rows=lambda cutoff, until: calibration_rows(shop, cutoff, some, events, until=until),
        fit=fit,
        window=timedelta(days=asked.horizon_days),
    )


def _thinned(rows: SnapshotRows) -> SnapshotRows:
    kept = np.arange(0, len(rows.happened), QUICK_ROWS)
    return replace(
        rows,
        matrix=rows.matrix[kept],
        happened=rows.happened[kept],
        weights=rows.weights[kept],
        horizons=rows.horizons[kept],
    )
