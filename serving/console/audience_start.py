"""What a new audience begins with when another page leads to it: an audience's rule, or a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from serving.api.audiences import known_audience
from serving.audiences.rule import AudienceRule
from serving.records.opening import Transaction

NOT_TAKEN_OVER = ("as_of", "name")
"""A new audience is of its own moment."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """A rule, perhaps without a target yet."""

    rule: dict[str, Any]
    """As AudienceRule.to_json writes it; `Any` because JSON is."""
    name: str = ""


def start_of(
    transaction: Transaction,
    *,
    from_: UUID | None = None,
    cross: UUID | None = None,
    members: UUID | None = None,
    products: UUID | None = None,
) -> Start | None:
    """The rule to begin with; None for an empty form. Raises NotFound.

    `from_`: an audience whose rule is taken over; `cross`: one whose members it is to choose from, for the same target;
    `members`, `products`: lists.
    """
    if from_ is not None:
        audience = known_audience(transaction, str(from_))
        return Start(rule=_taken_over(audience.rule), name=audience.name or "")
    if cross is not None:
        rule = _taken_over(known_audience(transaction, str(cross)).rule)
        kept = {name: value for name, value in rule.items() if name in ("target", "horizon_days")}
        return Start(rule={**kept, "combine": {"and": [{"audience": str(cross)}]}})
    if members is not None:
        return Start(rule={"combine": {"and": [{"list": str(members)}]}})
    if products is not None:
        return Start(rule={"target": {"list_id": str(products)}})
    return None


def _taken_over(stored: dict[str, Any]) -> dict[str, Any]:
    # `Any` because JSON is
    rule = AudienceRule.from_json(stored).to_json()
    for name in NOT_TAKEN_OVER:
        rule.pop(name, None)
    holdout = rule.get("holdout", {})
    holdout.pop("salt", None)
    if not holdout:
        rule.pop("holdout", None)
    return rule
