"""Scores every member for any target with the model of a release, as of one moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from features.contracts.errors import BadRequest
from features.contracts.settings import Settings
from features.store.history import History
from training.launches.model import LaunchModel, load_launch_model
from training.launches.scoring import analogues_of, score_launch
from training.propensity.cells import cells_file
from training.propensity.forecast import ForecastModel, load_forecast
from training.propensity.frequency_rule import Propensity, contributions_of, open_propensity
from training.propensity.groupings import ProductRows
from training.propensity.model import contributions
from training.propensity.moment import PropensityMoment
from training.propensity.revenue import REVENUE
from training.propensity.scored import Kind, ScoredMembers
from training.propensity.service_moment import read_service_moment
from training.propensity.set_features import FEATURE_NAMES, LevelledSet, event_set, products_set, set_matrix
from training.propensity.stored_scores import stored_scores
from training.propensity.target import EventTarget, EventType, LapseTarget, LaunchDescription, ProductsTarget, Target
from training.protocol import Rows

Progress = Callable[[int, int, str], None]

STEPS = 3


class Scorer:
    """The propensity model of a release at one moment; the first target that is scored reads the members."""

    def __init__(
        self,
        settings: Settings,
        history: History,
        *,
        folder: Path,
        model: Propensity,
        launches: LaunchModel | None,
        forecast: ForecastModel,
        at: datetime,
    ) -> None:
        self._settings = settings
        self._history = history
        self._folder = folder
        self._model = model
        self._launches = launches
        self._forecast = forecast
        self._at = at
        self._stored = stored_scores(history.build.folder, folder, at=at)
        self._read: PropensityMoment | None = None

    @property
    def moment(self) -> datetime:
        """The moment as of which members are scored."""
        return self._at

    @property
    def horizons(self) -> tuple[int, ...]:
        """The horizons that can be asked for, in days."""
        return self._model.horizons

    @property
    def forecast(self) -> ForecastModel:
        """How far sums of the probabilities may lie from what happens."""
        return self._forecast

    def score(
        self, target: Target, *, horizon_days: int, progress: Progress = lambda _done, _all, _what: None
    ) -> ScoredMembers:
        """Everybody scored for a target.

        Raises BadRequest for a horizon that was not learnt, an event that the shop has no record of, and products that
        are all unknown.
        """
        if horizon_days not in self.horizons:
            raise BadRequest(f"audience: a horizon of {horizon_days} days is not learnt; choose one of {self.horizons}")
        stored = self._stored.find(target, horizon_days=horizon_days)
        if stored is not None:
            progress(STEPS, STEPS, "scored before")
            return stored
        progress(0, STEPS, "reading members")
        moment = self._moment()
        progress(1, STEPS, "reading what members bought of it")
        if isinstance(target, LaunchDescription):
            scored = self._launch(moment, target, horizon_days=horizon_days)
        else:
            asked = self._asked(moment, target)
            progress(2, STEPS, "scoring members")
            scored = self._scored(moment, target, asked, horizon_days=horizon_days)
        progress(STEPS, STEPS, "scored")
        return scored

    def keep(self, scored: ScoredMembers) -> Path:
        """The folder in which the scores of a target are kept from now on; `score` answers from there."""
        return self._stored.keep(scored)

    def contributions(self, scored: ScoredMembers, rows: Rows) -> npt.NDArray[np.float32]:
        """float32 (rows, features): log odds that each feature adds, without what everybody has.

        For lapse the signs are turned: what makes a visit likelier makes the lapse less likely.
        """
        is_launch = scored.kind == "launch" and not scored.is_by_analogues
        threads = self._settings.threads
        if is_launch and self._launches is not None:
            return contributions(self._launches.booster, scored.matrix[rows], threads=threads)
        found = contributions_of(self._model, scored.matrix[rows], threads=threads)
        return -found if scored.kind == "lapse" else found

    def _scored(
        self, moment: PropensityMoment, target: Target, asked: LevelledSet, *, horizon_days: int
    ) -> ScoredMembers:
        matrix = set_matrix(moment, asked, horizon_days=horizon_days)
        probabilities = self._model.probabilities(matrix, horizon_days=horizon_days, threads=self._settings.threads)
        revenue = np.zeros(len(probabilities))
        own = asked.activities[0]
        if isinstance(target, ProductsTarget):
            revenue = REVENUE.if_bought(own, moment.visits, probabilities, horizon_days=horizon_days)
        is_lapse = isinstance(target, LapseTarget)
        return ScoredMembers(
            target=target,
            horizon_days=horizon_days,
            kind=_kind(target),
            member_ids=moment.member_ids,
            probabilities=1.0 - probabilities if is_lapse else probabilities,
            revenue_if_bought=revenue,
            last_bought_days=own.last_days.astype(np.float32),
            last_visit_days=moment.visits.last_days.astype(np.float32),
            feature_names=FEATURE_NAMES,
            matrix=matrix,
        )

    def _launch(self, moment: PropensityMoment, target: LaunchDescription, *, horizon_days: int) -> ScoredMembers:
        if self._launches is None:
            return self._by_analogues(moment, target, horizon_days=horizon_days)
        scored = score_launch(self._launches, moment, target, horizon_days=horizon_days, threads=self._settings.threads)
        return ScoredMembers(
            target=target,
            horizon_days=horizon_days,
            kind="launch",
            member_ids=moment.member_ids,
            probabilities=scored.probabilities,
            revenue_if_bought=scored.revenue_if_bought,
            last_bought_days=np.full(len(moment.member_ids), np.nan, dtype=np.float32),
            last_visit_days=moment.visits.last_days.astype(np.float32),
            feature_names=scored.feature_names,
            matrix=scored.matrix,
            analogues=scored.analogues,
        )

    def _by_analogues(self, moment: PropensityMoment, target: LaunchDescription, *, horizon_days: int) -> ScoredMembers:
        analogues = analogues_of(moment, target)
        if not analogues:
            raise BadRequest("launch: no product on sale is like it; name analogues, or a category that sells")
        rows = self._rows_of(moment, ProductsTarget(product_ids=tuple(sorted(each.product_id for each in analogues))))
        scored = self._scored(
            moment,
            ProductsTarget(product_ids=tuple(sorted(each.product_id for each in analogues))),
            products_set(moment, rows),
            horizon_days=horizon_days,
        )
        return replace(
            scored,
            target=target,
            kind="launch",
            probabilities=scored.probabilities * _share_of_one(moment, rows),
            last_bought_days=np.full(len(moment.member_ids), np.nan, dtype=np.float32),
            analogues=analogues,
            is_by_analogues=True,
        )

    def _asked(self, moment: PropensityMoment, target: ProductsTarget | EventTarget | LapseTarget) -> LevelledSet:
        if isinstance(target, ProductsTarget):
            return products_set(moment, self._rows_of(moment, target))
        event = target.type if isinstance(target, EventTarget) else EventType.VISIT
        if event not in self._model.events:
            known = ", ".join(self._model.events) or "none"
            raise BadRequest(f"audience: the shop has too few records of '{event}' to learn from; there are: {known}")
        return event_set(moment, event)

    def _rows_of(self, moment: PropensityMoment, target: ProductsTarget) -> ProductRows:
        rows = moment.groupings.rows_of(np.array(target.product_ids, dtype=np.str_))
        if not (rows >= 0).any():
            raise BadRequest(f"audience: none of the {len(rows)} products is known to the shop")
        return np.unique(rows[rows >= 0])

    def _moment(self) -> PropensityMoment:
        if self._read is None:
            self._read = read_service_moment(self._settings, self._history, self._folder, at=self._at)
        return self._read


def open_scorer(settings: Settings, folder: Path, history: History, *, at: datetime) -> Scorer:
    """The scorer of a release's propensity folder. Raises ReleaseDamaged, NothingLoaded."""
    cells_file(history.build, at)
    return Scorer(
        settings,
        history,
        folder=folder,
        model=open_propensity(folder),
        launches=load_launch_model(folder),
        forecast=load_forecast(folder),
        at=at,
    )


def _share_of_one(moment: PropensityMoment, analogues: ProductRows) -> float:
    """Buyers of a typical one of the analogues over those of any: a launch sells as one of them does."""
    buyers = np.nan_to_num(moment.products.buyers_91d[analogues])
    every = float((moment.cells.unions([analogues])[0].weeks(13) > 0).sum())
    return min(1.0, float(buyers.mean()) / max(every, 1.0))


def _kind(target: Target) -> Kind:
    if isinstance(target, ProductsTarget):
        return "products"
    if isinstance(target, LaunchDescription):
        return "launch"
    return "event" if isinstance(target, EventTarget) else "lapse"
