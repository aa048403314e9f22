"""Generated members take after real ones: each has its donor's rows, and of pairs its own part of them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from training.generated import draw as drawing
from training.generated.draw import draw

DONORS = ["a", "b", "c"]
PAIRS = pa.table(
    {
        "member_id": ["a", "b", "a", "b", "c"],
        "product_id": ["p2", "p1", "p1", "p2", "p3"],
        "spend": [1.0, 2.0, 3.0, 4.0, 5.0],
    }
)


def rows_of(parts):
    return pa.concat_tables(parts).to_pylist()


def donor_of(drawn):
    return dict(zip(drawn.member_ids.to_pylist(), [DONORS[row] for row in drawn.donors], strict=True))


def test_every_member_has_the_row_of_its_donor():
    drawn = draw(DONORS, members=50, seed=3)
    values = pa.table({"member_id": ["c", "a", "b"], "age": [30, 10, 20]})
    rows = rows_of(drawn.of_members(values))
    age = {"a": 10, "b": 20, "c": 30}
    assert {row["member_id"]: row["age"] for row in rows} == {m: age[d] for m, d in donor_of(drawn).items()}
    assert [row["member_id"] for row in rows] == sorted(row["member_id"] for row in rows)


def test_a_member_whose_donor_has_no_row_has_none():
    drawn = draw(DONORS, members=50, seed=3)
    rows = rows_of(drawn.of_members(pa.table({"member_id": ["a"], "age": [10]})))
    assert {row["member_id"] for row in rows} == {m for m, d in donor_of(drawn).items() if d == "a"}


def test_all_pairs_are_kept_where_more_are_asked_for_than_there_are():
    drawn = draw(DONORS, members=40, seed=1)
    rows = rows_of(drawn.of_pairs(PAIRS, key="product_id", per_member=100))
    expected = {
        (m, p["product_id"], p["spend"])
        for m, d in donor_of(drawn).items()
        for p in PAIRS.to_pylist()
        if p["member_id"] == d
    }
    assert {(row["member_id"], row["product_id"], row["spend"]) for row in rows} == expected
    assert len(rows) == len(expected)


@pytest.mark.parametrize("rows_per_chunk", [1, 100, 1_000_000])
def test_thinned_pairs_are_the_donors_own_each_once_and_sorted(monkeypatch, rows_per_chunk):
    monkeypatch.setattr(drawing, "ROWS_PER_CHUNK", rows_per_chunk)
    drawn = draw(DONORS, members=3_000, seed=5)
    rows = rows_of(drawn.of_pairs(PAIRS, key="product_id", per_member=0.8))
    donors = donor_of(drawn)
    own = {(p["member_id"], p["product_id"]) for p in PAIRS.to_pylist()}
    assert {(donors[row["member_id"]], row["product_id"]) for row in rows} == own
    keys = [(row["product_id"], row["member_id"]) for row in rows]
    assert keys == sorted(set(keys))
    assert len(rows) == pytest.approx(2_400, rel=0.1)


def test_the_same_seed_draws_the_same_members():
    assert np.array_equal(draw(DONORS, members=99, seed=2).donors, draw(DONORS, members=99, seed=2).donors)
    assert not np.array_equal(draw(DONORS, members=99, seed=2).donors, draw(DONORS, members=99, seed=4).donors)
