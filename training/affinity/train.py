"""Trains product affinity: choose the blend, report it on later weeks, learn from everything, log and register."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Protocol

from features.contracts.errors import Refused
from features.contracts.settings import Settings
from features.prepared import PURCHASES_FILE
from training.affinity.blend import DEFAULT_WEIGHTS, BlendWeights
from training.affinity.evaluation import Outcome, evaluate, summarise
from training.affinity.model import AffinityModel, fit_affinity
from training.affinity.pairs import FeatureHistory, Pairs, read_pairs
from training.affinity.plan import AffinityPlan, first_purchase_at, plan_affinity
from training.affinity.report import AffinityReport, register_affinity
from training.affinity.weights import choose_weights
from training.cutoffs import Cutoff
from training.protocol import Catalogue, catalogue_at, holdout_at
from training.tracking import ModelVersion, Tracking

LOG = logging.getLogger(__name__)

Progress = Callable[[int, int, str], None]


class Build(Protocol):
    """The feature build that purchases are read from."""

    @property
    def folder(self) -> Path: ...


class History(FeatureHistory, Protocol):
    """What training asks of `features.store.history.History`."""

    @property
    def build(self) -> Build: ...


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """A trained affinity model, registered."""

    model: AffinityModel
    version: ModelVersion
    report: AffinityReport


def train_affinity(
    settings: Settings,
    history: History,
    tracking: Tracking,
    *,
    as_of: datetime,
    progress: Progress = lambda _done, _all, _what: None,
) -> TrainedModel:
    """The model of everything before `as_of`, with a report on the weeks before it, registered as a new version.

    Features must have been built at `as_of` and at the plan's moments. Raises NothingLoaded when they were not, and
    Refused when no product has enough buyers.
    """
    started = perf_counter()
    purchases = history.build.folder / PURCHASES_FILE
    plan = plan_affinity(settings, as_of=as_of, first=first_purchase_at(purchases))
    trainer = _Trainer(settings=settings, history=history, purchases=purchases)
    report = trainer.report(plan, progress=progress)
    steps = len(plan.moments) + 2
    progress(steps - 2, steps, "the model of everything")
    model = trainer.final_model(report.weights, as_of=as_of)
    progress(steps - 1, steps, "registering")
    version = register_affinity(settings, tracking, model, report)
    progress(steps, steps, "done")
    LOG.info("affinity trained: version %d in %.1f seconds", version.number, perf_counter() - started)
    return TrainedModel(model=model, version=version, report=report)


@dataclass(frozen=True, kw_only=True)
class _Trainer:
    settings: Settings
    history: History
    purchases: Path

    def report(self, plan: AffinityPlan, *, progress: Progress) -> AffinityReport:
        """Weights chosen on the tune week, quality on the test weeks."""
        steps = len(plan.moments) + 2
        missing = list(plan.missing)
        weights = DEFAULT_WEIGHTS
        if plan.tune:
            progress(0, steps, f"choosing weights on week {plan.tune.week}")
            weights = self._weights(plan.tune, missing)
        outcomes: list[Outcome] = []
        for done, cutoff in enumerate(plan.tests, start=int(plan.tune is not None)):
            progress(done, steps, f"testing on week {cutoff.week}")
            outcomes += self._outcomes(cutoff, weights, missing)
        weeks = sorted({outcome.week for outcome in outcomes})
        by_week = [summarise([outcome for outcome in outcomes if outcome.week == week]) for week in weeks]
        return AffinityReport(
            weights=weights,
            quality=tuple(summarise(outcomes)),
            weekly=tuple(row for rows in by_week for row in rows),
            not_evaluated=tuple(missing),
        )

    def final_model(self, weights: BlendWeights, *, as_of: datetime) -> AffinityModel:
        catalogue = self._catalogue(as_of)
        if not len(catalogue):
            least = self.settings.affinity.min_buyers
            raise Refused(
                f"affinity: no product sold in the last {self.settings.affinity.sold_within_days} days before "
                f"{as_of:%Y-%m-%d} was bought by {least} members; load more orders or lower affinity.min_buyers"
            )
        return fit_affinity(self._pairs(catalogue, as_of), self.settings, as_of=as_of, weights=weights)

    def _weights(self, cutoff: Cutoff, missing: list[str]) -> BlendWeights:
        catalogue = self._catalogue(cutoff.at)
        holdout = holdout_at(self.purchases, catalogue, at=cutoff.at, settings=self.settings.affinity)
        if not len(holdout.member_ids):
            missing.append(_nobody(cutoff))
            return DEFAULT_WEIGHTS
        pairs = self._pairs(catalogue, cutoff.at)
        model = fit_affinity(pairs, self.settings, as_of=cutoff.at)
        return choose_weights(model.sources(pairs), holdout)

    def _outcomes(self, cutoff: Cutoff, weights: BlendWeights, missing: list[str]) -> list[Outcome]:
        catalogue = self._catalogue(cutoff.at)
        holdout = holdout_at(self.purchases, catalogue, at=cutoff.at, settings=self.settings.affinity)
        if not len(holdout.member_ids):
            missing.append(_nobody(cutoff))
            return []
        pairs = self._pairs(catalogue, cutoff.at)
        model = fit_affinity(pairs, self.settings, as_of=cutoff.at, weights=weights)
        return evaluate(model, pairs, holdout, week=cutoff.week)

    def _catalogue(self, at: datetime) -> Catalogue:
        return catalogue_at(self.purchases, at=at, settings=self.settings.affinity)

    def _pairs(self, catalogue: Catalogue, at: datetime) -> Pairs:
        return read_pairs(self.history, catalogue, at=at)


def _nobody(cutoff: Cutoff) -> str:
    return f"week {cutoff.week} ({cutoff.at:%Y-%m-%d}): no active member bought of the catalogue"
