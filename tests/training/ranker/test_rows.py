"""Training rows: joined, drawn and without promotions."""

from __future__ import annotations

import numpy as np
import pytest
from ranker_rows import PER_MEMBER, ranker_rows

from training.affinity.blend import Field
from training.ranker.features import RANKER_FEATURES
from training.ranker.rows import RankerRows, joined, sampled, without_promotions

ROWS = ranker_rows(40, seed=1)


def few(members: list[int], bought: list[bool]) -> RankerRows:
    """Rows that hold their own number in every feature."""
    count = len(members)
    return RankerRows(
        matrix=np.repeat(np.arange(count, dtype=np.float32)[:, None], len(RANKER_FEATURES), axis=1),
        bought=np.array(bought, dtype=np.bool_),
        members=np.array(members, dtype=np.int64),
        product_rows=np.arange(count),
    )


def test_group_sizes_are_the_rows_of_each_member_that_has_any() -> None:
    assert few([0, 0, 2, 2, 2, 5], [False] * 6).group_sizes.tolist() == [2, 3, 1]
    assert few([], []).group_sizes.tolist() == []


def test_every_bought_row_is_kept_and_about_the_share_of_the_others() -> None:
    kept = sampled(ROWS, negative_share=0.25, seed=3)
    assert kept.bought.sum() == ROWS.bought.sum()
    others = ~ROWS.bought & np.isin(ROWS.members, ROWS.members[ROWS.bought])
    assert (~kept.bought).sum() == pytest.approx(0.25 * others.sum(), rel=0.25)
    assert sampled(ROWS, negative_share=1.0, seed=3).matrix.shape[0] == (others | ROWS.bought).sum()


def test_members_who_bought_no_candidate_are_left_out_when_rows_are_drawn() -> None:
    kept = sampled(few([0, 0, 1, 1, 2], [True, False, False, False, True]), negative_share=1.0, seed=1)
    assert kept.members.tolist() == [0, 0, 2]


def test_the_same_seed_draws_the_same_rows_and_another_seed_others() -> None:
    one, again, other = (sampled(ROWS, negative_share=0.5, seed=seed) for seed in (1, 1, 2))
    assert one.product_rows.tolist() == again.product_rows.tolist()
    assert one.product_rows.tolist() != other.product_rows.tolist()


def test_rows_of_nobody_can_be_drawn_from() -> None:
    assert len(sampled(joined([]), negative_share=0.5, seed=1)) == 0


def test_joined_weeks_have_different_members() -> None:
    first, second = few([0, 2], [True, False]), few([0, 1], [False, True])
    together = joined([first, second], offset=True)
    assert together.members.tolist() == [0, 2, 3, 4]
    assert together.bought.tolist() == [True, False, False, True]
    assert together.matrix[:, 0].tolist() == [0, 1, 0, 1]
    assert together.group_sizes.tolist() == [1, 1, 1, 1]


def test_joined_chunks_of_one_week_keep_their_members() -> None:
    assert joined([few([0, 1], [True, True]), few([2], [False])]).members.tolist() == [0, 1, 2]


def test_nothing_joined_is_no_rows() -> None:
    assert joined([]).matrix.shape == (0, len(RANKER_FEATURES))
    assert len(joined([few([], []), few([0], [True])], offset=True)) == 1


def test_the_promotions_that_are_not_named_are_zero_in_a_copy() -> None:
    before = ROWS.matrix.copy()
    found = without_promotions(ROWS.matrix, ("display",))
    assert not found[:, Field.MAILER].any()
    others = [field for field in range(len(RANKER_FEATURES)) if field != Field.MAILER]
    assert (found[:, others] == ROWS.matrix[:, others]).all()
    assert (ROWS.matrix == before).all()
    assert without_promotions(ROWS.matrix, ("mailer", "display")) is ROWS.matrix


def test_members_lie_together() -> None:
    assert ROWS.group_sizes.tolist() == [PER_MEMBER] * 40
