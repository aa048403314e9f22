"""What a marketer asks for: whom to reach for which goods, and how many."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from features.contracts.errors import BadRequest


@dataclass(frozen=True, kw_only=True)
class AudienceRule:
    """An audience as it was asked for; the same rule, release and moment give the same audience."""

    category: str
    """The goods to sell."""
    size: int | None = None
    """The most likely buyers, this many."""
    min_probability: float | None = None
    """Everybody at least this likely to buy."""

    def __post_init__(self) -> None:
        if self.size is not None and self.min_probability is not None:
            raise BadRequest("audience: give size or min_probability, not both")
        if self.size is not None and self.size < 1:
            raise BadRequest(f"audience: size is {self.size}; it must be at least 1")
        if self.min_probability is not None and not 0 <= self.min_probability <= 1:
            raise BadRequest(f"audience: min_probability is {self.min_probability}; it must lie between 0 and 1")

    def to_json(self) -> dict[str, Any]:
        """The rule as JSON; `Any` because JSON is."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> AudienceRule:
        """The rule that `to_json` wrote."""
        return cls(**value)
