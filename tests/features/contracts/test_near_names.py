"""Names like one that is not there."""

from __future__ import annotations

import pytest

from features.contracts.near_names import near


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("soft drinks", "; near it: 'SOFT DRINKS', 'Spirit drinks'"),
        ("SOFT DRNKS", "; near it: 'SOFT DRINKS', 'Spirit drinks'"),
        ("xyz", ""),
        ("", ""),
    ],
)
def test_names_that_are_alike_whatever_their_case_are_offered(name: str, expected: str) -> None:
    assert near(name, ["Spirit drinks", "SOFT DRINKS", "CHEESE"]) == expected


def test_among_very_many_names_those_of_the_first_letter_are_looked_at() -> None:
    names = [f"Maker {number}" for number in range(6_000)]
    assert near("maker 5999x", [*names, "Alp"]).startswith("; near it: 'Maker 5999'")
