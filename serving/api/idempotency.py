"""Idempotency-Key: the same key and body get the first answer again, the same key with another body a 409."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Header
from pydantic import BaseModel
from starlette.responses import Response

from features.contracts.errors import Conflict
from serving.api.answering import text_answer
from serving.auth import ApiKey
from serving.records.idempotency import RememberedAnswer, find_answer, remember_answer
from serving.records.opening import Transaction

REPLAYED = {"Idempotency-Replayed": "true"}

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        description="A text of your own; within 24 hours the same key and body get the first answer again",
    ),
]


@dataclass(frozen=True, kw_only=True)
class FirstAnswer:
    """An answer that a key's repetitions will get."""

    key_id: str
    key: str
    route: str
    body_hash: str

    def find(self, transaction: Transaction, *, at: datetime) -> RememberedAnswer | None:
        """The answer given before. Raises Conflict when the key came with another body or route."""
        found = find_answer(transaction, key_id=self.key_id, key=self.key, at=at)
        if found is not None and (found.route, found.body_hash) != (self.route, self.body_hash):
            raise Conflict("this Idempotency-Key came before with another body or route; use a new key")
        return found

    def remember(self, transaction: Transaction, *, status: int, text: str, at: datetime) -> None:
        """Keeps an answer for the key's repetitions."""
        answer = RememberedAnswer(
            key_id=self.key_id,
            key=self.key,
            route=self.route,
            body_hash=self.body_hash,
            status=status,
            response=text,
            created_at=at,
        )
        remember_answer(transaction, answer)


def first_answer(key: str | None, *, holder: ApiKey, route: str, body: BaseModel | None) -> FirstAnswer | None:
    """What identifies the request among its repetitions; None when it carries no key."""
    if key is None:
        return None
    text = "" if body is None else body.model_dump_json()
    return FirstAnswer(key_id=holder.key_id, key=key, route=route, body_hash=hashlib.sha256(text.encode()).hexdigest())


def replayed(answer: RememberedAnswer, *, headers: Mapping[str, str] | None = None) -> Response:
    """The first answer, again."""
    return text_answer(answer.response, status=answer.status, headers={**REPLAYED, **(headers or {})})
