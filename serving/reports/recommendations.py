"""What came of recommendations: shown, clicked, bought and revenue by scenario, source and release."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from features.contracts.clock import moment_text
from features.contracts.settings import Settings
from features.tables.session import open_session
from serving.records.opening import Records
from serving.reports.crediting import Counted, credit, credit_by_day
from serving.reports.gathering import gather
from training.release.shelf import list_releases

MEMORY = "1GB"

NOTE = (
    "attributed, not caused: a purchase counts where the product was shown to the member before, whether or not the "
    "member would have bought it anyway; what recommendations add is told by a comparison with members held out"
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What was shown from one source in one scenario by one release, and what was attributed to it."""

    scenario: str
    source: str
    release: str
    model: str | None
    """Versions of the release's models; None where the release is no longer kept."""
    recommendations: int
    """Answers that held at least one of these items."""
    shown: int
    """Items."""
    clicked: int
    """Of them, those viewed, clicked, added or claimed in an event that named the recommendation."""
    bought: int
    """Purchases: a product in an order."""
    revenue: float


@dataclass(frozen=True, kw_only=True)
class Total:
    """The same over everything."""

    shown: int
    clicked: int
    bought: int
    revenue: float


@dataclass(frozen=True, kw_only=True)
class DayOutcome(Total):
    """The same of what was shown on one day of the shop's zone."""

    day: date


@dataclass(frozen=True, kw_only=True)
class RecommendationReport:
    """What came of the recommendations logged from `since` on and before `until`."""

    since: datetime
    until: datetime
    click_days: int
    bought_days: int
    currency: str
    outcomes: tuple[Outcome, ...]
    scenarios: dict[str, Total]
    by_day: tuple[DayOutcome, ...]
    """Days on which something was shown, in their order."""
    total: Total

    def to_json(self) -> dict[str, Any]:
        """As it is answered and printed; `Any` because JSON is."""
        return {
            "since": moment_text(self.since),
            "until": moment_text(self.until),
            "click_days": self.click_days,
            "bought_days": self.bought_days,
            "currency": self.currency,
            "note": NOTE,
            "outcomes": [asdict(each) for each in self.outcomes],
            "scenarios": {name: asdict(total) for name, total in self.scenarios.items()},
            "by_day": [{**asdict(each), "day": each.day.isoformat()} for each in self.by_day],
            "total": asdict(self.total),
        }


def recommendation_report(settings: Settings, records: Records, *, now: datetime, days: int) -> RecommendationReport:
    """What came of the recommendations of the last `days` before `now`, as far as it is known by now."""
    since = now - timedelta(days=days)
    is_still = settings.clock == "data" or settings.as_of is not None
    with open_session(settings, zone="UTC", memory=MEMORY) as con:
        gather(con, settings, records, since=since, until=now, is_still=is_still)
        counted = credit(
            con,
            clicked_within=timedelta(days=settings.reports.click_days),
            bought_within=timedelta(days=settings.reports.bought_days),
            is_still=is_still,
        )
        days_counted = credit_by_day(con, zone=settings.timezone)
    outcomes = _outcomes(counted, settings)
    names = dict.fromkeys(each.scenario for each in outcomes)
    return RecommendationReport(
        since=since,
        until=now,
        click_days=settings.reports.click_days,
        bought_days=settings.reports.bought_days,
        currency=settings.currency,
        outcomes=outcomes,
        scenarios={name: _total(each for each in outcomes if each.scenario == name) for name in names},
        by_day=tuple(
            DayOutcome(day=day, shown=shown, clicked=clicked, bought=bought, revenue=round(revenue, 2))
            for day, shown, clicked, bought, revenue in days_counted
        ),
        total=_total(outcomes),
    )


def _outcomes(counted: Sequence[Counted], settings: Settings) -> tuple[Outcome, ...]:
    models = {each.release_id: f"{each.affinity.name} {each.affinity.number}" for each in list_releases(settings.paths)}
    return tuple(
        Outcome(
            scenario=scenario,
            source=source,
            release=release,
            model=next((name for known, name in models.items() if known == release), None),
            recommendations=recommendations,
            shown=shown,
            clicked=clicked,
            bought=bought,
            revenue=round(revenue, 2),
        )
        for scenario, source, release, recommendations, shown, clicked, bought, revenue in counted
    )


def _total(outcomes: Iterable[Outcome]) -> Total:
    every = tuple(outcomes)
    return Total(
        shown=sum(each.shown for each in every),
        clicked=sum(each.clicked for each in every),
        bought=sum(each.bought for each in every),
        revenue=round(sum(each.revenue for each in every), 2),
    )
