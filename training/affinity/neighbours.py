"""Neighbours: what the members with the most similar habits have bought of late.

Source: Hu et al. 2020, "Modeling Personalized Item Frequency Information for Next-basket Recommendation" (TIFU-KNN).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from implicit.nearest_neighbours import normalize
from scipy.sparse import csr_matrix, diags

from features.groups.member_affinity import FAST_HALF_LIFE_DAYS
from training.affinity.frequency import decayed_matrix, decayed_to
from training.affinity.moment import ShopMoment
from training.affinity.source import Scores
from training.affinity.top import top_mask
from training.protocol import Rows

MOST_ORDERS = 1.5
"""A neighbour's orders of one product count this much at most, so that one keen buyer is not a trend."""
MOST_REFERENCES = 20_000
"""Members among whom neighbours are looked for; a larger shop is sampled, so that time grows with members alone."""


@dataclass(frozen=True, kw_only=True)
class FittedNeighbours:
    """Habits of every member, and of the members who may be neighbours."""

    habits: csr_matrix
    """float32 (members, products), rows of length 1."""
    references: Rows
    """int64 (references,): MemberRows that may be neighbours."""
    lately: csr_matrix
    """float32 (references, products): what each of them bought of late."""
    own: csr_matrix
    """float32 (members, products): the members' own decayed orders."""
    count: int
    own_share: float

    def scores(self, members: Rows) -> Scores:
        """float32 (members, products): mean of the nearest members' late orders, weighted by similarity."""
        known = members >= 0
        scores = np.zeros((len(members), self.habits.shape[1]), dtype=np.float32)
        asked = members[known]
        similar = (self.habits[asked] @ self.habits[self.references].T).toarray()
        similar[asked[:, None] == self.references[None, :]] = 0.0
        nearest = csr_matrix(np.where(top_mask(similar, self.count), similar, np.float32(0)))
        wholes = np.asarray(nearest.sum(axis=1)).ravel()
        mean = diags(1.0 / np.where(wholes > 0, wholes, 1.0)) @ (nearest @ self.lately)
        found = csr_matrix(mean, dtype=np.float32)
        if self.own_share:
            found = found * (1.0 - self.own_share) + self.own[asked] * self.own_share
        scores[known] = found.toarray()
        return scores


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """The `count` members nearest by cosine over the roots of decayed orders."""

    count: int = 300
    own_share: float = 0.0
    """Share of the member's own decayed orders in the score; with it the source is TIFU-KNN whole."""
    seed: int = 0

    def fit(self, moment: ShopMoment) -> FittedNeighbours:
        pairs = moment.pairs
        own = decayed_matrix(pairs)
        members = len(pairs.member_ids)
        references = np.arange(members)
        if members > MOST_REFERENCES:
            references = np.sort(np.random.default_rng(self.seed).choice(members, MOST_REFERENCES, replace=False))
        lately = pairs.matrix(
            np.minimum(
                decayed_to(
                    pairs.fast_decayed_orders,
                    pairs.last_ordered_days,
                    as_of_days=pairs.as_of_days,
                    half_life_days=FAST_HALF_LIFE_DAYS,
                ),
                np.float32(MOST_ORDERS),
            )
        )
        return FittedNeighbours(
            habits=csr_matrix(normalize(own.sqrt()), dtype=np.float32),
            references=references,
            lately=lately[references],
            own=own,
            count=self.count,
            own_share=self.own_share,
        )
