"""Evaluates propensity on a later snapshot: the model that `faces train` makes, beside everything simpler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from features.contracts.clock import week_start
from features.contracts.errors import Refused
from features.contracts.settings import Settings
from features.prepared import VISITS_FILE
from features.store.history import History
from training.cutoffs import CLOSING, Cutoff
from training.evaluation.propensity_baselines import KEPT, WITH_TASTE, TargetRows, baseline_probabilities
from training.evaluation.propensity_quality import PropensityRow, with_means
from training.propensity.evaluation import MODEL, MethodKind, TargetQuality, judged
from training.propensity.learn import LearntPropensity, learn_propensity
from training.propensity.learning_rows import PropensityShop, SnapshotRows, labelled_sets, open_propensity_shop, sampled
from training.propensity.model import PropensityModel, fit_propensity
from training.propensity.moment import PropensityMoment
from training.propensity.plan import PropensityPlan, propensity_weeks_moved
from training.propensity.product_sets import ProductSet
from training.propensity.set_features import FEATURE_NAMES, Matrix
from training.propensity.train import chosen_targets, require_members
from training.recommendations.plan import first_purchase_at

SEEN = "thousand-faces, targets learnt too"
BINS = 20
Truths = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin:
    """Members x targets of like probability."""

    predicted: float
    observed: float
    rows: int


@dataclass(frozen=True, kw_only=True)
class PropensityReport:
    """What an evaluation found."""

    plan: PropensityPlan
    rows: tuple[PropensityRow, ...]
    reliability: tuple[ReliabilityBin, ...]
    targets: tuple[ProductSet, ...]
    """All that were chosen, those with too few buyers to report among them."""
    learnt_targets: int


def plan_propensity_evaluation(settings: Settings, week: int, *, as_of: datetime, first: datetime) -> PropensityPlan:
    """The plan that tests on a week; what is learnt and calibrated on moves back until none of it reaches the test.

    Raises Refused for a week whose purchases are not all known, or that has too little history before it.
    """
    asked = settings.propensity
    anchor = settings.week_anchor
    moved = max(0, propensity_weeks_moved(settings, as_of=as_of))
    back = max(0, asked.test_week + moved - week) - moved
    test = Cutoff(week=week, at=week_start(week, anchor=anchor))
    if test.at + timedelta(days=asked.horizon_days) > as_of + CLOSING:
        raise Refused(f"evaluate: the {asked.horizon_days} days after week {week} began are not over in the data")
    before = [
        Cutoff(week=each - back, at=week_start(each - back, anchor=anchor))
        for each in (*asked.train_weeks, asked.validate_week)
    ]
    *learn, validate = before
    learn = [cutoff for cutoff in learn if cutoff.at > first]
    if not learn:
        raise Refused(f"evaluate: before week {week} there is too little history to learn from; ask for a later week")
    return PropensityPlan(learn=tuple(learn), validate=validate, test=test)


def evaluate_propensity(
    settings: Settings,
    history: History,
    *,
    week: int,
    seed: int,
    as_of: datetime,
    progress: Progress = lambda _done, _all, _what: None,
) -> PropensityReport:
    """The report of a week. Raises Refused when the data is too short for it."""
    plan = plan_propensity_evaluation(
        settings, week, as_of=as_of, first=first_purchase_at(history.build.folder / VISITS_FILE)
    )
    shop = open_propensity_shop(settings, history)
    targets = chosen_targets(shop, plan, seed=seed)
    collected = _Collected(shop=shop, sets=targets.evaluated)
    steps = len(plan.learn) + 5
    require_members(shop, plan)
    learnt = learn_propensity(
        shop, plan, targets.learnt, progress=lambda done, what: progress(done, steps, what), also=collected.learn_from
    )
    progress(steps - 2, steps, "a variant that has seen the targets")
    seen = _with_targets(shop, learnt, collected.sampled)
    progress(steps - 1, steps, "models of one target each")
    judge = _Judge(shop=shop, plan=plan, collected=collected, models={MODEL: learnt.model, SEEN: seen})
    rows = judge.rows()
    if not rows:
        raise Refused(f"evaluate: after week {week} no target has {settings.propensity.min_buyers} buyers")
    return PropensityReport(
        plan=plan,
        rows=tuple(with_means(rows, seed=seed)),
        reliability=tuple(reliability(np.concatenate(judge.bought), np.concatenate(judge.told))),
        targets=targets.evaluated,
        learnt_targets=len(targets.learnt),
    )


def reliability(bought: Truths, probabilities: Floats) -> list[ReliabilityBin]:
    """Predicted and observed share of buyers in bins of equal count."""
    parts = np.array_split(np.argsort(probabilities, kind="stable"), min(BINS, len(probabilities)))
    return [
        ReliabilityBin(predicted=float(probabilities[part].mean()), observed=float(bought[part].mean()), rows=len(part))
        for part in parts
    ]


@dataclass(frozen=True, kw_only=True)
class _Collected:
    """What models of one target learn from, gathered while the pooled model reads the same snapshots."""

    shop: PropensityShop
    sets: Sequence[ProductSet]
    matrices: dict[str, list[Matrix]] = field(default_factory=dict)
    bought: dict[str, list[Truths]] = field(default_factory=dict)
    sampled: list[SnapshotRows] = field(default_factory=list)

    def learn_from(self, cutoff: Cutoff) -> None:
        """Keeps the active members of a snapshot, and a few of them as the pooled model samples them."""
        asked = self.shop.settings.propensity
        random = np.random.default_rng([self.shop.settings.seed, int(cutoff.at.timestamp()), 3])
        moment, _ = self.shop.snapshot(cutoff.at)
        most = max(1, asked.rows_per_target * asked.targets_per_snapshot // asked.targets)
        for each, matrix, bought in labelled_sets(self.shop, cutoff.at, self.sets, horizon_days=asked.horizon_days):
            active = moment.is_active
            self.matrices.setdefault(each.name, []).append(matrix[active][:, list(KEPT)])
            self.bought.setdefault(each.name, []).append(bought[active])
            rows = sampled(cutoff.at, matrix, bought, horizon_days=asked.horizon_days, most=most, random=random)
            self.sampled.extend(rows)


def _with_targets(shop: PropensityShop, learnt: LearntPropensity, more: Sequence[SnapshotRows]) -> PropensityModel:
    return fit_propensity(
        [*learnt.learn, *more],
        learnt.calibrate,
        settings=shop.settings.propensity,
        seed=shop.settings.seed,
        threads=shop.settings.threads,
        events=learnt.model.events,
    )


@dataclass(frozen=True, kw_only=True)
class _Judge:
    """Judges every method, target by target."""

    shop: PropensityShop
    plan: PropensityPlan
    collected: _Collected
    models: dict[str, PropensityModel]
    bought: list[Truths] = field(default_factory=list)
    told: list[Floats] = field(default_factory=list)

    def rows(self) -> list[TargetQuality]:
        """Every method on every target with enough buyers."""
        asked = self.shop.settings.propensity
        validate = self._snapshot(self.plan.validate)
        test = self._snapshot(self.plan.test)
        moment, _ = self.shop.snapshot(self.plan.test.at)
        found: list[TargetQuality] = []
        for each in self.collected.sets:
            matrix, bought = test[each.name]
            if asked.min_buyers <= bought.sum() < len(bought):
                rows = TargetRows(
                    learn=np.concatenate(self.collected.matrices[each.name]),
                    learn_bought=np.concatenate(self.collected.bought[each.name]),
                    validate=validate[each.name][0],
                    validate_bought=validate[each.name][1],
                    test=matrix,
                )
                found += self._methods(each, rows, bought, moment)
        return found

    def _methods(
        self, asked: ProductSet, rows: TargetRows, bought: Truths, moment: PropensityMoment
    ) -> list[TargetQuality]:
        settings = self.shop.settings
        days = settings.propensity.horizon_days
        told = {
            name: model.probabilities(rows.test, horizon_days=days, threads=settings.threads)
            for name, model in self.models.items()
        }
        simple = baseline_probabilities(rows, horizon_days=days, seed=settings.seed, threads=settings.threads)
        self.bought.append(bought)
        self.told.append(told[MODEL])
        kinds: dict[str, MethodKind] = {
            **dict.fromkeys(simple, "baseline"),
            MODEL: "product",
            SEEN: "variant",
            WITH_TASTE: "variant",
        }
        return [
            judged(
                name,
                kinds[name],
                asked,
                probabilities,
                bought=bought,
                is_known=rows.test[:, FEATURE_NAMES.index("set__orders_365d")] > 0,
                ids=moment.member_ids[moment.is_active],
                is_probability=True,
            )
            for name, probabilities in {**told, **simple}.items()
        ]

    def _snapshot(self, cutoff: Cutoff) -> dict[str, tuple[Matrix, Truths]]:
        """The active members of a snapshot with every target."""
        days = self.shop.settings.propensity.horizon_days
        active = self.shop.snapshot(cutoff.at)[0].is_active
        sets = self.collected.sets
        return {
            each.name: (matrix[active], bought[active])
            for each, matrix, bought in labelled_sets(self.shop, cutoff.at, sets, horizon_days=days)
        }
