"""Training rows of the ranker: every candidate of a cut-off's members, and whether it was bought in the week after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.affinity.blend import Field
from training.protocol import Rows
from training.ranker.features import RANKER_FEATURES, ranker_matrix
from training.ranker.model import HOURS_PER_DAY, OF_MEMBER, OF_PRODUCT
from training.ranker.stage import Stage, positions_of

PROMOTIONS = ("mailer", "display")


@dataclass(frozen=True, kw_only=True)
class RankerRows:
    """Candidates of several members; rows of one member lie together, in catalogue order."""

    matrix: npt.NDArray[np.float32]
    """float32 (rows, RANKER_FEATURES), promotions included."""
    bought: npt.NDArray[np.bool_]
    """Whether the member bought the product in the week after the cut-off."""
    members: Rows
    """Position of the row's member in the holdout."""
    product_rows: Rows
    """ProductRow of the catalogue."""

    def __len__(self) -> int:
        return len(self.members)

    @property
    def group_sizes(self) -> Rows:
        """Rows of each member that has any, in order."""
        sizes = np.bincount(self.members)
        return sizes[sizes > 0]

    def kept(self, mask: npt.NDArray[np.bool_]) -> RankerRows:
        """The rows of a mask."""
        return RankerRows(
            matrix=self.matrix[mask],
            bought=self.bought[mask],
            members=self.members[mask],
            product_rows=self.product_rows[mask],
        )


def rows_of_stage(stage: Stage) -> RankerRows:
    """Every candidate of the stage's members, by the function that requests use."""
    hour = int(stage.as_of_days * HOURS_PER_DAY) / HOURS_PER_DAY
    products = OF_PRODUCT.matrix(stage.shelf.matrix, as_of_days=hour)
    members = OF_MEMBER.matrix(stage.member_vectors, as_of_days=stage.as_of_days)
    shelf_rows = stage.sources.moment.facts.shelf_rows
    parts: list[RankerRows] = []
    for start, union in stage.unions():
        rows, places = positions_of(union)
        product_rows = union.product_rows[rows, places]
        truth = stage.holdout.truth[start : start + len(union)]
        parts.append(
            RankerRows(
                matrix=ranker_matrix(
                    union.values[rows, places],
                    products[shelf_rows[product_rows]],
                    members[start + rows],
                    as_of_days=stage.as_of_days,
                    promotions=PROMOTIONS,
                ),
                bought=np.asarray(truth[rows, product_rows]).ravel(),
                members=start + rows,
                product_rows=product_rows,
            )
        )
    return joined(parts)


def joined(parts: Sequence[RankerRows], *, offset: bool = False) -> RankerRows:
    """The rows of several parts; with `offset` members of different parts are different members."""
    if not parts:
        empty = np.empty(0, dtype=np.int64)
        return RankerRows(
            matrix=np.empty((0, len(RANKER_FEATURES)), dtype=np.float32),
            bought=np.empty(0, dtype=np.bool_),
            members=empty,
            product_rows=empty,
        )
    firsts = np.zeros(len(parts), dtype=np.int64)
    if offset:
        firsts[1:] = np.cumsum([int(part.members.max(initial=-1)) + 1 for part in parts])[:-1]
    return RankerRows(
        matrix=np.concatenate([part.matrix for part in parts]),
        bought=np.concatenate([part.bought for part in parts]),
        members=np.concatenate([part.members + first for part, first in zip(parts, firsts, strict=True)]),
        product_rows=np.concatenate([part.product_rows for part in parts]),
    )


def sampled(rows: RankerRows, *, negative_share: float, seed: int) -> RankerRows:
    """Every bought row of members who bought a candidate, and a share of what they did not buy.

    For learning alone: an order that is learnt from a part is evaluated on all.
    """
    has_bought = np.zeros(int(rows.members.max(initial=-1)) + 1, dtype=np.bool_)
    has_bought[rows.members[rows.bought]] = True
    is_drawn = np.random.default_rng(seed).random(len(rows)) < negative_share
    return rows.kept(has_bought[rows.members] & (rows.bought | is_drawn))


def without_promotions(matrix: npt.NDArray[np.float32], promotions: Sequence[str]) -> npt.NDArray[np.float32]:
    """The matrix with every promotion at zero that is not named; itself when all are."""
    left_out = [Field[name.upper()] for name in PROMOTIONS if name not in promotions]
    if not left_out:
        return matrix
    changed = matrix.copy()
    changed[:, left_out] = 0.0
    return changed
