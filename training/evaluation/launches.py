"""Quality of launch audiences on later launches, beside simple rules: every member seen before is ranked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from features.contracts.clock import week_start
from features.contracts.errors import Refused
from features.contracts.settings import LaunchSettings, Settings
from features.prepared import PURCHASES_FILE
from features.snapshots import FeatureBuild
from training.cutoffs import weeks_moved
from training.evaluation.launch_quality import NO_VALUE, Kind, LaunchQuality, mean_of, with_means
from training.launches.baselines import baseline_scores
from training.launches.fit import LabelledExample, fit_booster
from training.launches.model import LaunchModel, raw_probabilities
from training.launches.past import BASE_HORIZON, PastLaunches, find_launches
from training.launches.shop import Example, LearningShop
from training.launches.train import TrainedLaunches, examples_of, learn_launches, shop_of
from training.metrics import auc, average_precision, expected_calibration_error, lift_at
from training.propensity.groupings import read_groupings
from training.protocol import Ids

MODEL = "thousand-faces"
WIDER = "thousand-faces, all launches"
"""The model on every launch of the reported weeks that has as many buyers as those that it was learnt from."""

DAY = timedelta(days=1)

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, kw_only=True)
class LaunchWeeks:
    """Which launches are learnt from and which are reported, by the week of their first sale."""

    learn_from: int = 7
    learn_to: int = 25
    """Last week of the launches that are learnt from; their labels end as the reported ones begin."""
    report_from: int = 30
    report_to: int = 49
    min_buyers: int = 20
    """Buyers in 28 days that a reported launch has."""

    def within(self, settings: Settings, *, as_of: datetime) -> LaunchWeeks:
        """The weeks, moved together by whole weeks where the data does not cover them."""
        # A launch of the last reported week may fall on its last day.
        moved = weeks_moved([self.report_to + 1], anchor=settings.week_anchor, horizon=BASE_HORIZON * DAY, as_of=as_of)
        every = ("learn_from", "learn_to", "report_from", "report_to")
        return replace(self, **{name: getattr(self, name) + moved for name in every})


@dataclass(frozen=True, kw_only=True)
class LaunchReport:
    """The table, and what it stands on."""

    rows: tuple[LaunchQuality, ...]
    trained: TrainedLaunches
    learnt: int
    reported: int
    weeks: LaunchWeeks
    by_launch: Mapping[str, str]
    """Product id to the words for the launch."""


@dataclass(frozen=True, kw_only=True)
class TestedLaunch:
    """A launch that is reported, with what happened."""

    example: Example
    product_id: str
    bought: Truths
    member_ids: Ids


def evaluate_launches(
    settings: Settings,
    build: FeatureBuild,
    *,
    as_of: datetime,
    weeks: LaunchWeeks,
    progress: Progress = lambda _done, _all, _what: None,
) -> LaunchReport:
    """Baselines, variants and the model of `faces train`, learnt on earlier launches and measured on later ones.

    Raises Refused when there are too few launches of either kind.
    """
    groupings = read_groupings(build.folder)
    launches = find_launches(build.folder / PURCHASES_FILE, groupings, as_of=as_of, timezone=settings.timezone)
    learnt, wide = _split(settings, launches, weeks)
    shop = shop_of(settings, build, groupings, launches, learnt=learnt, until=as_of)
    report_from = week_start(weeks.report_from, anchor=settings.week_anchor)
    progress(0, 1, "launches to learn from")
    real, simulated = examples_of(settings, shop, learnt, until=report_from)
    trained = learn_launches(settings, shop, real, simulated, until=report_from, progress=progress)
    wider = []
    for number, (product, day) in enumerate(zip(wide.product_rows, wide.at_days, strict=True)):
        progress(number, len(wide.at_days), "launches to report")
        wider.append(_tested(shop, int(product), float(day)))
    tested = [each for each, buyers in zip(wider, wide.buyers, strict=True) if buyers >= weeks.min_buyers]
    found = [
        *_baselines(tested),
        *_variants(settings, {"past launches alone": real, "simulated launches alone": simulated}, tested, progress),
        *_measured(MODEL, "product", tested, _model_scores(settings, trained.model, tested)),
    ]
    names = groupings.names
    return LaunchReport(
        rows=(*with_means(found, seed=settings.seed), _calibration(settings, trained.model, wider)),
        trained=trained,
        learnt=len(learnt.at_days),
        reported=len(tested),
        weeks=weeks,
        by_launch={
            each.product_id: " / ".join(
                str(names[column].iloc[each.example.product_row]) for column in ("subcategory", "brand")
            )
            for each in tested
        },
    )


def _split(settings: Settings, launches: PastLaunches, weeks: LaunchWeeks) -> tuple[PastLaunches, PastLaunches]:
    """Launches to learn from and launches of the reported weeks, all with the buyers that a launch needs."""

    def start(week: int) -> datetime:
        return week_start(week, anchor=settings.week_anchor)

    asked: LaunchSettings = settings.launches
    learnt = launches.between(start(weeks.learn_from), start(weeks.learn_to + 1), min_buyers=asked.min_buyers)
    wide = launches.between(start(weeks.report_from), start(weeks.report_to + 1), min_buyers=asked.min_buyers)
    reported = int((wide.buyers >= weeks.min_buyers).sum())
    if len(learnt.at_days) < asked.least_launches or not reported:
        raise Refused(
            f"launches: weeks {weeks.learn_from} to {weeks.learn_to} hold {len(learnt.at_days)} to learn from "
            f"({asked.least_launches} are needed) and weeks {weeks.report_from} to {weeks.report_to} hold "
            f"{reported} to report; load more history"
        )
    return learnt, wide


def _tested(shop: LearningShop, product: int, day: float) -> TestedLaunch:
    example = shop.example(product, at_days=day)
    return TestedLaunch(
        example=example,
        product_id=str(shop.groupings.product_ids[product]),
        bought=shop.bought(example, horizon_days=BASE_HORIZON),
        member_ids=shop.lines.member_ids[example.member_rows],
    )


def _baselines(tested: Sequence[TestedLaunch]) -> Iterator[LaunchQuality]:
    scores = [baseline_scores(each.example.matrix) for each in tested]
    for name in scores[0]:
        yield from _measured(name, "baseline", tested, [each[name] for each in scores])


def _variants(
    settings: Settings,
    parts: Mapping[str, Sequence[LabelledExample]],
    tested: Sequence[TestedLaunch],
    progress: Progress,
) -> Iterator[LaunchQuality]:
    for name, examples in parts.items():
        progress(0, 1, name)
        if not any(bought.any() for _, bought in examples):
            continue
        booster = fit_booster(examples, settings=settings.launches, seed=settings.seed)
        scores = [raw_probabilities(booster, each.example.matrix, threads=settings.threads) for each in tested]
        yield from _measured(name, "variant", tested, scores)


def _calibration(settings: Settings, model: LaunchModel, wider: Sequence[TestedLaunch]) -> LaunchQuality:
    """The means of the model over launches that were not chosen for having many buyers."""
    rows = list(_measured(MODEL, "product", wider, _model_scores(settings, model, wider)))
    return replace(mean_of(rows), method=WIDER, kind="variant")


def _model_scores(settings: Settings, model: LaunchModel, tested: Sequence[TestedLaunch]) -> list[Floats]:
    return [
        model.probabilities(each.example.matrix, horizon_days=BASE_HORIZON, threads=settings.threads) for each in tested
    ]


def _measured(
    method: str, kind: Kind, tested: Sequence[TestedLaunch], scores: Sequence[Floats]
) -> Iterator[LaunchQuality]:
    pooled = NO_VALUE
    if kind == "product":
        pooled = expected_calibration_error(np.concatenate([each.bought for each in tested]), np.concatenate(scores))
    for each, values in zip(tested, scores, strict=True):
        yield LaunchQuality(
            method=method,
            kind=kind,
            level=each.product_id,
            auc=auc(each.bought, values),
            ap=average_precision(each.bought, values),
            lift10=lift_at(each.bought, values, each.member_ids),
            ece=expected_calibration_error(each.bought, values) if kind == "product" else NO_VALUE,
            pooled_ece=pooled,
            members=len(values),
            buyers=int(each.bought.sum()),
            predicted=float(values.sum()) if kind == "product" else NO_VALUE,
        )
