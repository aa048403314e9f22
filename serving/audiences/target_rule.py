"""What a marketer wants to sell, as it was asked for: products by any of their names, a launch, an event, a lapse."""

from __future__ import annotations

from dataclasses import dataclass

from features.contracts.errors import BadRequest
from training.propensity.target import EventType, LaunchDescription

ATTRIBUTES = ("department", "category", "subcategory", "brand", "filter")
"""Ways to name products that may be given together; every one must hold."""
WAYS = "product_ids, list_id, department/category/subcategory/brand/filter, launch, event, lapse"


@dataclass(frozen=True, kw_only=True)
class TargetRule:
    """A target in exactly one of its ways; those of ATTRIBUTES go together and mean `and`."""

    product_ids: tuple[str, ...] = ()
    """Products by id."""
    list_id: str | None = None
    """An uploaded list of products."""
    department: str | None = None
    category: str | None = None
    subcategory: str | None = None
    brand: str | None = None
    filter: str | None = None
    """Products by the filter grammar over their attributes."""
    launch: LaunchDescription | None = None
    """A product that has never been sold."""
    event: EventType | None = None
    lapse: bool = False
    """No purchase of anything within the horizon."""

    def __post_init__(self) -> None:
        given = self.given
        if len(given) != 1:
            found = f"found {' and '.join(given)}" if given else "found nothing"
            raise BadRequest(f"target: name what to sell in exactly one way of {WAYS}; {found}")
        for name in (*ATTRIBUTES, "list_id"):
            if getattr(self, name) == "":
                raise BadRequest(f"target.{name}: is empty; name one or leave it out")
        if any(not each for each in self.product_ids):
            raise BadRequest("target.product_ids: holds an empty id; leave it out")
        if self.launch is not None:
            _check_launch(self.launch)

    @property
    def given(self) -> tuple[str, ...]:
        """The ways that are given."""
        ways = {
            "product_ids": bool(self.product_ids),
            "list_id": self.list_id is not None,
            "/".join(self.attributes) or "attributes": bool(self.attributes),
            "launch": self.launch is not None,
            "event": self.event is not None,
            "lapse": self.lapse,
        }
        return tuple(way for way, is_given in ways.items() if is_given)

    @property
    def attributes(self) -> dict[str, str]:
        """The attributes that are given, by name."""
        named = {name: getattr(self, name) for name in ATTRIBUTES}
        return {name: value for name, value in named.items() if value is not None}


def _check_launch(launch: LaunchDescription) -> None:
    if not launch.category:
        raise BadRequest("target.launch.category: is empty; a launch needs the category that it belongs to")
    if launch.price is not None and not 0 < launch.price < 1e9:
        raise BadRequest(f"target.launch.price: {launch.price}; it must be above 0, the list price of a piece")
    if both := sorted(set(launch.analogues) & set(launch.unlike)):
        raise BadRequest(f"target.launch: {both[0][:80]} is among both analogues and unlike; leave it out of one")
