"""Names like one that is not there, as an error offers them."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST_NAMES = 3
LONGEST_LIST = 5_000
"""Of more names than these, only those with the same first letter are compared."""


def near(name: str, names: Iterable[str]) -> str:
    """`; near it: 'SOFT DRINKS', ...`, empty when nothing is like the name."""
    by_folded = {each.casefold(): each for each in sorted(set(names), reverse=True)}
    folded = name.casefold()
    asked = list(by_folded)
    if len(asked) > LONGEST_LIST:
        asked = [each for each in asked if each[:1] == folded[:1]][:LONGEST_LIST]
    found = get_close_matches(folded, asked, n=MOST_NAMES, cutoff=0.6)
    return f"; near it: {', '.join(repr(by_folded[each]) for each in found)}" if found else ""
