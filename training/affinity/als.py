"""ALS: members and products as short vectors whose product says how well they suit each other.

Source: Hu, Koren and Volinsky 2008, "Collaborative Filtering for Implicit Feedback Datasets".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from implicit.als import AlternatingLeastSquares
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from training.affinity.frequency import decayed_matrix
from training.affinity.moment import ShopMoment
from training.affinity.source import Scores
from training.protocol import Rows

Factors = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class FittedAls:
    """Factors of members and products; a member or product without pairs has zeros."""

    member_factors: Factors
    """float32 (members, factors)."""
    product_factors: Factors
    """float32 (products, factors)."""

    def scores(self, members: Rows) -> Scores:
        """float32 (members, products): inner products of the factors."""
        known = members >= 0
        vectors = np.zeros((len(members), self.product_factors.shape[1]))
        vectors[known] = self.member_factors[members[known]]
        # In float64: BLAS adds in another order for one member than for many, and float32 would show it.
        return (vectors @ self.product_factors.T.astype(np.float64)).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class Als:
    """Implicit alternating least squares on decayed orders."""

    factors: int
    regularization: float
    iterations: int
    alpha: float
    seed: int
    threads: int

    def fit(self, moment: ShopMoment) -> FittedAls:
        orders = decayed_matrix(moment.pairs)
        members, products = orders.shape
        if orders.nnz == 0:
            return FittedAls(
                member_factors=np.zeros((members, self.factors), dtype=np.float32),
                product_factors=np.zeros((products, self.factors), dtype=np.float32),
            )
        # implicit runs its own threads; with BLAS threads inside them it is several times slower.
        with threadpool_limits(1, user_api="blas"):
            model = AlternatingLeastSquares(
                factors=self.factors,
                regularization=self.regularization,
                iterations=self.iterations,
                alpha=self.alpha,
                num_threads=self.threads,
                random_state=self.seed,
            )
            model.fit(orders, show_progress=False)
        return FittedAls(member_factors=model.user_factors, product_factors=model.item_factors)
