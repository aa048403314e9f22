"""The words of a filter's text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from features.contracts.errors import BadRequest

MOST_CHARACTERS = 2_000

Kind = Literal["number", "text", "operator", "mark", "word", "quoted_name", "end"]

_WORDS = re.compile(
    r"""
      (?P<number>-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?(?!\w))
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<operator>==|!=|<=|>=|<|>)
    | (?P<mark>[()\[\],])
    | (?P<quoted_name>`[^`]+`)
    | (?P<word>[^\W\d]\w*(?:\.\w+)*)
    """,
    re.VERBOSE | re.DOTALL,
)
_SPACE = re.compile(r"\s+")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True)
class Token:
    """One word of the text and where it starts, from 1."""

    kind: Kind
    text: str
    at: int

    @property
    def shown(self) -> str:
        """The word as a message names it."""
        return "the end" if self.kind == "end" else f"'{self.text[:40]}'"


def wrong(at: int, sentence: str) -> BadRequest:
    """The error of a filter that cannot be understood."""
    return BadRequest(f"filter: at character {at}: {sentence}")


def tokens_of(text: str) -> list[Token]:
    """The words of the text, `end` behind them. Raises BadRequest."""
    if len(text) > MOST_CHARACTERS:
        raise BadRequest(f"filter: {len(text)} characters; at most {MOST_CHARACTERS} are read")
    found: list[Token] = []
    at = 0
    while at < len(text):
        if space := _SPACE.match(text, at):
            at = space.end()
            continue
        word = _WORDS.match(text, at)
        if word is None:
            raise wrong(at + 1, _why(text, at))
        found.append(_token(word, at + 1))
        at = word.end()
    found.append(Token("end", "", len(text) + 1))
    return found


def _token(word: re.Match[str], at: int) -> Token:
    text = word.group()
    if word.group("number") is not None:
        return Token("number", text, at)
    if word.group("text") is not None:
        return Token("text", _ESCAPE.sub(r"\1", text[1:-1]), at)
    if word.group("operator") is not None:
        return Token("operator", text, at)
    if word.group("mark") is not None:
        return Token("mark", text, at)
    if word.group("quoted_name") is not None:
        return Token("quoted_name", text[1:-1], at)
    return Token("word", text, at)


def _why(text: str, at: int) -> str:
    sign = text[at]
    if sign == "=":
        return "write == to compare"
    if sign in "\"'`":
        return f"the {sign} has no other end"
    if sign in "&|!":
        return "write and, or, not in words"
    return f"{sign!r} means nothing here"
