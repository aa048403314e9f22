"""Scores of a target kept on disk: scored at night, answered at once.

They stand in the feature build that they were told from and go with it. The matrix is mapped, not read: of it an
audience looks at some members alone.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from features.contracts.atomic import new_folder
from features.contracts.clock import moment_slug
from training.launches.scoring import Analogue
from training.propensity.scored import ScoredMembers
from training.propensity.target import Target

SCORES_FOLDER = "scores"
ABOUT_FILE = "scored.json"
ARRAYS = ("member_ids", "probabilities", "revenue_if_bought", "last_bought_days", "last_visit_days")


@dataclass(frozen=True, kw_only=True)
class StoredScores:
    """The scores of one release at one moment."""

    folder: Path

    def find(self, target: Target, *, horizon_days: int) -> ScoredMembers | None:
        """The scores of a target, None when they were not stored."""
        folder = self._of(target, horizon_days)
        if not folder.is_dir():
            return None
        about = json.loads((folder / ABOUT_FILE).read_text(encoding="utf-8"))
        arrays = {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in ARRAYS}
        return ScoredMembers(
            target=target,
            horizon_days=horizon_days,
            kind=about["kind"],
            feature_names=tuple(about["feature_names"]),
            analogues=tuple(Analogue(**each) for each in about["analogues"]),
            is_by_analogues=about["is_by_analogues"],
            matrix=np.load(folder / "matrix.npy", mmap_mode="r", allow_pickle=False),
            **arrays,
        )

    def keep(self, scored: ScoredMembers) -> Path:
        """The folder in which the scores stand from now on; scores that are there already stay."""
        folder = self._of(scored.target, scored.horizon_days)
        if folder.is_dir():
            return folder
        about = {
            "target": asdict(scored.target),
            "kind": scored.kind,
            "horizon_days": scored.horizon_days,
            "feature_names": list(scored.feature_names),
            "analogues": [asdict(each) for each in scored.analogues],
            "is_by_analogues": scored.is_by_analogues,
        }
        with new_folder(folder) as partial:
            for name in ARRAYS:
                np.save(partial / f"{name}.npy", getattr(scored, name))
            np.save(partial / "matrix.npy", np.ascontiguousarray(scored.matrix))
            (partial / ABOUT_FILE).write_text(json.dumps(about, indent=2), encoding="utf-8")
        return folder

    def _of(self, target: Target, horizon_days: int) -> Path:
        asked = {"kind": type(target).__name__, "horizon_days": horizon_days, **asdict(target)}
        return self.folder / hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:24]


def stored_scores(build_folder: Path, propensity_folder: Path, *, at: datetime) -> StoredScores:
    """The scores that the model of a release told from a feature build at a moment."""
    release_id = propensity_folder.parent.name
    return StoredScores(folder=build_folder / SCORES_FOLDER / release_id / moment_slug(at))
