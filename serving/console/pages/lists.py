"""/console/lists: uploaded lists of members and products."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from features.contracts.identifiers import given_hash, normalised_phone
from serving.api.access import State
from serving.api.answering import json_answer
from serving.api.audiences import UUID
from serving.auth import Scope
from serving.console.rendering import render
from serving.console.visit import SignedIn
from serving.console.words.list import kind_words
from serving.records.id_lists import page_of_lists

ADDRESS = "/console/lists"
PER_PAGE = 20
MOST_NUMBERS = 10_000
"""Phone numbers of one request; a script sends further ones in further requests."""
NO_NUMBER = "-"

router = APIRouter(include_in_schema=False)


@router.get(ADDRESS)
def show(
    request: Request,
    state: State,
    visitor: SignedIn,
    before: Annotated[str | None, Query(pattern=UUID)] = None,
) -> Response:
    """The lists, newest first, and a form for another."""
    visitor.holder.require(Scope.AUDIENCES)
    with state.records.reading() as transaction:
        found = page_of_lists(transaction, limit=PER_PAGE + 1, before=before)
    page = found[:PER_PAGE]
    return render(
        request,
        "lists.html",
        visitor,
        lists=page,
        kinds=kind_words(visitor.language),
        next_page=f"{ADDRESS}?before={page[-1].list_id}" if len(found) > PER_PAGE else None,
        is_first=before is None,
    )


class Numbers(BaseModel):
    """Phone numbers as people write them."""

    model_config = ConfigDict(extra="forbid")

    numbers: list[str] = Field(max_length=MOST_NUMBERS)


@router.post(ADDRESS + "/phones")
def hashed_phones(body: Numbers, visitor: SignedIn) -> Response:
    """The hashes that a list of phone numbers is sent with; the numbers are neither kept nor noted anywhere.

    What is no number stands as NO_NUMBER, and so is counted as malformed.
    """
    visitor.holder.require(Scope.AUDIENCES)
    region = visitor.settings.identity.phone_region
    return json_answer({"hashes": [_hashed(each, region) for each in body.numbers]})


def _hashed(number: str, region: str) -> str:
    if (hashed := given_hash(number)) is not None:
        return hashed
    normalised = normalised_phone(number, region=region)
    return NO_NUMBER if normalised is None else hashlib.sha256(normalised.encode()).hexdigest()
