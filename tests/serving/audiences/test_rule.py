"""What an audience may ask for."""

from __future__ import annotations

import json

import pytest

from features.contracts.errors import BadRequest
from serving.audiences.rule import AudienceRule


@pytest.mark.parametrize(
    "rule",
    [
        AudienceRule(category="CHEESE"),
        AudienceRule(category="CHEESE", size=1),
        AudienceRule(category="奶酪", min_probability=0.0),
        AudienceRule(category="CHEESE", min_probability=1.0),
    ],
)
def test_a_rule_survives_being_stored(rule: AudienceRule) -> None:
    assert AudienceRule.from_json(json.loads(json.dumps(rule.to_json()))) == rule


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"size": 5, "min_probability": 0.5}, "give size or min_probability, not both"),
        ({"size": 0}, "size is 0; it must be at least 1"),
        ({"size": -3}, "size is -3; it must be at least 1"),
        ({"min_probability": -0.01}, r"min_probability is -0\.01; it must lie between 0 and 1"),
        ({"min_probability": 1.01}, r"min_probability is 1\.01; it must lie between 0 and 1"),
        ({"min_probability": float("nan")}, "min_probability is nan; it must lie between 0 and 1"),
    ],
)
def test_what_makes_no_sense_is_refused(asked: dict[str, float], complaint: str) -> None:
    with pytest.raises(BadRequest, match=complaint):
        AudienceRule(category="CHEESE", **asked)  # type: ignore[arg-type]  # sizes are whole in every case
