"""How past launches were predicted by models that had not seen them, beside simple rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from training.evaluation.launch_quality import NO_VALUE, Kind, LaunchQuality, with_means
from training.launches.baselines import baseline_scores
from training.launches.fit import LabelledExample
from training.launches.moment import Floats, Truths
from training.metrics import auc, average_precision, expected_calibration_error, lift_at
from training.propensity.evaluation import MODEL
from training.protocol import Ids
from training.reliability import ReliabilityBin, reliability_bins
from training.tenths import Tenth, ranked_buyers, tenths_of


@dataclass(frozen=True, kw_only=True)
class LaunchesTested:
    """Means over the past launches, and every member's prediction behind them in bins."""

    means: tuple[LaunchQuality, ...]
    """One row per method."""
    reliability: tuple[ReliabilityBin, ...]
    tenths: tuple[Tenth, ...]


def launches_tested(
    launches: Sequence[LabelledExample],
    probabilities: Sequence[Floats],
    *,
    product_ids: Sequence[str],
    member_ids: Ids,
    seed: int,
) -> LaunchesTested:
    """What `probabilities` (members,) of each launch were worth; `member_ids` are those of the whole shop."""
    pooled_ece = expected_calibration_error(_together(launches), np.concatenate(probabilities))
    rows: list[LaunchQuality] = []
    rankings = []
    for (example, bought), told, product_id in zip(launches, probabilities, product_ids, strict=True):
        ids = member_ids[example.member_rows]
        scores = {MODEL: told, **baseline_scores(example.matrix)}
        rows += _measured(scores, bought, ids, product_id=product_id, pooled_ece=pooled_ece)
        rankings.append(ranked_buyers(bought, told, ids))
    return LaunchesTested(
        means=tuple(row for row in with_means(rows, seed=seed) if row.level == "all"),
        reliability=reliability_bins(_together(launches), np.concatenate(probabilities)),
        tenths=tenths_of(rankings),
    )


def _together(launches: Sequence[LabelledExample]) -> Truths:
    return np.concatenate([bought for _, bought in launches])


def _measured(
    scores: dict[str, Floats], bought: Truths, ids: Ids, *, product_id: str, pooled_ece: float
) -> Iterator[LaunchQuality]:
    for method, values in scores.items():
        is_ours = method == MODEL
        kind: Kind = "product" if is_ours else "baseline"
        yield LaunchQuality(
            method=method,
            kind=kind,
            level=product_id,
            auc=auc(bought, values),
            ap=average_precision(bought, values),
            lift10=lift_at(bought, values, ids),
            ece=expected_calibration_error(bought, values) if is_ours else NO_VALUE,
            pooled_ece=pooled_ece if is_ours else NO_VALUE,
            members=len(values),
            buyers=int(bought.sum()),
            predicted=float(values.sum()) if is_ours else NO_VALUE,
        )
