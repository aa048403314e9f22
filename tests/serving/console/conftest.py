"""Browsers in front of the console: real users, sessions and cookies over the fake engine of the tests beside."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

import httpx
import pytest

from serving.accounts.roles import Role

PASSWORD = "river-lantern-42"
STORE = "s1"


@dataclass
class Browser:
    """Keeps cookies as a browser does (secure ones too), and sends what its pages would."""

    transport: httpx.ASGITransport
    cookies: dict[str, str] = field(default_factory=dict)
    language: str = "en-US"

    def get(self, path: str, **headers: str) -> httpx.Response:
        """The page; a redirect is not followed."""
        return self.send("GET", path, headers=headers)

    def post(self, path: str, form: Mapping[str, Any] | None = None, *, token: str | None = "own") -> httpx.Response:
        """What comes of a page's form, sent with the session's token."""
        fields = dict(form or {})
        if token is not None:
            fields["csrf_token"] = self.token if token == "own" else token
        return self.send("POST", path, data=fields)

    def send(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, data: Any = None, json: Any = None
    ) -> httpx.Response:
        """The answer; `Any` because JSON and forms are."""
        told = {"Accept-Language": self.language, **(headers or {})}
        if self.cookies:
            told["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())

        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=self.transport, base_url="http://faces") as client:
                return await client.request(method, path, headers=told, data=data, json=json)

        answer = asyncio.run(ask())
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        return answer

    @property
    def token(self) -> str:
        """The session's token against forged requests, as the pages carry it."""
        page = self.send("GET", "/console/account")
        return page.text.split('<meta name="csrf-token" content="')[1].split('"')[0]

    def sign_in(self, user: str, password: str = PASSWORD, *, next: str = "") -> httpx.Response:
        """Fills the form in and sends it."""
        self.get("/console/sign-in")
        return self.send(
            "POST", "/console/sign-in", data=self.form(by="password", user=user, password=password, next=next)
        )

    def sign_in_with_key(self, key: str) -> httpx.Response:
        """The same with an API key."""
        self.get("/console/sign-in")
        return self.send("POST", "/console/sign-in", data=self.form(by="key", key=key))

    def form(self, **fields: str) -> dict[str, str]:
        """A form of the sign-in page, filled in."""
        return {"form_token": self.cookies.get("faces_sign_in", ""), **fields}


@pytest.fixture
def users(api: Any, now: Any) -> dict[str, str]:
    """A user of each role, named as the role is; all with PASSWORD."""
    made = api.state.accounts.users(who="command")
    for role in Role:
        store = STORE if role is Role.ASSOCIATE else None
        made.add(role.value, role=role, store_id=store, password=PASSWORD, at=now)
    return {role.value: PASSWORD for role in Role}


@pytest.fixture
def browser(api: Any, users: dict[str, str]) -> Browser:
    """Nobody signed in yet; `Any` because conftests import nothing of another."""
    assert users
    return Browser(transport=api.transport)


@pytest.fixture
def signed_in_with_key(api: Any) -> Callable[[str], Browser]:
    """Makes a browser signed in with the key of a scope: quicker than a user, no password needs to be hashed."""

    def sign_in(scope: str) -> Browser:
        browser = Browser(transport=api.transport)
        key_id = api.keys[scope].split("_")[1]
        with api.state.records.writing() as transaction:
            browser.cookies["faces_session"] = api.state.accounts.sessions.open(transaction, key_id=key_id)
        return browser

    return sign_in


@pytest.fixture
def signed_in(api: Any, users: dict[str, str]) -> Iterator[Callable[[str], Browser]]:
    """Makes a browser in which the user of a role has signed in."""

    def sign_in(role: str) -> Browser:
        browser = Browser(transport=api.transport)
        with api.state.records.writing() as transaction:
            browser.cookies["faces_session"] = api.state.accounts.sessions.open(transaction, user_id=role)
        return browser

    yield sign_in
    assert users
