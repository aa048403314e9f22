"""Trains the launch model: past launches, simulated ones, and the rates at which launches sell."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter

import numpy as np

from features.contracts.clock import days_since_epoch
from features.contracts.settings import LaunchSettings, Settings
from features.prepared import PURCHASES_FILE
from features.snapshots import FeatureBuild
from training.launches.fit import LabelledExample, fit_crossed
from training.launches.model import KnownLaunches, LaunchModel
from training.launches.moment import Floats, Truths
from training.launches.past import BASE_HORIZON, PastLaunches, find_launches
from training.launches.rates import HORIZONS, LaunchRates, fit_rates
from training.launches.shop import Example, LearningShop, read_shop
from training.launches.simulated import simulated_launches
from training.launches.tested import LaunchesTested, launches_tested
from training.minimum import Fallback
from training.propensity.groupings import Groupings, read_groupings

LOG = logging.getLogger(__name__)

Progress = Callable[[int, int, str], None]
SIMULATED_AT_DAYS = 7
"""Simulated launches are dated this far apart."""
LEAST_MEMBERS = 2_000
"""Members of a sample, however many launches there are."""


@dataclass(frozen=True, kw_only=True)
class PredictedLaunch:
    """A past launch as a model that had not seen it predicted it; arrays are (members,)."""

    product_id: str
    at_days: float
    horizon_days: int
    probabilities: Floats
    revenue_if_bought: Floats
    bought: Truths
    spent: Floats


@dataclass(frozen=True, kw_only=True)
class TrainedLaunches:
    """The model, and how it did on each past launch that it was learnt from when it had not seen it."""

    model: LaunchModel
    predicted: tuple[PredictedLaunch, ...]
    tested: LaunchesTested
    """What the predictions were worth within BASE_HORIZON, beside simple rules."""


def fit_launches(
    settings: Settings,
    build: FeatureBuild,
    *,
    as_of: datetime,
    progress: Progress = lambda _done, _all, _what: None,
) -> TrainedLaunches | Fallback:
    """The model of the launches whose first 28 days had passed by `as_of`; what answers where there were too few."""
    started = perf_counter()
    groupings = read_groupings(build.folder)
    launches = find_launches(build.folder / PURCHASES_FILE, groupings, as_of=as_of, timezone=settings.timezone)
    known = launches.known_at(days_since_epoch(as_of))
    learnable = newest(big_launches(known, settings.launches), settings.launches.most_launches)
    if len(learnable.at_days) < settings.launches.least_launches:
        asked = settings.launches
        found = f"{len(learnable.at_days)} past launches with {asked.min_buyers} buyers"
        return Fallback(part="launches", why=f"{found}, {asked.least_launches} are needed")
    shop = shop_of(settings, build, groupings, launches, learnt=learnable, until=as_of)
    progress(0, 1, "launches to learn from")
    real, simulated = examples_of(settings, shop, learnable, until=as_of)
    trained = learn_launches(settings, shop, real, simulated, until=as_of, progress=progress)
    LOG.info("launches learnt: %d in %.1f seconds", len(learnable.at_days), perf_counter() - started)
    return trained


def shop_of(
    settings: Settings,
    build: FeatureBuild,
    groupings: Groupings,
    launches: PastLaunches,
    *,
    learnt: PastLaunches,
    until: datetime,
) -> LearningShop:
    """The shop that launches are learnt in, of as many members as the settings allow for so many launches."""
    most = max(LEAST_MEMBERS, settings.launches.most_rows // max(1, len(learnt.at_days)))
    past = big_launches(launches, settings.launches)
    return read_shop(
        build,
        groupings,
        past,
        until=until,
        most_members=most,
        seed=settings.seed,
        factors=settings.propensity.factors,
    )


def learn_launches(
    settings: Settings,
    shop: LearningShop,
    real: Sequence[LabelledExample],
    simulated: Sequence[LabelledExample],
    *,
    until: datetime,
    progress: Progress = lambda _done, _all, _what: None,
) -> TrainedLaunches:
    """The model of past launches and simulated ones, of which nothing from `until` on is seen."""
    fitted = fit_crossed(
        [*real, *simulated],
        settings=settings.launches,
        seed=settings.seed,
        threads=settings.threads,
        step=lambda done, every: progress(done, every, "learning, and predicting past launches"),
    )
    until_days = days_since_epoch(until)
    launches = [each for each, _ in real]
    rates = fit_rates(
        fitted.predicted,
        [bought for _, bought in real],
        buyers=_buyers_by_horizon(shop, launches, until_days=until_days),
    )
    return TrainedLaunches(
        model=LaunchModel(
            booster=fitted.booster, rates=rates, past=_known(shop, until=until), min_buyers=settings.launches.min_buyers
        ),
        predicted=tuple(_predicted(shop, launches, fitted.predicted, rates, until_days=until_days)),
        tested=launches_tested(
            real,
            [rates.apply(scores, horizon_days=BASE_HORIZON) for scores in fitted.predicted],
            product_ids=[str(shop.groupings.product_ids[each.product_row]) for each in launches],
            member_ids=shop.lines.member_ids,
            seed=settings.seed,
        ),
    )


def examples_of(
    settings: Settings, shop: LearningShop, learnt: PastLaunches, *, until: datetime
) -> tuple[list[LabelledExample], list[LabelledExample]]:
    """The past launches and the simulated ones, each with whether its members bought within BASE_HORIZON."""
    launches = zip(learnt.product_rows.tolist(), learnt.at_days.tolist(), strict=True)
    drawn = _simulated(settings, shop, learnt, until=until)
    real = [shop.example(product, at_days=day) for product, day in launches]
    simulated = [shop.example(product, at_days=day, is_simulated=True) for product, day in drawn]
    labelled = [[(each, shop.bought(each, horizon_days=BASE_HORIZON)) for each in part] for part in (real, simulated)]
    return labelled[0], labelled[1]


def big_launches(launches: PastLaunches, settings: LaunchSettings) -> PastLaunches:
    """Those with the buyers that a launch needs: products that reach the shelves widely."""
    return launches.take(launches.buyers >= settings.min_buyers)


def newest(launches: PastLaunches, count: int) -> PastLaunches:
    """The last `count` launches."""
    return launches.take(np.arange(len(launches.at_days)) >= len(launches.at_days) - count)


def _simulated(
    settings: Settings, shop: LearningShop, learnt: PastLaunches, *, until: datetime
) -> list[tuple[int, float]]:
    last = min(float(learnt.at_days.max()), days_since_epoch(until) - BASE_HORIZON)
    moments = np.arange(float(learnt.at_days.min()), last, SIMULATED_AT_DAYS).tolist()
    if not moments:
        return []
    return simulated_launches(
        shop,
        moments,
        count=settings.launches.simulated,
        min_buyers=settings.launches.min_buyers,
        seed=settings.seed,
    )


def _known(shop: LearningShop, *, until: datetime) -> KnownLaunches:
    past = shop.past.known_at(days_since_epoch(until))
    return KnownLaunches(
        product_ids=shop.groupings.product_ids[past.product_rows],
        at_days=past.at_days,
        buyers=past.buyers,
        share=past.share,
    )


def _buyers_by_horizon(shop: LearningShop, real: Sequence[Example], *, until_days: float) -> dict[int, tuple[int, int]]:
    found = {}
    for horizon in HORIZONS:
        known = [each for each in real if each.at_days + max(horizon, BASE_HORIZON) <= until_days]
        found[horizon] = (
            sum(int(shop.bought(each, horizon_days=horizon).sum()) for each in known),
            sum(int(shop.bought(each, horizon_days=BASE_HORIZON).sum()) for each in known),
        )
    return found


def _predicted(
    shop: LearningShop, real: Sequence[Example], raw: Sequence[Floats], rates: LaunchRates, *, until_days: float
) -> list[PredictedLaunch]:
    found = []
    for horizon in HORIZONS:
        for example, scores in zip(real, raw, strict=True):
            if example.at_days + horizon > until_days:
                continue
            probabilities = rates.apply(scores, horizon_days=horizon)
            everybody = np.zeros(len(shop.lines.member_ids))
            everybody[example.member_rows] = probabilities
            revenue = example.spending.if_bought(everybody, horizon_days=horizon)[example.member_rows]
            found.append(
                PredictedLaunch(
                    product_id=str(shop.groupings.product_ids[example.product_row]),
                    at_days=example.at_days,
                    horizon_days=horizon,
                    probabilities=probabilities,
                    revenue_if_bought=revenue,
                    bought=shop.bought(example, horizon_days=horizon),
                    spent=shop.spent(example, horizon_days=horizon),
                )
            )
    return found
