"""The snapshots that propensity learns from, is calibrated on and is reported on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from features.contracts.clock import WEEK
from features.contracts.errors import TooLittleData
from features.contracts.settings import PropensitySettings, Settings
from training.cutoffs import CLOSING, Cutoff, plan_cutoffs, weeks_moved


@dataclass(frozen=True, kw_only=True)
class PropensityPlan:
    """The snapshots that are learnt from, calibrated on and reported."""

    learn: tuple[Cutoff, ...]
    validate: Cutoff
    test: Cutoff

    @property
    def moments(self) -> tuple[datetime, ...]:
        """The moments that features must have been built for, in order."""
        return tuple(cutoff.at for cutoff in (*self.learn, self.validate, self.test))


def propensity_moments(settings: Settings, *, as_of: datetime) -> tuple[datetime, ...]:
    """The moments that features must have been built for, however short the data is."""
    return tuple(cutoff.at for cutoff in _cutoffs(settings, as_of=as_of, first=None))


def plan_propensity(settings: Settings, *, as_of: datetime, first: datetime) -> PropensityPlan:
    """The plan as of a moment; `first` is the first purchase. Raises TooLittleData."""
    cutoffs = _cutoffs(settings, as_of=as_of, first=first)
    if len(cutoffs) < 3:
        raise TooLittleData(
            "propensity",
            f"purchases from {first:%Y-%m-%d} to {as_of:%Y-%m-%d} span {(as_of - first) / WEEK:.0f} weeks, and "
            f"{_least_weeks(settings.propensity)} are needed to learn, to calibrate and to test on",
        )
    *learn, validate, test = cutoffs
    return PropensityPlan(learn=tuple(learn), validate=validate, test=test)


def propensity_weeks_moved(settings: Settings, *, as_of: datetime) -> int:
    """By how many weeks the settings' snapshots are moved; 0 where the data covers them."""
    asked = settings.propensity
    return weeks_moved(
        [*asked.train_weeks, asked.validate_week, asked.test_week],
        anchor=settings.week_anchor,
        horizon=timedelta(days=asked.horizon_days),
        as_of=as_of,
    )


def last_cutoff(settings: Settings, *, as_of: datetime) -> Cutoff:
    """The snapshot that is reported, however short the data is."""
    return _cutoffs(settings, as_of=as_of, first=None)[-1]


def known_horizons(horizons: tuple[int, ...], at: datetime, *, until: datetime) -> tuple[int, ...]:
    """The horizons whose labels at the snapshot `at` end by `until`, which may fall in the last closed hours."""
    return tuple(days for days in horizons if at + timedelta(days=days) <= until + CLOSING)


def _least_weeks(asked: PropensitySettings) -> int:
    """Weeks of purchases that hold one snapshot of each use: one week more, as snapshots stand where weeks begin."""
    return asked.test_week - max(asked.train_weeks) + -(-asked.horizon_days // 7) + 1


def _cutoffs(settings: Settings, *, as_of: datetime, first: datetime | None) -> list[Cutoff]:
    asked = settings.propensity
    return plan_cutoffs(
        [*asked.train_weeks, asked.validate_week, asked.test_week],
        anchor=settings.week_anchor,
        horizon=timedelta(days=asked.horizon_days),
        as_of=as_of,
        first=first,
    )
