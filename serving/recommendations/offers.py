"""The scenarios that answer with something else than single products, by kind."""

from __future__ import annotations

from collections.abc import Callable

from features.contracts.scenario_settings import ScenarioKind
from serving.recommendations.ask import Ask, Offered
from serving.recommendations.bundles import offer_bundles
from serving.recommendations.contents import offer_contents
from serving.recommendations.coupon_offers import offer_coupons

OFFERS: dict[ScenarioKind, Callable[[Ask], Offered]] = {
    "associate": offer_bundles,
    "content": offer_contents,
    "coupon": offer_coupons,
}
"""What each kind is answered by; a kind that is not here answers products."""
