"""Taste: short vectors of members, and how well a member's vector suits the buyers of any set of products.

The vectors come from a truncated decomposition of members x product types; a set needs no vector of its own, so one
that was never asked for before is answered from its buyers alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, diags
from sklearn.utils.extmath import randomized_svd
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

Factors = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]

MEMBERS_LEARNT_FROM = 50_000
"""The directions of taste are told from this many members, and everybody is projected on them."""
RIDGE = 10.0
"""Keeps few buyers from being taken for a direction: the narrower one is among members, the more buyers it takes."""
VOLUME_SPREAD = 0.3
"""Standard deviation of how much a member buys beside the directions, which are at most 1 long together."""


def member_factors(orders: csr_matrix, *, factors: int, seed: int) -> Factors:
    """float32 (members, factors): each member's place along the main directions of taste, and how much is bought.

    `orders` is (members, groups): decayed orders. Rows are weighted as in text retrieval (rare groups say more) and
    brought to length one; their length before that is the last factor. Directions keep their length: one along which
    members differ little says little.
    """
    members, groups = orders.shape
    found = np.zeros((members, factors), dtype=np.float32)
    width = min(factors - 1, members - 1, groups - 1)
    if orders.nnz == 0 or width < 1:
        return found
    weights = orders.astype(np.float64)
    weights.data = np.log1p(4.0 * weights.data)
    buyers = np.bincount(weights.indices, minlength=groups)
    weights = weights @ diags(np.log((1.0 + members) / (1.0 + buyers)) + 0.1)
    lengths = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=1)).ravel())
    weights = csr_matrix(diags(1.0 / np.maximum(lengths, 1e-12)) @ weights)
    learnt = np.random.default_rng(seed).permutation(members)[:MEMBERS_LEARNT_FROM]
    with threadpool_limits(1, user_api="blas"):
        _, _, directions = randomized_svd(weights[np.sort(learnt)], n_components=width, n_iter=4, random_state=seed)
        found[:, :width] = weights @ directions.T
    volume = np.log1p(lengths)
    found[:, -1] = VOLUME_SPREAD * (volume - volume.mean()) / max(float(volume.std()), 1e-12)
    return found


class Taste:
    """The members' factors, ready to liken everybody to the buyers of any set.

    Ridge regression of "is a buyer" on the factors: only its right side depends on the set, so the rest is done once.
    """

    def __init__(self, factors: Factors) -> None:
        wide = np.concatenate([np.ones((len(factors), 1), dtype=np.float32), _filled(factors)], axis=1)
        # One BLAS thread: the matrices are narrow, and threads that wait for each other cost more than they do.
        with threadpool_limits(1, user_api="blas"):
            inverse = np.linalg.inv((wide.T @ wide).astype(np.float64) + RIDGE * np.eye(wide.shape[1]))
            self._leverage = np.einsum("ij,ij->i", wide @ inverse.astype(np.float32), wide).astype(np.float64)
        self._wide = wide
        self._inverse = inverse

    def likeness(self, is_buyer: Truths) -> Floats:
        """float64 (members,): share of buyers expected among members of the same taste, the member himself left out."""
        summed = self._wide[is_buyer].sum(axis=0, dtype=np.float64)
        # Without BLAS: telling it to keep to one thread takes longer than the narrow product itself.
        fitted = np.einsum("ij,j->i", self._wide, (self._inverse @ summed).astype(np.float32)).astype(np.float64)
        left_out = (fitted - self._leverage * is_buyer) / np.maximum(1.0 - self._leverage, 1e-6)
        return np.asarray(left_out, dtype=np.float64)


def _filled(factors: Factors) -> Factors:
    """The factors, a member whose taste is not known standing in the middle of all."""
    unknown = np.isnan(factors[:, 0]) if factors.shape[1] else np.zeros(len(factors), dtype=np.bool_)
    if not unknown.any():
        return factors
    filled = factors.copy()
    filled[unknown] = factors[~unknown].mean(axis=0) if not unknown.all() else 0.0
    return filled
