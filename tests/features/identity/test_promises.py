"""What holds for identity whatever the records are."""

from __future__ import annotations

import tempfile
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from literal_identity import NOW, RULES, Found, Row, resolved

from features.contracts.paths import ShopPaths
from features.identity.state import Undone, write_undone

pytestmark = pytest.mark.slow

PHONES = ("13800000011", "13800000022", "13800000033")
MASKED = "138****0011"

people = st.lists(
    st.fixed_dictionaries(
        {"source": st.sampled_from(["pos", "app", "web"])},
        optional={
            "phone": st.sampled_from(PHONES),
            "email": st.sampled_from(["a@x.example", "b@x.example"]),
            "wechat_unionid": st.sampled_from(["u1", "u2"]),
            "card_no": st.sampled_from(["1", "2"]),
            "name": st.sampled_from(["John Smith", "Mary Smith", "J. Smith", "王小明", "王先生"]),
            "gender": st.sampled_from(["f", "m"]),
        },
    ),
    min_size=1,
    max_size=8,
)


def numbered(records: list[Row]) -> list[Row]:
    return [{**record, "source_id": str(number)} for number, record in enumerate(records)]


def fresh(records: list[Row], *, undone: tuple[Undone, ...] = ()) -> Found:
    with tempfile.TemporaryDirectory() as folder:
        paths = ShopPaths(root=Path(folder))
        if undone:
            write_undone(paths, undone)
        return resolved(records, [], rules=RULES, paths=paths)


def pairs(found: Found) -> set[frozenset[str]]:
    return {frozenset(pair) for member in found.together() for pair in combinations(member, 2)}


@settings(max_examples=40, deadline=None)
@given(records=people, order=st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(records, order):
    rows = numbered(records)
    shuffled = order.sample(rows, len(rows))
    assert fresh(shuffled).ids == fresh(rows).ids


@settings(max_examples=40, deadline=None)
@given(records=people, more=people)
def test_more_records_part_nobody_unless_a_rule_says_so(records, more):
    rows = numbered([*records, *more])
    before, after = fresh(rows[: len(records)]), fresh(rows)
    if pairs(before) - pairs(after):
        assert after.counts.contested or after.counts.parted


@settings(max_examples=40, deadline=None)
@given(records=people)
def test_two_unionids_are_never_one_member(records):
    rows = numbered(records)
    unionids = {f"{row['source']}/{row['source_id']}": row.get("wechat_unionid") for row in rows}
    for member in fresh(rows).together():
        assert len({unionids[person] for person in member} - {None}) <= 1


@settings(max_examples=40, deadline=None)
@given(records=people)
def test_a_masked_number_joins_nobody_and_parts_nobody(records):
    rows = numbered([{name: value for name, value in record.items() if name != "phone"} for record in records])
    assert fresh([{**row, "phone": MASKED} for row in rows]).ids == fresh(rows).ids


@settings(max_examples=40, deadline=None)
@given(records=people, which=st.integers(min_value=0))
def test_a_merge_that_was_undone_stays_undone_and_its_persons_apart(records, which):
    rows = numbered(records)
    merges = fresh(rows).merges
    if not merges:
        return
    merge = merges[which % len(merges)]
    person, first = (merge["source"], merge["source_id"]), (merge["first_source"], merge["first_source_id"])
    undone = Undone(merge_id=merge["merge_id"], person=person, first_person=first, since=NOW)
    after = fresh(rows, undone=(undone,))
    assert after.ids["/".join(person)] != after.ids["/".join(first)]
