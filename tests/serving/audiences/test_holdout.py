"""Who is held out."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.audiences.holdout import held_out

PEOPLE = [f"m{number}" for number in range(4_000)]
shares = st.floats(0, 0.5)


@settings(deadline=None)
@given(share=shares, others=st.lists(st.sampled_from(PEOPLE), unique=True))
def test_a_person_s_answer_does_not_depend_on_who_else_is_asked(share: float, others: list[str]) -> None:
    everybody = dict(zip(PEOPLE, held_out(PEOPLE, share=share, salt="s"), strict=True))
    assert [everybody[each] for each in others] == held_out(others, share=share, salt="s").tolist()


@settings(deadline=None)
@given(one=shares, other=shares)
def test_a_larger_share_holds_out_the_same_persons_and_more(one: float, other: float) -> None:
    fewer, more = (held_out(PEOPLE[:500], share=share, salt="s") for share in sorted((one, other)))
    assert not (fewer & ~more).any()


def test_the_share_is_kept_about() -> None:
    assert abs(held_out(PEOPLE, share=0.2, salt="s").mean() - 0.2) < 0.02
    assert not held_out(PEOPLE, share=0.0, salt="s").any()


def test_another_salt_holds_out_other_persons() -> None:
    one, other = (held_out(PEOPLE, share=0.3, salt=salt) for salt in ("s", "t"))
    assert abs((one & other).mean() - 0.09) < 0.02


def test_the_persons_of_a_salt_are_these_for_ever() -> None:
    """A change would hold out other persons of every campaign that is running."""
    assert np.flatnonzero(held_out(PEOPLE[:60], share=0.1, salt="autumn")).tolist() == [7, 24, 28, 30, 40, 47]
