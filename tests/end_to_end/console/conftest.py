"""One served shop, one browser, and somebody of each role who signs in to the console."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from chromium import running_chromium
from console_samples import LIST, THIRSTY, built, make_samples
from playwright.sync_api import Browser, expect
from watched_page import PATIENCE_MS, WatchedPage, visitor_context, watched

from features.tables.storage import current_tables
from serving.accounts.lock_out import lock_out
from serving.accounts.passwords import Passwords
from serving.accounts.roles import OF_ONE_STORE, Role
from serving.accounts.users import Users
from serving.records.opening import open_records

PASSWORD = "seven blue umbrellas in Basel"


@dataclass(kw_only=True)
class Console:
    """The pages of a served shop, and who may see them; `Any`: conftest files import nothing of one another."""

    service: Any
    browser: Browser
    store_id: str
    """The store that the associate is bound to."""
    _signed_in: dict[str, Any] = field(default_factory=dict)
    """Cookies of the first sign-in of each user."""
    _contexts: list[Any] = field(default_factory=list)

    @property
    def url(self) -> str:
        url: str = self.service.url
        return url

    def add_user(self, user_id: str, role: Role) -> str:
        """The name of a new user with PASSWORD."""
        add_user(self.service, user_id, role, store_id=self.store_id)
        return user_id

    def stranger(self, *, language: str = "en", phone: bool = False) -> WatchedPage:
        """A browser of its own in which nobody has signed in."""
        context = visitor_context(self.browser, self.url, language=language, phone=phone)
        self._contexts.append(context)
        return watched(context)

    def sign_in(self, visitor: WatchedPage, user_id: str, password: str = PASSWORD) -> None:
        """Signs in as a person does, on the page that is open."""
        page = visitor.page
        page.get_by_label("User", exact=True).fill(user_id)
        page.get_by_label("Password", exact=True).fill(password)
        page.keyboard.press("Enter")

    def visit(self, role: Role, *, language: str = "en", phone: bool = False) -> WatchedPage:
        """A browser in which the user of a role has signed in; no page is open yet."""
        if role not in self._signed_in:
            first = self.stranger()
            first.go("/console/sign-in")
            self.sign_in(first, role.value)
            first.page.wait_for_url(lambda address: "sign-in" not in address)
            self._signed_in[role] = [each for each in first.page.context.cookies() if each["name"] == "faces_session"]
        visitor = self.stranger(language=language, phone=phone)
        visitor.page.context.add_cookies(self._signed_in[role])
        return visitor

    def close_contexts(self) -> None:
        """Ends what a test has opened."""
        for context in self._contexts:
            context.close()
        self._contexts.clear()


def add_user(service: Any, user_id: str, role: Role, *, store_id: str) -> None:
    """Adds a user with PASSWORD to a served shop."""
    settings = service.shop.settings
    records = open_records(settings)
    try:
        users = Users(records=records, passwords=Passwords(), lock_out=lock_out(settings), who="command")
        bound = store_id if role in OF_ONE_STORE else None
        users.add(user_id, role=role, store_id=bound, password=PASSWORD, at=datetime.now(UTC))
    finally:
        records.close()


@pytest.fixture(scope="session")
def served(small_shop: Any, serve: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A copy of the session's shop, served by real processes for all files of this folder."""
    shop = small_shop.copy_to(tmp_path_factory.mktemp("console") / "home")
    with serve(shop) as service:
        yield service


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, one for each file: while it is open, no other test of this process can use asyncio."""
    expect.set_options(timeout=PATIENCE_MS)
    with running_chromium() as running:
        yield running


@pytest.fixture(scope="session")
def with_users(served: Any, samples: dict[str, str]) -> dict[str, str]:
    """The samples of a shop that has one user of each role, named after it."""
    for role in Role:
        add_user(served, role.value, role, store_id=samples["store_id"])
    return samples


@pytest.fixture(scope="module")
def whole_console(served: Any, browser: Browser, with_users: dict[str, str]) -> Console:
    """The console with one user of each role."""
    return Console(service=served, browser=browser, store_id=with_users["store_id"])


@pytest.fixture
def console(whole_console: Console) -> Iterator[Console]:
    """The console; what the test opened in the browser is closed after it."""
    yield whole_console
    whole_console.close_contexts()


@pytest.fixture
def console_of(browser: Browser) -> Iterator[Callable[[Any], Console]]:
    """Opens the console of another served shop, which has no users yet."""
    opened: list[Console] = []

    def open_console(service: Any) -> Console:
        opened.append(Console(service=service, browser=browser, store_id=""))
        return opened[-1]

    yield open_console
    for each in opened:
        each.close_contexts()


@pytest.fixture(scope="session")
def samples(served: Any) -> dict[str, str]:
    """A value for each parameter that stands in an address: a finished audience, a list, a member, a store."""
    with served.client as client:
        return make_samples(client)


@pytest.fixture
def make_audience(served: Any) -> Callable[[str], dict[str, Any]]:
    """Builds an audience of that name over the API."""

    def make(name: str) -> dict[str, Any]:
        with served.client as client:
            return built(client, {**THIRSTY, "name": name})

    return make


@pytest.fixture(scope="session")
def names_of_products(served: Any) -> str:
    """Everything that products are called or belong to, in lower case."""
    products = pq.read_table(current_tables(served.shop.settings.paths).file("products"))
    named = [column for column in products.column_names if pa.types.is_string(products.schema.field(column).type)]
    words = {str(value).lower() for column in named for value in pc.unique(products[column]).to_pylist() if value}
    return "\n".join(sorted(words))


@pytest.fixture
def names_of_the_shop(served: Any, names_of_products: str) -> str:
    """What no page translates, in lower case: names of products, and those that somebody gave to something."""
    audiences = served.send("GET", "/v1/audiences?limit=100").json()["items"]
    given = [audience["name"] for audience in audiences if audience["name"]]
    return "\n".join([names_of_products, *given, *Role, LIST, "Thousand Faces", "end to end"]).lower()
