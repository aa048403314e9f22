"""The order in which a release cuts and keeps candidates: the ranker's, or the blend's where there is none."""

from __future__ import annotations

import numpy as np

from features.encoding import Vectors
from training.affinity.blend import blend
from training.affinity.candidates import MemberCandidates
from training.affinity.model import AffinityModel
from training.affinity.moment import ShopMoment
from training.affinity.source import Scores
from training.ranker.model import OF_MEMBER, Ranker
from training.ranker.stage import positions_of
from training.release.members import Order


def blend_order(affinity: AffinityModel, moment: ShopMoment) -> Order:
    """By the weighted sum of the first sources."""

    def order(_vectors: Vectors, union: MemberCandidates, _start: int) -> Scores:
        return blend(union.values, affinity.weights, moment.pairs.as_of_days).scores

    return order


def ranker_order(ranker: Ranker, moment: ShopMoment) -> Order:
    """By the ranker, exactly as a request at the same moment would."""
    as_of_days = moment.pairs.as_of_days
    shelf_rows = moment.facts.shelf_rows

    def order(vectors: Vectors, union: MemberCandidates, start: int) -> Scores:
        rows, places = positions_of(union)
        members = OF_MEMBER.matrix(vectors[start : start + len(union)], as_of_days=as_of_days)
        scores = np.zeros(union.product_rows.shape, dtype=np.float32)
        scores[rows, places] = ranker.probabilities(
            members[rows],
            shelf_rows[union.product_rows[rows, places]],
            union.values[rows, places],
            as_of_days=as_of_days,
        )
        return scores

    return order
