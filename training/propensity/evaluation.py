"""Quality of propensity on a later snapshot, target by target, beside baselines that need no training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.metrics import auc, average_precision, expected_calibration_error, lift_at
from training.propensity.moment import PropensityMoment
from training.propensity.product_sets import ProductSet
from training.propensity.set_features import FEATURE_NAMES, Matrix

MODEL = "thousand-faces"
MEASURES = ("auc", "ap", "lift10", "ece", "auc_never")

Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]
MethodKind = Literal["baseline", "variant", "product"]


@dataclass(frozen=True, kw_only=True)
class TargetQuality:
    """What one method's scores were worth for one target; NaN where a measure has no meaning."""

    method: str
    kind: MethodKind
    target: str
    target_kind: str
    penetration: float
    """Share of the active members who bought it when the targets were chosen."""
    members: int
    buyers: int
    auc: float
    ap: float
    lift10: float
    ece: float
    auc_never: float
    """AUC among the members who had not bought the target within 365 days."""


@dataclass(frozen=True, kw_only=True)
class PropensityQuality:
    """One row per method and target, and what follows from it."""

    rows: tuple[TargetQuality, ...]

    def frame(self) -> pd.DataFrame:
        """The rows as a table."""
        return pd.DataFrame([asdict(row) for row in self.rows], columns=list(TargetQuality.__dataclass_fields__))

    def means(self) -> pd.DataFrame:
        """Mean of each measure over targets with its standard error (`<measure>_error`). One row per method."""
        grouped = self.frame().groupby("method", sort=False)
        means = grouped[list(MEASURES)].mean()
        errors = grouped[list(MEASURES)].sem().fillna(0.0).add_suffix("_error")
        kinds = grouped["kind"].first()
        return pd.concat([kinds, means, errors, grouped.size().rename("targets")], axis=1).reset_index()


def judged(
    method: str,
    kind: MethodKind,
    asked: ProductSet,
    scores: Floats,
    *,
    bought: Truths,
    is_known: Truths,
    ids: npt.NDArray[np.str_],
    is_probability: bool,
) -> TargetQuality:
    """One method's scores of one target; arrays are (members,). Ties in a ranking go by member id, ascending."""
    new = ~is_known
    return TargetQuality(
        method=method,
        kind=kind,
        target=asked.name,
        target_kind=asked.kind,
        penetration=asked.penetration,
        members=len(bought),
        buyers=int(bought.sum()),
        auc=auc(bought, scores),
        ap=average_precision(bought, scores),
        lift10=lift_at(bought, scores, ids, share=0.1),
        ece=expected_calibration_error(bought, scores) if is_probability else float("nan"),
        auc_never=auc(bought[new], scores[new]) if new.any() else float("nan"),
    )


def simple_scores(matrix: Matrix) -> Mapping[str, Floats]:
    """Scores (members,) of one target that need no learning, higher is likelier; who never bought comes last.

    `popularity` is the same for every member, so it can only tie: its AUC is 0.5 by construction.
    """
    since, lately, popular = (
        matrix[:, FEATURE_NAMES.index(name)].astype(np.float64)
        for name in ("set__days_since", "set__orders_91d", "set__penetration_91d")
    )
    return {
        "recency": np.nan_to_num(-since, nan=-1e6),
        "frequency": np.nan_to_num(lately),
        "popularity": popular,
    }


def judged_simply(
    asked: ProductSet, matrix: Matrix, probabilities: Floats, bought: Truths, moment: PropensityMoment
) -> Sequence[TargetQuality]:
    """The model and the baselines that need no learning, among the active members."""
    active = moment.is_active
    ids = moment.member_ids[active]
    known = matrix[active, FEATURE_NAMES.index("set__orders_365d")] > 0
    truth = bought[active]
    own = judged(
        MODEL,
        "product",
        asked,
        probabilities[active],
        bought=truth,
        is_known=known,
        ids=ids,
        is_probability=True,
    )
    return [
        own,
        *(
            judged(name, "baseline", asked, scores, bought=truth, is_known=known, ids=ids, is_probability=False)
            for name, scores in simple_scores(matrix[active]).items()
        ),
    ]
