"""Lists in words: what their ids name."""

from __future__ import annotations

from dataclasses import dataclass

from serving.console.languages import Language
from serving.records.id_lists import ListKind


@dataclass(frozen=True, kw_only=True)
class KindWords:
    """A kind of list."""

    title: str
    hint: str
    """What a line of the file holds."""


def kind_words(language: Language) -> dict[ListKind, KindWords]:
    """Each kind of list."""
    say = language.say
    return {
        ListKind.MEMBER_ID: KindWords(
            title=say("Members, by member id"),
            hint=say("One member id a line, as the shop's member table has it."),
        ),
        ListKind.PHONE_HASH: KindWords(
            title=say("Members, by phone number"),
            hint=say("One phone number a line, as people write it. Only a hash of each number is kept."),
        ),
        ListKind.PRODUCT_ID: KindWords(
            title=say("Products, by product id"),
            hint=say("One product id a line, as the shop's product table has it."),
        ),
    }
