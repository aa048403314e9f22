"""The small figures of an audience: what lists of audiences and the command line show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from features.contracts.clock import moment_text
from features.contracts.filters.columns import Mask
from serving.audiences.choose import Choice
from serving.audiences.curve import CurvePoint, interval_json
from serving.audiences.remarks import Remark, distinct
from serving.audiences.rule import AudienceRule
from serving.audiences.shop_at import ShopAt
from serving.audiences.targets import ResolvedTarget
from training.propensity.forecast import ForecastModel
from training.propensity.forecast_kinds import kind_of
from training.propensity.scored import ScoredMembers
from training.release.manifest import Manifest

TOP_MEMBERS = 5
MOST_IDS = 20
"""Products that a summary names of a target that names more."""


def summary_of(
    rule: AudienceRule,
    shop: ShopAt,
    release: Manifest,
    resolved: ResolvedTarget,
    scored: ScoredMembers,
    choice: Choice,
    forecast: ForecastModel,
    *,
    population_share: float,
    warnings: Sequence[Remark],
    notes: Sequence[Remark],
) -> dict[str, Any]:
    """Figures of an audience as JSON; `Any` because JSON is.

    Expected buyers and revenue are those of the members to be told: of the ones held out nothing is claimed.
    """
    told = choice.selected
    probabilities, revenue = scored.probabilities[told], scored.revenue_if_bought[told]
    horizon_days, kind = scored.horizon_days, kind_of(scored.target)
    buyers = forecast.buyers(probabilities, horizon_days=horizon_days, kind=kind)
    spend = forecast.revenue(probabilities, revenue, horizon_days=horizon_days, kind=kind)
    mean = float(scored.probabilities[choice.chosen].mean()) if choice.size else 0.0
    return {
        "target": _target(rule, resolved),
        "as_of": moment_text(shop.moment),
        "release": release.release_id,
        "model": f"{release.propensity.name} version {release.propensity.number}",
        "feature_schema": release.feature_schema,
        "horizon_days": horizon_days,
        "population": choice.funnel.population,
        "size": choice.size,
        "selected": choice.funnel.selected,
        "held_out": choice.funnel.held_out,
        "funnel": choice.funnel.to_json(),
        "expected_buyers": round(float(buyers.expected), 1),
        "expected_buyers_interval": interval_json(buyers),
        "expected_revenue": round(float(spend.expected), 2),
        "expected_revenue_interval": interval_json(spend),
        "currency": shop.settings.currency,
        "mean_probability": round(mean, 6),
        "lift": round(mean / population_share, 2) if population_share and choice.size else None,
        "top_members": [
            {
                "member_id": str(scored.member_ids[place]),
                "probability": round(float(scored.probabilities[place]), 4),
            }
            for place in told[:TOP_MEMBERS].tolist()
        ],
        **remarks_json(warnings, notes),
    }


def remarks_json(warnings: Sequence[Remark], notes: Sequence[Remark]) -> dict[str, list[Any]]:
    """Keys warnings and notes in English, and remarks: all of them in both languages; `Any` because JSON is."""
    warnings, notes = distinct(warnings), distinct(notes)
    return {
        "warnings": [each.en for each in warnings],
        "notes": [each.en for each in notes],
        "remarks": [
            *(each.to_json("warning") for each in warnings),
            *(each.to_json("note") for each in notes),
        ],
    }


def _target(rule: AudienceRule, resolved: ResolvedTarget) -> dict[str, Any]:
    """The target as it was asked for and as it was understood."""
    asked = AudienceRule(target=rule.target).to_json()["target"]
    if "product_ids" in asked:
        asked["product_ids"] = asked["product_ids"][:MOST_IDS]
    return {**asked, **resolved.to_json()}


def curve_json(points: Sequence[CurvePoint]) -> list[dict[str, Any]]:
    """The curve as JSON; `Any` because JSON is."""
    return [point.to_json() for point in points]


def population_share(scored: ScoredMembers, population: Mask) -> float:
    """Mean probability of the population."""
    own = scored.probabilities[population]
    return float(own.mean()) if len(own) else 0.0
