"""Where an audience ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.audiences.cut import Places, ranked, size_from, size_reaching

chances = st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.9, 1.0]), min_size=1, max_size=300)


def test_the_likeliest_candidates_come_first_and_ties_go_by_position() -> None:
    probabilities = np.array([0.2, 0.9, 0.5, 0.9, 0.5, 0.7])
    is_candidate = np.array([True, True, True, True, True, False])
    assert ranked(probabilities, is_candidate).tolist() == [1, 3, 2, 4, 0]


@settings(deadline=None)
@given(chances=chances, least=st.floats(0, 1))
def test_a_least_probability_takes_all_at_or_above_it(chances: list[float], least: float) -> None:
    falling = np.array(sorted(chances, reverse=True))
    assert size_from(falling, least) == sum(each >= least for each in chances)


@settings(deadline=None)
@given(chances=chances, buyers=st.floats(0.01, 100))
def test_the_smallest_size_that_brings_the_buyers_is_found(chances: list[float], buyers: float) -> None:
    expected = np.cumsum(sorted(chances, reverse=True))

    def of(sizes: Places) -> list[float]:
        return expected[sizes - 1].tolist()

    enough = np.flatnonzero(expected >= buyers)
    assert size_reaching(buyers, of, most=len(chances)) == (int(enough[0]) + 1 if len(enough) else None)


def test_no_candidates_bring_no_buyers() -> None:
    def of(_: Places) -> list[float]:
        raise AssertionError("nobody is asked for nobody's buyers")

    assert size_reaching(1.0, of, most=0) is None


def test_few_questions_find_a_size_among_a_million() -> None:
    asked: list[int] = []

    def of(sizes: Places) -> list[float]:
        asked.append(len(sizes))
        return (sizes * 0.25).tolist()

    assert size_reaching(123_456.0, of, most=1_000_000) == 493_824
    assert len(asked) < 8
    assert sum(asked) == pytest.approx(200, abs=150)
