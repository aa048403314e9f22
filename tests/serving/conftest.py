"""A service over a fake engine: real records, real keys, real routes, no release."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from literal_view import ANNA, BOOK, VIEW

from features.contracts.errors import SettingsError, StoreUnavailable
from features.contracts.ids import AudienceId, MemberId, ProductId, ReleaseId
from features.contracts.records_settings import RecordsSettings
from features.contracts.scenario_settings import ScenarioSettings
from features.contracts.settings import Settings, load_settings
from serving.accounts.passwords import Passwords
from serving.answers import (
    Fallback,
    GroupKind,
    GroupPage,
    MemberRef,
    ProductCard,
    ProductGroup,
    ProductPage,
    Reason,
    Recommendation,
    RecommendationQuery,
    RecommendedItem,
)
from serving.api.app import make_app
from serving.auth import Scope, create_key
from serving.jobs import prepare_jobs
from serving.members.coupons_held import CouponBook, Locale
from serving.members.view import KnownMember, MemberEvent, MemberView
from serving.records.opening import Records, open_records
from serving.state import ServiceState, open_state
from training.release.stores import Stores

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FIRST_RELEASE = ReleaseId("r000001")
AS_OF = datetime(2017, 12, 31, 5, 0, tzinfo=UTC)
STORE = "s1"
"""The store of the associate's key."""


ON_BOTH = frozenset(
    {
        "accounts",
        "api",
        "events",
        "exports",
        "forgetting",
        "lists",
        "members",
        "records",
        "reports",
        "results",
        "stores",
    }
    | {"test_auth", "test_job", "test_jobs", "test_log", "test_prune"}
)
"""Folders and files whose tests run on both record stores: on SQLite always, on PostgreSQL among the slow ones."""


WAYS_TO_M1 = (
    MemberRef(member_id="m1"),
    MemberRef(member_id="old/1"),
    MemberRef(source="pos", source_id="1"),
    MemberRef(source="shop/web", source_id="安娜 01"),
    MemberRef(phone_hash="ab" * 32),
    MemberRef(wechat_openid="o-1"),
    MemberRef(card_no="8800 1"),
)


@dataclass(frozen=True, kw_only=True)
class FakeEngine:
    """Knows the member m1 and the products p1 to p300."""

    release_id: ReleaseId = FIRST_RELEASE
    as_of: datetime = AS_OF
    is_store_down: bool = False
    refuses_scenarios: bool = False
    items: tuple[RecommendedItem, ...] = ()
    """Answered in place of products, when there are any."""
    stores: Stores | None = None
    coupon_book: CouponBook = BOOK
    asked: list[RecommendationQuery] = field(default_factory=list)
    locales: list[Locale] = field(default_factory=list)
    checked: list[Mapping[str, ScenarioSettings]] = field(default_factory=list)

    def recommend(self, query: RecommendationQuery) -> Recommendation:
        self.asked.append(query)
        is_known = query.member.member_id == "m1"
        removed = {*query.exclude, *query.basket, query.product_id}
        chosen = [ProductId(f"p{n}") for n in range(1, 301) if f"p{n}" not in removed][: query.count]
        return Recommendation(
            member_id=MemberId("m1") if is_known else None,
            as_of=self.as_of,
            release_id=self.release_id,
            items=self.items
            or tuple(
                RecommendedItem(
                    id=product_id,
                    name=f"Product {product_id}",
                    score=1 / rank,
                    source="frequency",
                    reasons=(Reason(code="bought_often", sentence="You buy this often."),),
                )
                for rank, product_id in enumerate(chosen, start=1)
            ),
            fallback=None if is_known else Fallback.NEW_MEMBER,
            filtered={"excluded": len(query.exclude)} if query.exclude else {},
        )

    def check_scenarios(self, scenarios: Mapping[str, ScenarioSettings]) -> None:
        self.checked.append(scenarios)
        if self.refuses_scenarios:
            raise SettingsError("settings: scenarios.home.filter: filter: at character 1: there is no attribute 'x'")

    def known(self, member: MemberRef) -> KnownMember | None:
        if self.is_store_down:
            raise StoreUnavailable("online: /secret/path/rows.db cannot be read")
        return ANNA if member in WAYS_TO_M1 else None

    def member_view(self, known: KnownMember, events: Sequence[MemberEvent], *, locale: Locale) -> MemberView:
        self.locales.append(locale)
        return replace(VIEW, member_id=known.member_id, as_of=self.as_of, events=events)

    def members_of(self, persons: Sequence[tuple[str, str]]) -> list[MemberId | None]:
        return [MemberId(f"m{own}") if source == "pos" else None for source, own in persons]

    def similar(self, product_id: ProductId, *, count: int) -> tuple[ProductCard, ...] | None:
        if not product_id.startswith("p"):
            return None
        return tuple(_card(f"p{n}", score=1 / n) for n in range(1, count + 1))

    def product_name(self, product_id: ProductId) -> str | None:
        return f"Product {product_id}" if product_id.startswith("p") else None

    def search(self, text: str, *, limit: int, cursor: str | None) -> ProductPage:
        start = int(cursor or 0)
        found = [_card(f"p{n}") for n in range(1, 301) if text in f"Product p{n}"]
        end = start + limit
        return ProductPage(items=tuple(found[start:end]), next_cursor=str(end) if end < len(found) else None)

    def groups(self, text: str, *, within: Mapping[GroupKind, str], limit: int) -> GroupPage:
        found = [_group("category", "SOFT DRINKS"), _group("brand", "Brand")]
        items = [each for each in found if each.kind not in within and text.upper() in each.name.upper()]
        return GroupPage(products=300, items=tuple(items[:limit]))


def _group(kind: GroupKind, name: str) -> ProductGroup:
    return ProductGroup(kind=kind, name=name, products=300, parent=None)


def _card(product_id: str, *, score: float | None = None) -> ProductCard:
    return ProductCard(
        product_id=ProductId(product_id),
        name=f"Product {product_id}",
        brand="Brand",
        category="SOFT DRINKS",
        price=1.5,
        score=score,
    )


@dataclass
class FakeShelf:
    """The engines that can be loaded and the active release."""

    engines: dict[ReleaseId, FakeEngine | Exception]
    active: ReleaseId | None

    def load(self, release_id: ReleaseId) -> FakeEngine:
        engine = self.engines[release_id]
        if isinstance(engine, Exception):
            raise engine
        return engine


@dataclass
class FakeQueue:
    """Remembers what was enqueued; `error` makes it fail."""

    enqueued: list[AudienceId] = field(default_factory=list)
    error: Exception | None = None

    def enqueue(self, audience_id: AudienceId) -> None:
        if self.error is not None:
            raise self.error
        self.enqueued.append(audience_id)

    def close(self) -> None:
        self.error = OSError("closed")


@dataclass
class Api:
    """A running service and a client that holds one key of each kind."""

    state: ServiceState
    engine: FakeEngine
    queue: FakeQueue
    transport: httpx.ASGITransport
    keys: dict[str, str]

    def send(
        self,
        method: str,
        path: str,
        *,
        key: str | None = "admin",
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """The answer to one request; `key` is a scope."""
        sent = dict(headers or {})
        if key is not None:
            sent.setdefault("Authorization", f"Bearer {self.keys[key]}")

        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=self.transport, base_url="http://faces") as client:
                return await client.request(method, path, json=json, content=content, headers=sent)

        return asyncio.run(ask())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs the tests of ON_BOTH twice, but for files that choose the store themselves."""
    place = Path(str(metafunc.definition.fspath))
    if not ON_BOTH.isdisjoint({place.stem, place.parent.name}) and not hasattr(metafunc.module, "record_store"):
        both = ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]
        metafunc.parametrize("record_store", both, indirect=True)


@pytest.fixture(scope="session")
def migrated(postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PostgreSQL database with the tables of records and jobs; `Any` because conftests import nothing of another."""
    database: str = postgres.database()
    records = RecordsSettings(
        store="postgresql", database=database, user="faces", tls=False, connections=5, timeout_seconds=5
    )
    settings = load_settings(home=tmp_path_factory.mktemp("migrated"), records=records)
    open_records(settings).close()
    prepare_jobs(settings)
    return database


@pytest.fixture(autouse=True)
def record_store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The store of this test's records, chosen by settings alone; it holds nothing yet."""
    store: str = getattr(request, "param", "sqlite")
    if store == "postgresql":
        server, database = request.getfixturevalue("postgres"), request.getfixturevalue("migrated")
        monkeypatch.setenv("FACES_RECORDS__STORE", store)
        monkeypatch.setenv("FACES_RECORDS__DATABASE", database)
        server.empty(database)
    return store


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    loaded = load_settings(home=tmp_path / "var")
    # there is no worker here that a dry run could wait for
    return loaded.model_copy(update={"audiences": loaded.audiences.model_copy(update={"dry_run_seconds": 0.5})})


@pytest.fixture
def records(settings: Settings) -> Iterator[Records]:
    opened = open_records(settings)
    yield opened
    opened.close()


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def make_engine() -> type[FakeEngine]:
    return FakeEngine


@pytest.fixture
def make_shelf() -> type[FakeShelf]:
    return FakeShelf


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def now() -> datetime:
    return NOW


def cheap_passwords() -> Passwords:
    """Hashes that take no time."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def passwords() -> Passwords:
    return cheap_passwords()


@pytest.fixture
def start_api(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Api]]:
    # a fake engine is nothing to freeze, and collecting what a test run holds takes a quarter of a second each time
    monkeypatch.setattr("serving.releases_in_service._freeze", lambda: None)
    states: list[ServiceState] = []

    def start(engine: FakeEngine) -> Api:
        queue = FakeQueue()
        shelf = FakeShelf(engines={engine.release_id: engine}, active=engine.release_id)
        state = open_state(
            settings,
            active=lambda: shelf.active,
            load=shelf.load,
            open_queue=lambda _: queue,
            now=lambda: NOW,
            passwords=cheap_passwords(),
        )
        states.append(state)
        state.start()
        app = make_app(lambda: state)
        app.state.service = state
        keys = {
            scope.value: create_key(
                state.records,
                name=scope,
                scopes=[scope],
                store_id=STORE if scope is Scope.ASSOCIATE else None,
                at=NOW,
            ).text
            for scope in Scope
        }
        transport = httpx.ASGITransport(app=app)
        return Api(state=state, engine=engine, queue=queue, transport=transport, keys=keys)

    yield start
    for state in states:
        state.close()
    gc.unfreeze()


@pytest.fixture
def api(start_api: Callable[..., Api], engine: FakeEngine) -> Api:
    return start_api(engine)
