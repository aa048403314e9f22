"""What was right at a cut-off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from literal_moment import literal_moment, literal_pairs
from literal_stage import literal_judge, literal_stage

from training.evaluation.truth import hits_in, judge_of

PRODUCTS = ["tea", "milk", "jam"]


def test_what_was_bought_is_new_or_repeated_and_never_both() -> None:
    judge = literal_judge(
        PRODUCTS, {"anna": ["tea", "jam"], "ben": ["milk"]}, before={"anna": ["tea", "milk"], "ben": ["jam"]}
    )
    assert judge.new.toarray().tolist() == [[False, False, True], [False, True, False]]
    assert judge.repeated.toarray().tolist() == [[True, False, False], [False, False, False]]
    assert judge.new.nnz + judge.repeated.nnz == judge.truth.nnz


def test_a_hit_is_a_product_of_the_truth_and_an_empty_place_is_none() -> None:
    judge = literal_judge(PRODUCTS, {"anna": ["tea", "jam"], "ben": ["jam"]})
    lists = np.array([[2, 1, 0], [0, 2, -1]])
    # -1 would be jam, the last product, which ben did buy.
    assert hits_in(judge.truth, lists).tolist() == [[True, False, True], [False, True, False]]


@pytest.fixture
def bought() -> dict[str, list[str]]:
    return {"anna": ["tea", "jam"], "cleo": ["tea"], "stranger": ["jam"]}


ROWS = [
    ("anna", "tea", 1.0, 5.0),
    ("ben", "milk", 1.0, 5.0),
    ("cleo", "milk", 1.0, 200.0),  # not active any more
    ("dora", "jam", 1.0, 5.0),  # the last member of the pairs
]
LATER = [
    ("anna", "tea", 2.25),
    ("anna", "jam", 2.75),
    ("anna", "jam", 4.0),
    ("cleo", "rare", 0.5),  # outside the catalogue: no shopping day
    ("cleo", "tea", 3.0),
    ("stranger", "jam", 6.9),
    ("stranger", "tea", 7.0),  # the week after
    ("anna", "milk", -1.0),
]


def test_a_stage_is_judged_by_its_members_own_purchases(bought: dict[str, list[str]], tmp_path: Path) -> None:
    moment = literal_moment(literal_pairs(ROWS, {"tea": 3, "milk": 2, "jam": 1}))
    judge = judge_of(literal_stage(moment, bought, folder=tmp_path, later=LATER))
    assert judge.member_ids.tolist() == ["anna", "cleo", "stranger"]
    # A member who has bought nothing of the catalogue has no row, and not that of the last member.
    assert judge.bought_before.toarray().tolist() == [[True, False, False], [False, True, False], [False] * 3]
    assert judge.new.toarray().tolist() == [[False, False, True], [True, False, False], [False, False, True]]


def test_the_first_day_is_the_first_on_which_the_member_buys_of_the_catalogue(
    bought: dict[str, list[str]], tmp_path: Path
) -> None:
    moment = literal_moment(literal_pairs(ROWS, {"tea": 3, "milk": 2, "jam": 1}))
    judge = judge_of(literal_stage(moment, {**bought, "anna": ["tea", "jam"]}, folder=tmp_path, later=LATER))
    assert judge.first_day.toarray().tolist() == [[True, False, True], [True, False, False], [False, False, True]]
    next_day = [*LATER[2:], ("anna", "tea", 2.75), ("anna", "jam", 3.25)]
    judge = judge_of(literal_stage(moment, bought, folder=tmp_path, later=next_day))
    assert judge.first_day.toarray()[0].tolist() == [True, False, False]


def test_surprise_is_the_bits_of_a_product_among_active_members(bought: dict[str, list[str]], tmp_path: Path) -> None:
    rows = [(f"m{number}", "tea", 1.0, 5.0) for number in range(8)] + [("anna", "tea", 1.0, 200.0)]
    moment = literal_moment(literal_pairs(rows, {"tea": 8, "milk": 2, "jam": 0}))
    judge = judge_of(literal_stage(moment, bought, folder=tmp_path))
    # Eight are active. Nobody's product counts as one member's.
    assert judge.surprise.tolist() == [0.0, 2.0, 3.0]


def test_a_product_bought_by_all_and_more_is_no_surprise(bought: dict[str, list[str]], tmp_path: Path) -> None:
    moment = literal_moment(literal_pairs([("anna", "tea", 1.0, 5.0)], {"tea": 8, "milk": 1, "jam": 1}))
    assert judge_of(literal_stage(moment, bought, folder=tmp_path)).surprise.tolist() == [0.0, 0.0, 0.0]
