"""Asks an engine for recommendations, in few words."""

from __future__ import annotations

from typing import Any

from serving.answers import MemberRef, Recommendation, RecommendationQuery
from serving.recommendations.engine import ReleaseEngine


def ask(
    engine: ReleaseEngine, member: str | MemberRef, count: int = 10, *, scenario: str = "home", **query: Any
) -> Recommendation:
    """What is recommended to a member; `query` are further fields of RecommendationQuery."""
    named = MemberRef(member_id=member) if isinstance(member, str) else member
    return engine.recommend(RecommendationQuery(member=named, scenario=scenario, count=count, **query))


def ids(recommendation: Recommendation) -> list[str]:
    """Ids of the items, best first."""
    return [item.id for item in recommendation.items]
