"""Every feature group there is; Feast views, checks and the generated page derive from this list."""

from __future__ import annotations

from features.groups.declaration import FeatureGroup
from features.groups.demand import CATEGORY_DEMAND, PRODUCT_DEMAND
from features.groups.member_advocacy import MEMBER_ADVOCACY
from features.groups.member_affinity import MEMBER_CATEGORY, MEMBER_PRODUCT
from features.groups.member_coupons import MEMBER_COUPONS
from features.groups.member_facts import MEMBER_FACTS
from features.groups.member_mix import MEMBER_MIX
from features.groups.member_rhythm import MEMBER_RHYTHM
from features.groups.member_standing import MEMBER_STANDING
from features.groups.member_taste import MEMBER_TASTE
from features.groups.member_value import MEMBER_VALUE
from features.groups.product_facts import PRODUCT_FACTS

GROUPS: dict[str, FeatureGroup] = {
    group.name: group
    for group in (
        MEMBER_VALUE,
        MEMBER_RHYTHM,
        MEMBER_MIX,
        MEMBER_COUPONS,
        MEMBER_CATEGORY,
        MEMBER_PRODUCT,
        PRODUCT_FACTS,
        PRODUCT_DEMAND,
        CATEGORY_DEMAND,
        MEMBER_STANDING,
        MEMBER_TASTE,
        MEMBER_ADVOCACY,
        MEMBER_FACTS,
    )
}
