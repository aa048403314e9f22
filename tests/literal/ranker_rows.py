"""Rows for a ranker whose rule is known: the fewer days since the latest order, the likelier it is bought again."""

from __future__ import annotations

import numpy as np

from training.affinity.blend import Field
from training.ranker.features import RANKER_FEATURES
from training.ranker.rows import RankerRows

PER_MEMBER = 20


def ranker_rows(members: int, *, seed: int, by_mailer: bool = False) -> RankerRows:
    """Twenty candidates of each member; `by_mailer` lets the mailer decide instead of the days."""
    random = np.random.default_rng(seed)
    count = members * PER_MEMBER
    matrix = random.random((count, len(RANKER_FEATURES))).astype(np.float32)
    matrix[:, Field.LAST_ORDERED_DAYS] = random.integers(0, 60, count)
    matrix[:, Field.MAILER] = random.random(count) < 0.3
    days = matrix[:, Field.LAST_ORDERED_DAYS]
    chance = np.where(matrix[:, Field.MAILER] > 0, 0.5, 0.02) if by_mailer else 0.6 * np.exp(-days / 10)
    return RankerRows(
        matrix=matrix,
        bought=random.random(count) < chance,
        members=np.repeat(np.arange(members), PER_MEMBER),
        product_rows=np.tile(np.arange(PER_MEMBER), members),
    )
