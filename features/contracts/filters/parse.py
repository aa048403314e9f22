"""Reads a filter's text into its tree."""

from __future__ import annotations

import math
from collections.abc import Callable

from features.contracts.filters.tokens import Token, tokens_of, wrong
from features.contracts.filters.tree import (
    Both,
    Comparison,
    Condition,
    Either,
    Holding,
    Membership,
    Missing,
    Name,
    Not,
    Operator,
    Truth,
    Value,
)

DEEPEST = 40
"""Parentheses and `not` within each other."""

KEYWORDS = frozenset({"and", "or", "not", "in", "is", "null", "true", "false"})
OPERATORS: dict[str, Operator] = {"==": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def parse_filter(text: str) -> Condition:
    """The tree of a filter. Raises BadRequest naming the character at which it cannot be understood."""
    reader = _Reader(tokens_of(text))
    tree = reader.either()
    if reader.next.kind != "end":
        raise wrong(reader.next.at, f"{reader.next.shown} comes where and, or or the end should")
    return tree


class _Reader:
    """Recursive descent over the words: or, below it and, below it not, below it a condition."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    @property
    def next(self) -> Token:
        return self._tokens[self._place]

    def either(self) -> Condition:
        parts = self._joined("or", self._both)
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Condition:
        parts = self._joined("and", self._opposite)
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _joined(self, keyword: str, part: Callable[[], Condition]) -> list[Condition]:
        parts = [part()]
        while self._took_word(keyword):
            parts.append(part())
        return parts

    def _opposite(self) -> Condition:
        self._depth += 1
        if self._depth > DEEPEST:
            raise wrong(self.next.at, f"more than {DEEPEST} conditions within each other")
        condition = Not(self._opposite()) if self._took_word("not") else self._condition()
        self._depth -= 1
        return condition

    def _condition(self) -> Condition:
        if self._took("mark", "("):
            inside = self.either()
            self._expect(")")
            return inside
        name = self._name()
        if self.next.kind == "operator":
            return Comparison(name, OPERATORS[self._take().text], self._value())
        if self._took_word("is"):
            is_negated = self._took_word("not")
            if not self._took_word("null"):
                raise wrong(self.next.at, f"{self.next.shown} comes where null should")
            return Missing(name, is_negated)
        if self._took_word("in"):
            return Membership(name, self._values(), is_negated=False)
        if self._took_word("not"):
            if not self._took_word("in"):
                raise wrong(self.next.at, f"{self.next.shown} comes where in should")
            return Membership(name, self._values(), is_negated=True)
        # no keyword: an attribute may be called `has`, and nothing but a condition can follow a name
        if self._took_word("has"):
            is_list = self.next.kind == "mark" and self.next.text == "["
            return Holding(name, self._values() if is_list else (self._value(),))
        return Truth(name)

    def _name(self) -> Name:
        token = self._take()
        if token.kind == "quoted_name" or (token.kind == "word" and token.text.lower() not in KEYWORDS):
            return Name(token.text, token.at)
        raise wrong(token.at, f"{token.shown} comes where the name of an attribute should")

    def _values(self) -> tuple[Value, ...]:
        self._expect("[")
        values = [self._value()]
        while self._took("mark", ","):
            values.append(self._value())
        self._expect("]")
        return tuple(values)

    def _value(self) -> Value:
        token = self._take()
        if token.kind == "text":
            return token.text
        if token.kind == "number":
            number = float(token.text)
            if math.isfinite(number):
                return number
            raise wrong(token.at, f"{token.shown} is too large")
        if token.kind == "word" and token.text.lower() in ("true", "false"):
            return token.text.lower() == "true"
        hint = "; texts stand in quotes" if token.kind == "word" else ""
        raise wrong(token.at, f"{token.shown} comes where a text, a number, true or false should{hint}")

    def _take(self) -> Token:
        token = self.next
        if token.kind != "end":
            self._place += 1
        return token

    def _took(self, kind: str, text: str) -> bool:
        is_it = self.next.kind == kind and self.next.text == text
        self._place += is_it
        return is_it

    def _took_word(self, keyword: str) -> bool:
        is_it = self.next.kind == "word" and self.next.text.lower() == keyword
        self._place += is_it
        return is_it

    def _expect(self, mark: str) -> None:
        if not self._took("mark", mark):
            raise wrong(self.next.at, f"{self.next.shown} comes where '{mark}' should")
