"""What was right at a cut-off: everything bought, what was new to the member, and the first shopping day alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from training.protocol import Ids, Rows, first_day_at
from training.ranker.stage import Stage

Truth = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Judge:
    """The purchases of the week after a cut-off, and what makes a recommendation of it novel."""

    week: int
    member_ids: Ids
    truth: csr_matrix
    """bool (members, products): bought within the week."""
    first_day: csr_matrix
    """bool (members, products): bought on the member's first shopping day of it."""
    bought_before: csr_matrix
    """bool (members, products): bought before the cut-off."""
    surprise: npt.NDArray[np.float64]
    """float64 (products,): -log2 of the share of active members who bought the product in the last 91 days."""

    @cached_property
    def new(self) -> csr_matrix:
        """bool (members, products): bought within the week, and never before."""
        found = self.truth.astype(np.int8) - self.truth.multiply(self.bought_before).astype(np.int8)
        found.eliminate_zeros()
        return csr_matrix(found.astype(np.bool_))

    @cached_property
    def repeated(self) -> csr_matrix:
        """bool (members, products): bought within the week, and before."""
        return csr_matrix(self.truth.multiply(self.bought_before).astype(np.bool_))


def judge_of(stage: Stage) -> Judge:
    """The judge of a stage."""
    pairs, holdout = stage.sources.pairs, stage.holdout
    window = stage.affinity.settings.sold_within_days
    active = len(np.unique(pairs.member_rows[pairs.last_ordered_days >= pairs.as_of_days - window]))
    rows = pairs.rows_of_members(holdout.member_ids)
    # A member who has bought nothing of the catalogue has row -1, which would be the last member's.
    known = (rows >= 0)[:, None].astype(np.float32)
    bought = pairs.matrix(np.ones(len(pairs.member_rows), dtype=np.float32))[np.maximum(rows, 0)].multiply(known)
    purchases = stage.purchases
    shares = np.maximum(stage.affinity.catalogue.buyers, 1) / max(1, active)
    return Judge(
        week=stage.cutoff.week,
        member_ids=holdout.member_ids,
        truth=holdout.truth,
        first_day=first_day_at(purchases, stage.affinity.catalogue, holdout, at=stage.cutoff.at),
        bought_before=csr_matrix(bought, dtype=np.bool_),
        surprise=-np.log2(np.minimum(shares, 1.0)),
    )


def hits_in(truth: csr_matrix, lists: Rows) -> Truth:
    """bool (members, ranks): whether the product at each rank is in `truth`; an empty place (-1) is not."""
    members = np.repeat(np.arange(len(lists)), lists.shape[1])
    products = lists.ravel()
    found = np.asarray(truth[members, np.maximum(products, 0)]).ravel() & (products >= 0)
    return found.reshape(lists.shape)
