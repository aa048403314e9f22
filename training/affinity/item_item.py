"""Item-item: products whose buyers also bought what the member buys (cosine over members)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from implicit.nearest_neighbours import ItemItemRecommender, normalize
from scipy.sparse import csr_matrix

from training.affinity.frequency import decayed_matrix
from training.affinity.moment import ShopMoment
from training.affinity.source import Scores
from training.protocol import Rows


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """The nearest products of each product, itself among them, nearest first."""

    rows: npt.NDArray[np.int32]
    """int32 (products, neighbours); -1 fills where there are fewer."""
    similarities: npt.NDArray[np.float32]
    """float32 (products, neighbours); cosine, 0 where there is no neighbour."""

    def matrix(self) -> csr_matrix:
        """float32 (products, products)."""
        found = self.rows >= 0
        indptr = np.concatenate([[0], np.cumsum(found.sum(axis=1))])
        return csr_matrix((self.similarities[found], self.rows[found], indptr), shape=(len(self.rows), len(self.rows)))


@dataclass(frozen=True, kw_only=True)
class FittedItemItem:
    """Neighbours, and the members' decayed orders that they are summed over."""

    neighbours: Neighbours
    orders: csr_matrix
    """float32 (members, products)."""

    def scores(self, members: Rows) -> Scores:
        """float32 (members, products): similarity to each bought product times its decayed orders, summed."""
        known = members >= 0
        scores = np.zeros((len(members), self.orders.shape[1]), dtype=np.float32)
        scores[known] = (self.orders[members[known]] @ self.neighbours.matrix()).toarray()
        return scores


@dataclass(frozen=True, kw_only=True)
class ItemItem:
    """Cosine over members' decayed orders, the `neighbours` nearest products of each product kept."""

    neighbours: int
    threads: int

    def fit(self, moment: ShopMoment) -> FittedItemItem:
        orders = decayed_matrix(moment.pairs)
        return FittedItemItem(neighbours=nearest(orders, self.neighbours, threads=self.threads), orders=orders)


def nearest(rows: csr_matrix, neighbours: int, *, threads: int) -> Neighbours:
    """The `neighbours` products nearest to each product by cosine over `rows`, float32 (rows, products)."""
    if rows.nnz == 0:
        return _arrange(csr_matrix((rows.shape[1], rows.shape[1])))
    # What CosineRecommender does, less its warning about the COO matrix that it makes itself.
    model = ItemItemRecommender(K=neighbours, num_threads=threads)
    model.fit(normalize(rows.T).T.tocsr(), show_progress=False)
    return _arrange(model.similarity.tocsr())


def _arrange(similarity: csr_matrix) -> Neighbours:
    """The rows of a sparse matrix as a rectangle, nearest first and then by product row."""
    products = similarity.shape[0]
    counts = np.diff(similarity.indptr)
    of = np.repeat(np.arange(products), counts)
    values = similarity.data.astype(np.float32)
    order = np.lexsort((similarity.indices, -values, of))
    places = np.arange(len(of)) - np.repeat(similarity.indptr[:-1], counts)
    width = int(counts.max(initial=0))
    rows = np.full((products, width), -1, dtype=np.int32)
    similarities = np.zeros((products, width), dtype=np.float32)
    rows[of, places] = similarity.indices[order]
    similarities[of, places] = values[order]
    return Neighbours(rows=rows, similarities=similarities)
