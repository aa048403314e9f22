"""Runs the backtest of expected buyers over rolling snapshots, and keeps it in MLflow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from features.contracts.errors import Refused, TooLittleData
from features.contracts.settings import Settings
from features.prepared import VISITS_FILE
from features.store.history import History
from training.cutoffs import Cutoff, plan_cutoffs
from training.evaluation.expected import (
    ExpectedRow,
    Reliability,
    ReliabilityBin,
    collect,
    expected_rows,
    is_judged,
    judge,
)
from training.evaluation.placebo import HoldOut, placebo
from training.propensity.backtest import ScoredTarget, scored_targets
from training.propensity.backtested import BacktestedAudience
from training.propensity.learning_rows import PropensityShop, open_propensity_shop
from training.propensity.product_sets import ProductSet, learning_sets, sets_by_kind
from training.propensity.rolling import rolling_models
from training.propensity.target import EventType
from training.recommendations.plan import first_purchase_at
from training.tracking import Tracking

Progress = Callable[[int, int, str], None]

TEST_WEEK = 44
"""The form of the errors was chosen on snapshots before this week."""
FITTED_BEFORE = 4
"""Snapshots before the first reported one that are backtested too: its intervals need errors to learn from."""
EVERY = 2
"""Weeks between two of the snapshots that are learnt from."""
LEARNT_BEFORE = 8
"""Snapshots before the first backtested one that its model learns from at most."""
SETS = 110
PLACEBO_HORIZON = 28
PLACEBO_SHARE = 0.2
PLACEBO_AUDIENCES = 100


@dataclass(frozen=True, kw_only=True)
class ExpectedPlan:
    """Snapshots in order of time: those learnt from, those backtested, and of these the ones that are reported."""

    learn: tuple[Cutoff, ...]
    backtested: tuple[Cutoff, ...]
    reported: tuple[Cutoff, ...]
    test_from: datetime
    moved: int = 0
    """By how many weeks the snapshots were moved."""

    @property
    def moments(self) -> tuple[datetime, ...]:
        """The moments that features must have been built for."""
        return tuple(sorted({cutoff.at for cutoff in (*self.learn, *self.backtested)}))


@dataclass(frozen=True, kw_only=True)
class PlaceboCount:
    """In how many audiences that nobody was told of the interval of the lift holds no effect."""

    audiences: int
    share: float
    """Of the active members that an audience takes."""
    held_out_share: float
    hold_no_effect: int


@dataclass(frozen=True, kw_only=True)
class ExpectedEvaluation:
    """The backtest's table, its reliability on the test snapshots, and the placebo."""

    rows: tuple[ExpectedRow, ...]
    reliability: tuple[ReliabilityBin, ...]
    placebo: PlaceboCount


def plan_expected(settings: Settings, weeks: Sequence[int], *, as_of: datetime, first: datetime | None) -> ExpectedPlan:
    """The snapshots of `weeks`, moved together by whole weeks where the data asks for it (`training.cutoffs`)."""
    before = [min(weeks) - EVERY * back for back in range(1, FITTED_BEFORE + 1)]
    start = min(before) - EVERY * LEARNT_BEFORE
    learn = [week for week in range(start, max(weeks), EVERY) if week > 1]
    # The test week rides along, so that it moves with the others.
    numbers = sorted({*weeks, *before, *learn, TEST_WEEK if max(weeks) >= TEST_WEEK else max(weeks)})
    cutoffs = plan_cutoffs(
        numbers,
        anchor=settings.week_anchor,
        horizon=timedelta(days=min(settings.propensity.horizons)),
        as_of=as_of,
        first=first,
    )
    moved = cutoffs[-1].week - numbers[-1] if cutoffs else 0
    # Those at or before the first purchase are left out, and they are the earliest.
    numbers = numbers[len(numbers) - len(cutoffs) :]
    by_number = dict(zip(numbers, cutoffs, strict=True))

    def chosen(asked: Sequence[int]) -> tuple[Cutoff, ...]:
        return tuple(by_number[week] for week in sorted(set(asked)) if week in by_number)

    test = by_number.get(min(TEST_WEEK, max(weeks)))
    return ExpectedPlan(
        learn=chosen(learn),
        backtested=chosen([*weeks, *before]),
        reported=chosen(weeks),
        test_from=as_of if test is None else test.at,
        moved=moved,
    )


def evaluate_expected(
    settings: Settings,
    history: History,
    *,
    weeks: Sequence[int],
    hold_out: HoldOut,
    held_out_share: float,
    progress: Progress = lambda _done, _all, _what: None,
) -> ExpectedEvaluation:
    """The backtest at the starts of `weeks`. Raises NothingLoaded, and Refused where nothing can be learnt."""
    as_of = history.build.as_of
    first = first_purchase_at(history.build.folder / VISITS_FILE)
    plan = plan_expected(settings, weeks, as_of=as_of, first=first)
    if len(plan.learn) < 4 or not plan.reported:
        raise TooLittleData(
            "expected",
            f"from {first:%Y-%m-%d} to {as_of:%Y-%m-%d} there are {len(plan.learn)} snapshots to learn from, and four "
            "are needed",
        )
    shop = open_propensity_shop(settings, history)
    audiences, reliability, kept = _backtest(shop, plan, progress=progress)
    start = plan.reported[0].at
    judged = [each for each in judge(audiences) if is_judged(each.audience, first=start)]
    if not judged:
        raise Refused("expected: too little was known before the snapshots asked for; name later ones")
    names = {cutoff.at: f"week {cutoff.week}" for cutoff in plan.backtested}
    found = placebo(kept, share=PLACEBO_SHARE, hold_out=hold_out)
    return ExpectedEvaluation(
        rows=tuple(expected_rows(judged, test_from=plan.test_from, name=lambda at: names[at])),
        reliability=tuple(reliability.bins()),
        placebo=PlaceboCount(
            audiences=len(found),
            share=PLACEBO_SHARE,
            held_out_share=held_out_share,
            hold_no_effect=sum(each.holds_no_effect for each in found),
        ),
    )


def log_expected(settings: Settings, tracking: Tracking, found: ExpectedEvaluation, *, as_of: datetime) -> None:
    """Keeps an evaluation beside the model's trainings."""
    tags = {"kind": "evaluation of expected buyers"}
    params = settings.propensity.model_dump(mode="json")
    with tracking.run(model="purchase_propensity", as_of=as_of, features=(), params=params, tags=tags) as run:
        run.table("expected", list(found.rows))
        run.table("reliability", list(found.reliability))
        run.table("placebo", [found.placebo])
        for row in found.rows:
            if row.grouping in ("all", "test"):
                name = row.group.replace(" ", "_")
                run.metrics({f"{name}_held": row.held, f"{name}_predicted_to_actual": row.predicted_to_actual})


def _backtest(
    shop: PropensityShop, plan: ExpectedPlan, *, progress: Progress
) -> tuple[list[BacktestedAudience], Reliability, list[ScoredTarget]]:
    asked = shop.settings.propensity
    learnt, sets = _sets(shop, plan)
    events = shop.recorded_events(plan.backtested[0].at)
    models = rolling_models(shop, learnt, events)
    # Whoever is scored has joined: a forecast of joining would always be right, and say nothing.
    told = [event for event in events if event is not EventType.JOIN]
    audiences: list[BacktestedAudience] = []
    kept: list[ScoredTarget] = []
    reliability = Reliability()
    snapshots = models.snapshots(plan.learn, plan.backtested)
    for done, snapshot in enumerate(snapshots):
        at = snapshot.moment.at
        progress(done, len(plan.backtested), f"forecasts of {at:%Y-%m-%d}")
        for scored in scored_targets(
            snapshot, shop.log, sets, events=told, horizons=asked.horizons, until=shop.history.build.as_of
        ):
            audiences += collect([scored], reliability if at >= plan.test_from else None)
            if at >= plan.test_from and scored.horizon_days == PLACEBO_HORIZON and len(kept) < PLACEBO_AUDIENCES:
                kept.append(scored)
    return audiences, reliability, kept


def _sets(shop: PropensityShop, plan: ExpectedPlan) -> tuple[list[ProductSet], list[ProductSet]]:
    # Told from what was bought before the first backtest, as the sets of a training are.
    moment, outcomes = shop.snapshot(plan.learn[0].at)
    known = sets_by_kind(shop.groupings, outcomes, moment.is_active)
    seed = shop.settings.seed
    return (
        learning_sets(known, count=shop.settings.propensity.targets, seed=seed),
        learning_sets(known, count=SETS, seed=seed + 1),
    )
