"""The visitor's own account: who one is, what one may do, and another password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from features.contracts.errors import AccountRefused, Forbidden
from serving.accounts.passwords import LEAST_CHARACTERS
from serving.api.access import State
from serving.api.sessions import SESSION_COOKIE
from serving.console.rendering import render
from serving.console.visit import SignedIn, Visitor
from serving.console.words.account import locked_words, refusal_words, role_words, scope_words

ADDRESS = "/console/account"
SIGN_IN = "/console/sign-in"

router = APIRouter(include_in_schema=False)


@router.get(ADDRESS)
def show(request: Request, visitor: SignedIn) -> Response:
    """The account."""
    return _page(request, visitor)


@router.post(ADDRESS + "/password")
async def change_password(
    request: Request,
    state: State,
    visitor: SignedIn,
    *,
    password: Annotated[str, Form(max_length=4096)],
    new_password: Annotated[str, Form(max_length=4096)],
    again: Annotated[str, Form(max_length=4096)],
) -> Response:
    """Changes the password, ends every session of the user and leads to the sign-in."""
    if visitor.role is None:
        raise Forbidden("a key has no password; make another key instead")
    say = visitor.language.say
    if new_password != again:
        return _page(request, visitor, notice=say("The two new passwords differ. Type the same one twice."))
    name = visitor.holder.name
    users, desk = state.accounts.users(who=visitor.holder.key_id), state.accounts.desk
    address = request.client.host if request.client is not None else ""
    proof = await state.accounts.run(lambda: desk.check(name, password, address=address))
    if proof.locked_until is not None:
        return _page(request, visitor, notice=locked_words(visitor, proof.locked_until))
    if not proof.is_right:
        return _page(request, visitor, notice=say("The current password is not right."))
    try:
        await state.accounts.run(lambda: users.set_password(name, new_password, at=state.now()))
    except AccountRefused as refused:
        return _page(request, visitor, notice=refusal_words(refused, visitor.language))
    state.accounts.sessions.forget_trusted()
    answer = RedirectResponse(f"{SIGN_IN}?changed=1", status_code=303)
    answer.delete_cookie(SESSION_COOKIE, path="/")
    return answer


def _page(request: Request, visitor: Visitor, *, notice: str | None = None) -> Response:
    language = visitor.language
    return render(
        request,
        "account.html",
        visitor,
        status=200 if notice is None else 422,
        notice=notice,
        role=None if visitor.role is None else role_words(visitor.role, language),
        may=scope_words(visitor.holder, language),
        least=LEAST_CHARACTERS,
    )
