"""Past launches predicted unseen: the means beside simple rules, and the bins behind them."""

from __future__ import annotations

import numpy as np
import pytest

from training.launches.baselines import RULES
from training.launches.features import FEATURE_NAMES
from training.launches.shop import Example
from training.launches.tested import launches_tested
from training.propensity.evaluation import MODEL

MEMBER_IDS = np.array([f"m{number:03d}" for number in range(100)])
ROWS = np.arange(50, 100)


def launch(seed: int) -> tuple[Example, np.ndarray, np.ndarray]:
    """An example of 50 members, who bought, and probabilities that know it."""
    random = np.random.default_rng(seed)
    bought = np.arange(50) < 5
    matrix = random.random((50, len(FEATURE_NAMES))).astype(np.float32)
    example = Example(
        product_row=seed,
        at_days=float(seed),
        is_simulated=False,
        member_rows=ROWS,
        matrix=matrix,
        spending=None,  # type: ignore[arg-type]  # it is not asked for
    )
    return example, bought, np.where(bought, 0.8, 0.05)


def test_what_knows_the_buyers_puts_them_into_the_first_tenth() -> None:
    launches = [launch(seed) for seed in (1, 2)]
    found = launches_tested(
        [(example, bought) for example, bought, _ in launches],
        [told for *_, told in launches],
        product_ids=["p1", "p2"],
        member_ids=MEMBER_IDS,
        seed=7,
    )
    ours = next(row for row in found.means if row.method == MODEL)
    assert {row.method for row in found.means} == {MODEL, *RULES}
    assert (ours.kind, ours.launches, ours.buyers) == ("product", 2, 10)
    assert ours.lift10 == pytest.approx(10.0)
    assert ours.lift10_error == 0.0
    assert ours.lift10_gain > 0
    assert found.tenths[0].lift == pytest.approx(10.0)
    assert sum(each.rows for each in found.reliability) == 100
    assert found.reliability[-1].predicted == pytest.approx(0.8)
    assert found.reliability[-1].observed == 1.0
