"""What a release recommends: a pure function of a member's row, a request, the moment and the scenarios."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from features.contracts.clock import days_since_epoch
from features.contracts.errors import BadRequest
from features.contracts.scenario_settings import ScenarioSettings
from features.store.member_now import MemberNow
from features.store.packed_member import PackedMember
from serving.answers import Fallback, Recommendation, RecommendationQuery
from serving.recommendations.ask import NO_PRODUCTS, Ask
from serving.recommendations.assortment import Assortment
from serving.recommendations.eligibility import Eligibility
from serving.recommendations.just_now import told_by
from serving.recommendations.offers import OFFERS
from serving.recommendations.pool import PoolBuilder
from serving.recommendations.product_offers import ProductOffers
from serving.recommendations.ranking import Ranker, ranker_of, scored, stored_candidates
from serving.recommendations.rules import HardRules
from training.release.loaded import LoadedRelease

Scenarios = Mapping[str, ScenarioSettings]


class Recommender:
    """Recommends from one release; safe to share between threads. The same row and request give the same answer."""

    def __init__(
        self,
        release: LoadedRelease,
        *,
        scenarios: Callable[[], Scenarios],
        zone: ZoneInfo,
        ranker: Ranker | None = None,
        compiled: bool = False,
    ) -> None:
        self._release = release
        self._scenarios = scenarios
        self._zone = zone
        self.ranker = ranker or ranker_of(release, compiled=compiled)
        self.assortment = Assortment(release, zone=zone)
        self._eligibility = Eligibility(self.assortment, release.availability)
        self._products = ProductOffers(
            assortment=self.assortment,
            eligibility=self._eligibility,
            pools=PoolBuilder(assortment=self.assortment, ranker=self.ranker, segments=release.segments),
            rules=HardRules(assortment=self.assortment, eligibility=self._eligibility),
        )

    def check(self, scenarios: Scenarios, *, as_of: datetime) -> None:
        """Raises SettingsError naming the scenario when a filter of it cannot be asked of this release's products."""
        for name, scenario in scenarios.items():
            self._eligibility.check(name, scenario, as_of)

    def recommend(
        self,
        packed: PackedMember | None,
        query: RecommendationQuery,
        *,
        as_of: datetime,
        fallback: Fallback | None = None,
        now: MemberNow | None = None,
    ) -> Recommendation:
        """Exactly `count` items, or in `filtered` why there are fewer. Raises BadRequest.

        `packed` None is somebody unknown, or, as `fallback` then says, somebody whose row cannot be read.
        """
        ask = self.ask(packed, query, as_of=as_of, now=now)
        offer = OFFERS.get(ask.scenario.kind, self._products.offer)
        offered = offer(ask)
        if fallback is None and (packed is None or not packed.candidate_ids):
            fallback = Fallback.NEW_MEMBER
        return Recommendation(
            member_id=packed.member_id if packed else None,
            as_of=as_of,
            release_id=self._release.manifest.release_id,
            items=offered.items,
            fallback=fallback,
            filtered=dict(offered.filtered),
        )

    def ask(
        self,
        packed: PackedMember | None,
        query: RecommendationQuery,
        *,
        as_of: datetime,
        now: MemberNow | None = None,
    ) -> Ask:
        """The request as scenarios take it: the member's candidates scored, the products that may come marked."""
        query = told_by(query, now)
        scenario = self._scenario(query).for_member(packed.tags if packed else ())
        eligible = self._eligibility.of_request(scenario, filter_=query.filter, store_id=query.store_id, as_of=as_of)
        candidates = NO_PRODUCTS
        if packed is not None:
            rows, values = stored_candidates(packed, self.assortment)
            candidates = scored(packed, rows, values, self.ranker, as_of_days=days_since_epoch(as_of))
        return Ask(
            query=query,
            scenario=scenario,
            as_of=as_of,
            zone=self._zone,
            release=self._release,
            packed=packed,
            now=now,
            candidates=candidates,
            eligible=eligible,
        )

    def _scenario(self, query: RecommendationQuery) -> ScenarioSettings:
        scenarios = self._scenarios()
        scenario = scenarios.get(query.scenario)
        if scenario is None:
            raise BadRequest(f"scenario: there is no such scenario; there are: {', '.join(sorted(scenarios))}")
        if scenario.kind == "product" and query.product_id is None and query.item_ids is None:
            raise BadRequest(f"context.product_id: scenario '{query.scenario}' needs the product being looked at")
        return scenario
