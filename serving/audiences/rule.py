"""What a marketer asks for: whom to tell about what, how many of them, and who is left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, PlainSerializer, PlainValidator, TypeAdapter, ValidationError

from features.contracts.errors import BadRequest
from serving.audiences.combine import Combination, combination_json, read_combination
from serving.audiences.target_rule import TargetRule

LONGEST_DAYS = 365
"""What happened longer ago is not looked at."""
LARGEST_HOLDOUT = 0.5

Channel = Literal["sms", "email", "wechat"]


@dataclass(frozen=True, kw_only=True)
class BoughtCategory:
    """A purchase from a category within the last days."""

    category: str
    days: int

    def __post_init__(self) -> None:
        _check_days("population.bought_category_within.days", self.days)


@dataclass(frozen=True, kw_only=True)
class PopulationRule:
    """Whom the audience is chosen from; every condition must hold."""

    bought_within_days: int | None = None
    """Bought anything within these days; None: the setting `propensity.active_within_days`."""
    bought_category_within: BoughtCategory | None = None
    filter: str | None = None
    """Members by the filter grammar over their attributes and features."""
    tags: tuple[str, ...] = ()
    """Has one of these tags, as `at_risk` or `lover:TEA`."""
    store_ids: tuple[str, ...] = ()
    """Bought in one of these stores."""
    channels: tuple[str, ...] = ()
    """Bought through one of these channels."""

    def __post_init__(self) -> None:
        _check_days("population.bought_within_days", self.bought_within_days)


@dataclass(frozen=True, kw_only=True)
class ExcludeRule:
    """Who is left out."""

    bought_within_days: int | None = None
    """Bought of the target within these days."""
    contacted_within_days: int | None = None
    """Reached by a campaign, or handed to a channel by an export, within these days."""
    audience_ids: tuple[str, ...] = ()
    """Members of these audiences, those held out among them."""

    def __post_init__(self) -> None:
        _check_days("exclude.bought_within_days", self.bought_within_days)
        _check_days("exclude.contacted_within_days", self.contacted_within_days)


@dataclass(frozen=True, kw_only=True)
class HoldoutRule:
    """A share of those chosen who are not told, so that the effect can be measured."""

    share: float = 0.0
    salt: str | None = None
    """Who is held out depends on it and on the person alone; None: the shop's salt for this target."""

    def __post_init__(self) -> None:
        if not 0 <= self.share <= LARGEST_HOLDOUT:
            raise BadRequest(f"holdout.share: {self.share}; it must lie between 0 and {LARGEST_HOLDOUT}")


@dataclass(frozen=True, kw_only=True)
class AudienceRule:
    """An audience as it was asked for; the same rule, release, moment and records give the same audience."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    target: TargetRule
    horizon_days: int | None = None
    """Days within which a purchase counts; None: the setting `propensity.horizon_days`."""
    population: PopulationRule = field(default_factory=PopulationRule)
    size: int | None = None
    """The likeliest, this many."""
    min_probability: float | None = None
    """Everybody at least this likely."""
    expected_buyers: float | None = None
    """As few as will bring this many buyers."""
    exclude: ExcludeRule = field(default_factory=ExcludeRule)
    channel: Channel | None = None
    """Only members with a contact and consent for it; None: no channel is asked."""
    combine: Annotated[
        Combination | None,
        PlainValidator(lambda value: value if value is None else read_combination(value)),
        PlainSerializer(lambda tree: tree if tree is None else combination_json(tree)),
    ] = None
    """Audiences and lists that narrow the population."""
    holdout: HoldoutRule = field(default_factory=HoldoutRule)
    with_coupons: bool = False
    """Also name each member's best running coupon."""
    as_of: datetime | None = None
    """Answered as if it were this moment; None: the shop's."""
    name: str | None = None

    def __post_init__(self) -> None:
        cuts = {name: getattr(self, name) for name in ("size", "min_probability", "expected_buyers")}
        given = [name for name, value in cuts.items() if value is not None]
        if len(given) > 1:
            raise BadRequest(
                f"audience: give one of size, min_probability and expected_buyers, not {' and '.join(given)}"
            )
        if self.size is not None and self.size < 1:
            raise BadRequest(f"audience: size is {self.size}; it must be at least 1")
        if self.min_probability is not None and not 0 <= self.min_probability <= 1:
            raise BadRequest(f"audience: min_probability is {self.min_probability}; it must lie between 0 and 1")
        if self.expected_buyers is not None and not 0 < self.expected_buyers < float("inf"):
            raise BadRequest(f"audience: expected_buyers is {self.expected_buyers}; it must be above 0")
        if self.horizon_days is not None and self.horizon_days < 1:
            raise BadRequest(f"audience: horizon_days is {self.horizon_days}; it must be at least 1")
        if self.as_of is not None and self.as_of.tzinfo is None:
            # the class is frozen, and a moment without a zone is UTC everywhere
            object.__setattr__(self, "as_of", self.as_of.replace(tzinfo=UTC))

    def to_json(self) -> dict[str, Any]:
        """The rule as JSON, what was not asked for left out; `Any` because JSON is."""
        written: dict[str, Any] = _adapter().dump_python(self, mode="json", exclude_defaults=True)
        return written

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> AudienceRule:
        """The rule that `to_json` wrote, now or before rules had targets. Raises BadRequest naming each wrong key."""
        if "category" in value and "target" not in value:
            value = {**value, "target": {"category": value["category"]}}
            del value["category"]
        try:
            return _adapter().validate_python(value)
        except ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(map(str, each['loc'])) or 'audience'}: {each['msg']}"
                for each in error.errors(include_input=False, include_url=False)
            )
            raise BadRequest(f"audience: {wrong}") from error


@cache
def _adapter() -> TypeAdapter[AudienceRule]:
    return TypeAdapter(AudienceRule)


def _check_days(where: str, days: int | None) -> None:
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise BadRequest(f"{where}: {days}; it must lie between 1 and {LONGEST_DAYS} days")
