"""What a scenario is handed to answer from, and what it hands back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from features.contracts.clock import days_since_epoch
from features.contracts.scenario_settings import ScenarioSettings
from features.store.member_now import MemberNow
from features.store.online import PackedMember
from serving.answers import RecommendationQuery, RecommendedItem
from training.affinity.blend import CANDIDATE_FIELDS, CandidateValues
from training.release.loaded import LoadedRelease


@dataclass(frozen=True, kw_only=True)
class ScoredProducts:
    """Products with the ranker's scores for one member, in the order of the member's stored list."""

    rows: npt.NDArray[np.int64]
    """int64 (products,): rows of the release's shelf, no row twice."""
    scores: npt.NDArray[np.float32]
    """float32 (products,), 0 or above, higher is better."""
    values: CandidateValues
    """float32 (products, len(CANDIDATE_FIELDS)): what is known of the member and each product."""

    def __len__(self) -> int:
        return len(self.rows)


NO_PRODUCTS = ScoredProducts(
    rows=np.empty(0, dtype=np.int64),
    scores=np.empty(0, dtype=np.float32),
    values=np.empty((0, len(CANDIDATE_FIELDS)), dtype=np.float32),
)


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One request, with all that a scenario may answer it from; nothing else is read."""

    query: RecommendationQuery
    scenario: ScenarioSettings
    """With the rules alone that hold for the member."""
    as_of: datetime
    zone: ZoneInfo
    """The shops' zone: days are counted in it."""
    release: LoadedRelease
    packed: PackedMember | None = None
    """The member's row, None for somebody unknown."""
    now: MemberNow | None = None
    """What the member did just now, None when nothing is known."""
    candidates: ScoredProducts = NO_PRODUCTS
    """The member's stored candidates that the release's shelf knows, scored; none for somebody unknown."""
    eligible: npt.NDArray[np.bool_] | None = None
    """bool (shelf rows,): products that pass the filters, stock and activity; None: all do."""

    @property
    def as_of_days(self) -> float:
        """`as_of` in days since EPOCH."""
        return days_since_epoch(self.as_of)


@dataclass(frozen=True, kw_only=True)
class Offered:
    """What a scenario answers: at most `count` items, best first, and how many each rule removed, by its code."""

    items: tuple[RecommendedItem, ...]
    filtered: Mapping[str, int] = field(default_factory=dict)
