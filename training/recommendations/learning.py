"""Learns the ranker from a plan's cut-offs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from features.contracts.settings import Settings
from features.store.history import History
from training.cutoffs import Cutoff
from training.minimum import LEAST_BOUGHT, Fallback
from training.ranker.drawn_rows import Draw, drawn_rows
from training.ranker.fit import OBJECTIVES, Objective, fit_ranker
from training.ranker.model import RankerModel
from training.ranker.rows import RankerRows, joined
from training.ranker.stage import Stage, stage_at
from training.recommendations.plan import RecommendationPlan

Step = Callable[[str], None]
"""Told what begins."""


@dataclass(frozen=True, kw_only=True)
class Learning:
    """The rows that rankers are fitted on; several rankers may be fitted on the same ones."""

    settings: Settings
    rows: RankerRows
    calibration: RankerRows
    last: Cutoff | None
    """The latest cut-off that was seen."""

    @property
    def suffices(self) -> bool:
        """Whether there is enough to learn an order from."""
        return int(self.rows.bought.sum()) >= LEAST_BOUGHT and bool(self.calibration.bought.any())

    @property
    def too_little(self) -> Fallback:
        """Why there is no ranker, where there is not enough."""
        bought = int(self.rows.bought.sum())
        return Fallback(
            part="ranker", why=f"{bought} candidates were bought in the weeks learnt from, {LEAST_BOUGHT} are needed"
        )

    def fit(self, *, promotions: Sequence[str], objectives: Sequence[Objective] = OBJECTIVES) -> RankerModel:
        """A ranker that reads the promotions named."""
        if self.last is None:
            raise ValueError("no cut-off was seen")
        return fit_ranker(
            self.rows,
            self.calibration,
            self.settings,
            as_of=self.last.at,
            promotions=promotions,
            objectives=objectives,
        )


@dataclass(frozen=True, kw_only=True)
class Learner:
    """Reads stages of one feature build."""

    settings: Settings
    history: History
    tables_folder: Path
    missing: list[str] = field(default_factory=list)
    """A sentence for each cut-off that nobody bought anything after."""

    def stage(self, cutoff: Cutoff) -> Stage | None:
        """The stage of a cut-off, None when there is nothing to find in the week after it."""
        stage = stage_at(self.settings, self.history, cutoff, tables_folder=self.tables_folder)
        if len(stage.holdout.member_ids):
            return stage
        self._miss(cutoff)
        return None

    def _miss(self, cutoff: Cutoff) -> None:
        self.missing.append(f"week {cutoff.week} ({cutoff.at:%Y-%m-%d}): no active member bought of the catalogue")

    def learn(self, plan: RecommendationPlan, *, step: Step) -> Learning:
        """The rows of the plan's training weeks, and all of its tune week's."""
        draws = [
            Draw(
                cutoff=cutoff,
                negative_share=self.settings.ranker.negative_share,
                seed=self.settings.seed + cutoff.week,
            )
            for cutoff in plan.train
        ]
        if plan.tune is not None:
            draws.append(Draw(cutoff=plan.tune, negative_share=None, seed=self.settings.seed))
        parts: list[RankerRows] = []
        calibration: RankerRows | None = None
        last: Cutoff | None = None
        made = drawn_rows(self.settings, self.history, draws, tables_folder=self.tables_folder)
        with contextlib.closing(made) as found:
            for draw in draws:
                is_tune = draw.cutoff == plan.tune
                step(f"{'tuning on' if is_tune else 'learning from'} week {draw.cutoff.week}")
                own = next(found)
                if own is None:
                    self._miss(draw.cutoff)
                    continue
                last = draw.cutoff
                if is_tune:
                    calibration = own
                else:
                    parts.append(own)
        rows = joined(parts, offset=True)
        return Learning(
            settings=self.settings,
            rows=rows,
            calibration=rows if calibration is None else calibration,
            last=last,
        )
