"""What to offer a member in each place that has recommendations; looking at it is told to no report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from features.contracts.ids import MemberId, ProductId
from features.contracts.scenario_settings import ScenarioKind
from serving.answers import MemberRef, RecommendationQuery, RecommendedItem
from serving.console.visit import Visitor
from serving.console.words.member import FALLBACKS, short_words
from serving.console.words.scenario import SHOWS, TITLES, scenario_title
from serving.state import ServiceState

FROM_A_PRODUCT: tuple[ScenarioKind, ...] = ("cart", "product")
"""Kinds that start from a product."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place that has recommendations."""

    name: str
    kind: ScenarioKind
    title: str
    sentence: str

    @property
    def starts_from_product(self) -> bool:
        return self.kind in FROM_A_PRODUCT


@dataclass(frozen=True, kw_only=True)
class Ideas:
    """What a place offers a member."""

    place: Place
    items: Sequence[RecommendedItem]
    fallback: str | None
    """Why it is not personal, in words."""
    why_few: Sequence[str]
    """Why there are fewer than asked for; empty when there are not."""


@dataclass(frozen=True, kw_only=True)
class IdeaDesk:
    """Asks the release in service what to offer, as the API does, and logs nothing: nothing was shown to the member."""

    state: ServiceState
    visitor: Visitor
    member_id: MemberId

    @property
    def places(self) -> tuple[Place, ...]:
        """Every scenario in service, in the order of TITLES."""
        scenarios, order, language = self.state.scenarios.current, list(TITLES), self.visitor.language
        return tuple(
            Place(
                name=name,
                kind=each.kind,
                title=scenario_title(name, each.kind, language),
                sentence=language.say(SHOWS[each.kind]),
            )
            for name, each in sorted(scenarios.items(), key=lambda found: (order.index(found[1].kind), found[0]))
        )

    def of_kind(self, kind: ScenarioKind, *, count: int) -> Ideas | None:
        """What the first place of a kind offers; None where there is none."""
        place = next((each for each in self.places if each.kind == kind), None)
        return None if place is None else self.at(place, count=count)

    def at(self, place: Place, *, count: int, product_id: str | None = None) -> Ideas:
        """What a place offers; one that starts from a product offers nothing without."""
        if place.starts_from_product and product_id is None:
            return Ideas(place=place, items=(), fallback=None, why_few=())
        product = None if product_id is None else ProductId(product_id)
        answer = self.state.releases.engine.recommend(
            RecommendationQuery(
                member=MemberRef(member_id=self.member_id),
                scenario=place.name,
                count=count,
                product_id=product if place.kind == "product" else None,
                basket=(product,) if product is not None and place.kind == "cart" else (),
                store_id=self.visitor.holder.store_id,
                locale=self.visitor.language.code,
            )
        )
        is_short = len(answer.items) < count
        return Ideas(
            place=place,
            items=answer.items,
            fallback=None if answer.fallback is None else self.visitor.language.say(FALLBACKS[answer.fallback]),
            why_few=short_words(answer.filtered, self.visitor) if is_short else (),
        )
