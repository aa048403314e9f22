"""A member's features in words: value, unit and sentence of each, as of the moment of asking."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from features.contracts.clock import days_since_epoch, from_days_since_epoch, moment_text
from features.contracts.ids import ReleaseId
from features.groups.declaration import FeatureType
from features.store.online import PackedMember, ordered_moments
from serving.answers import MemberFact, MemberPage, RecentPurchase
from training.release.members import ENCODING, MEMBER_GROUPS
from training.release.products import ProductShelf

MINUTES_PER_DAY = 1440


def member_page(packed: PackedMember, products: ProductShelf, *, release_id: ReleaseId, as_of: datetime) -> MemberPage:
    """The page of a packed member."""
    texts = iter(packed.texts)
    vector = iter(packed.vector.tolist())
    facts: list[MemberFact] = []
    for group in MEMBER_GROUPS:
        facts += [
            MemberFact(
                name=feature.name,
                value=next(texts) or None if feature.type is FeatureType.TEXT else _said(next(vector), feature.type),
                unit=feature.unit,
                sentence=feature.sentence,
            )
            for feature in group.features
        ]
    facts += _derived_facts(packed, as_of)
    moments = ordered_moments(packed.recent_ordered_days)
    return MemberPage(
        member_id=packed.member_id,
        as_of=as_of,
        release_id=release_id,
        facts=tuple(facts),
        recent_purchases=tuple(
            RecentPurchase(product_id=product_id, name=products.name(product_id), ordered_at=moment)
            for product_id, moment in zip(packed.recent_product_ids, moments, strict=True)
        ),
    )


def _derived_facts(packed: PackedMember, as_of: datetime) -> list[MemberFact]:
    values = ENCODING.model_matrix(packed.vector[None, :], np.array([days_since_epoch(as_of)]))[0]
    by_name = dict(zip(ENCODING.model_names, values.tolist(), strict=True))
    return [
        MemberFact(
            name=derived.name,
            value=_said(by_name[f"{group.name}__{derived.name}"], FeatureType.NUMBER),
            unit=derived.unit,
            sentence=derived.sentence,
        )
        for group in MEMBER_GROUPS
        for derived in group.derived
    ]


def _said(value: float, type_: FeatureType) -> str | float | None:
    if np.isnan(value):
        return None
    if type_ is FeatureType.MOMENT:
        # Vectors are float32, which resolves moments to about a minute: seconds would be made up.
        return moment_text(from_days_since_epoch(round(value * MINUTES_PER_DAY) / MINUTES_PER_DAY))
    return int(value) if type_ is FeatureType.COUNT else round(value, 4)
