"""Users, for administrators: who may sign in, and the audit trail of what was done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from features.contracts.errors import AccountRefused
from serving.accounts.passwords import LEAST_CHARACTERS
from serving.accounts.roles import Role
from serving.accounts.users import Users
from serving.api.access import State
from serving.auth import Scope, list_keys
from serving.console.rendering import render
from serving.console.visit import SignedIn, Visitor
from serving.console.words.account import refusal_words, role_meaning, role_words
from serving.console.words.audit import act_words, who_words
from serving.records.audit import list_audit
from serving.state import ServiceState

ADDRESS = "/console/users"
LATEST_ACTS = 200

Done = Literal["added", "disable", "enable", "unlock", "password"]

router = APIRouter(include_in_schema=False)


@router.get(ADDRESS)
def show(request: Request, state: State, visitor: SignedIn, done: Done | None = None) -> Response:
    """The users, a form for another one, and the latest acts."""
    visitor.holder.require(Scope.ADMIN)
    return _page(request, state, visitor, done=done)


@router.post(ADDRESS)
async def add(
    request: Request,
    state: State,
    visitor: SignedIn,
    *,
    user: Annotated[str, Form(max_length=200)],
    role: Annotated[Role, Form()],
    password: Annotated[str, Form(max_length=4096)],
    store_id: Annotated[str, Form(max_length=255)] = "",
) -> Response:
    """Adds a user."""
    visitor.holder.require(Scope.ADMIN)
    typed = {"user": user, "role": role.value, "store_id": store_id}

    def work(users: Users) -> None:
        known = state.releases.engine.stores
        if store_id and known is not None and store_id not in known.by_id:
            raise AccountRefused(f"user: there is no store '{store_id}'", why="store_wrong")
        users.add(user, role=role, store_id=store_id.strip() or None, password=password, at=state.now())

    return await _do(request, state, visitor, work, done="added", typed=typed)


@router.post(ADDRESS + "/change")
async def change(
    request: Request,
    state: State,
    visitor: SignedIn,
    *,
    act: Annotated[Literal["disable", "enable", "unlock", "password"], Form()],
    user: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=4096)] = "",
) -> Response:
    """Disables, enables or unlocks a user, or gives another password."""
    visitor.holder.require(Scope.ADMIN)

    def work(users: Users) -> None:
        if act == "password":
            users.set_password(user, password, at=state.now())
        else:
            {"disable": users.disable, "enable": users.enable, "unlock": users.unlock}[act](user, at=state.now())

    return await _do(request, state, visitor, work, done=act)


async def _do(
    request: Request,
    state: ServiceState,
    visitor: Visitor,
    work: Callable[[Users], None],
    *,
    done: Done,
    typed: dict[str, str] | None = None,
) -> Response:
    try:
        # passwords are hashed meanwhile, of which only few are at once
        await state.accounts.run(lambda: work(state.accounts.users(who=visitor.holder.key_id)))
    except AccountRefused as refused:
        notice = refusal_words(refused, visitor.language)
        return await run_in_threadpool(_page, request, state, visitor, notice=notice, typed=typed)
    state.accounts.sessions.forget_trusted()
    return RedirectResponse(f"{ADDRESS}?done={done}", status_code=303)


def _page(
    request: Request,
    state: ServiceState,
    visitor: Visitor,
    *,
    done: Done | None = None,
    notice: str | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    language = visitor.language
    key_names = {key.key_id: key.name for key in list_keys(state.records)}
    with state.records.reading() as transaction:
        entries = list_audit(transaction, limit=LATEST_ACTS)
    stores = state.releases.engine.stores
    return render(
        request,
        "users.html",
        visitor,
        status=200 if notice is None else 422,
        done=None if done is None else _done_words(done, visitor),
        notice=notice,
        typed=typed or {"user": "", "role": Role.MARKETER.value, "store_id": ""},
        users=[
            (user, role_words(user.role, language))
            for user in state.accounts.users(who=visitor.holder.key_id).all(at=visitor.now)
        ],
        roles=[(role.value, role_words(role, language), role_meaning(role, language)) for role in Role],
        stores=() if stores is None else tuple(stores.by_id.values()),
        acts=[
            (entry.at, who_words(entry.who, language, key_names), act_words(entry, language, key_names))
            for entry in entries
        ],
        least=LEAST_CHARACTERS,
    )


def _done_words(done: Done, visitor: Visitor) -> str:
    say = visitor.language.say
    return {
        "added": say("The user can sign in now."),
        "disable": say("The user cannot sign in any more."),
        "enable": say("The user can sign in again."),
        "unlock": say("The user can try again at once."),
        "password": say("The password is changed. Hand it over in person."),
    }[done]
