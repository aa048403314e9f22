"""What the service needs from the rest: the engine, the active release, audience builds and the job queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import pyarrow as pa

from features.contracts.ids import AudienceId, MemberId, ProductId, ReleaseId
from features.contracts.scenario_settings import ScenarioSettings
from serving.answers import (
    GroupKind,
    GroupPage,
    MemberRef,
    ProductCard,
    ProductPage,
    Recommendation,
    RecommendationQuery,
)
from serving.audiences.rule import AudienceRule
from serving.members.coupons_held import CouponBook, Locale
from serving.members.view import KnownMember, MemberEvent, MemberView
from training.release.stores import Stores


class Engine(Protocol):
    """Answers for one release; immutable once loaded and safe to use from several threads."""

    @property
    def release_id(self) -> ReleaseId: ...

    @property
    def as_of(self) -> datetime: ...

    def recommend(self, query: RecommendationQuery) -> Recommendation:
        """The items for one member, best first. Raises BadRequest."""

    def check_scenarios(self, scenarios: Mapping[str, ScenarioSettings]) -> None:
        """Raises SettingsError naming the scenario that cannot be served from the release."""

    @property
    def stores(self) -> Stores | None:
        """The stores of the release and their members; None in a release of before."""

    @property
    def coupon_book(self) -> CouponBook:
        """The coupons of the release, as members hold them."""

    def known(self, member: MemberRef) -> KnownMember | None:
        """What the release holds of a member, None when unknown. Raises StoreUnavailable."""

    def member_view(self, known: KnownMember, events: Sequence[MemberEvent], *, locale: Locale) -> MemberView:
        """The single view of a member; `events` are the member's latest ones, the latest first."""

    def members_of(self, persons: Sequence[tuple[str, str]]) -> list[MemberId | None]:
        """The members behind sources and the ids in them, None for somebody unknown. Raises StoreUnavailable."""

    def similar(self, product_id: ProductId, *, count: int) -> tuple[ProductCard, ...] | None:
        """Products alike, best first; None when the product is unknown."""

    def product_name(self, product_id: ProductId) -> str | None:
        """What a product is called; None when it is unknown."""

    def search(self, text: str, *, limit: int, cursor: str | None) -> ProductPage:
        """A page of the products whose name, brand or category holds the text."""

    def groups(self, text: str, *, within: Mapping[GroupKind, str], limit: int) -> GroupPage:
        """Departments, categories, subcategories and brands whose name holds the text, among products of `within`."""


LoadEngine = Callable[[ReleaseId], Engine]
"""Loads a release; raises ReleaseDamaged."""

ActiveRelease = Callable[[], ReleaseId | None]
"""The release that should be in service; cheap enough to ask twice a second."""

Progress = Callable[[int, int, str], None]
"""Told `done, all, what` during a build; raises JobCancelled when a cancel was asked for."""

Json = dict[str, Any]
"""A JSON object as it is stored; `Any` because JSON is."""


class BuiltAudience(Protocol):
    """The outcome of a build."""

    @property
    def summary(self) -> Mapping[str, Any]:
        """JSON figures of the audience, few; `Any` because JSON is."""

    @property
    def report(self) -> Mapping[str, Any]:
        """JSON objects curve, drivers, profile, associated and, but for a dry run, manifest; `Any` because JSON is."""

    @property
    def members(self) -> pa.Table:
        """One row per member, selected or held out: the columns of `serving.records.audience_members.SCHEMA`."""


class BuildAudience(Protocol):
    """Scores everybody and picks an audience; raises FacesError when that cannot be done.

    Of a dry run the summary and the report are wanted, and no members.
    """

    def __call__(self, rule: AudienceRule, *, is_dry_run: bool, progress: Progress) -> BuiltAudience: ...


class AudienceQueue(Protocol):
    """Hands accepted audiences to the worker."""

    def enqueue(self, audience_id: AudienceId) -> None:
        """Asks for a build; the same id again changes nothing."""

    def close(self) -> None:
        """Closes every connection."""
