"""Whom an audience is chosen from, and who is left out."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from literal_audience_shop import AT, MEMBERS

from features.contracts.clock import days_since_epoch
from features.contracts.errors import BadRequest
from serving.audiences.combine import Leaf
from serving.audiences.exclusions import NamedMembers, exclusions_of
from serving.audiences.member_columns import MemberColumns
from serving.audiences.population import is_among, population_of
from serving.audiences.rule import BoughtCategory, ExcludeRule, PopulationRule
from serving.audiences.shop_at import ShopAt
from serving.audiences.world import EarlierAudience, MemberList, NoWorld
from training.protocol import Ids

IDS = np.array(MEMBERS)
LAST_VISIT = np.array([days_since_epoch(AT) - days for days in (5, 8, 200, 80, 90, 20)], dtype=np.float32)
NOBODY = np.empty(0, dtype=np.str_)


class Records(NoWorld):
    """Two audiences, two lists, and one export two days before AT."""

    def audience(self, audience_id: str) -> EarlierAudience | None:
        told, held = np.array(["m2", "zz"]), np.array(["m6"])
        known = {"a1": "done", "a2": "running"}
        if audience_id not in known:
            return None
        return EarlierAudience(audience_id=audience_id, state=known[audience_id], member_ids=told, held_out_ids=held)

    def member_list(self, list_id: str) -> MemberList | None:
        lists = {"l1": (np.array(["m1", "m9"]), 3), "l2": (NOBODY, 8)}
        if list_id not in lists:
            return None
        ids, unknown = lists[list_id]
        return MemberList(list_id=list_id, kind="member_id", member_ids=ids, unknown=unknown)

    def exported_since(self, moment: datetime) -> Ids:
        return np.array(["m6"]) if moment <= AT - timedelta(days=2) else NOBODY


def members(mask: np.ndarray) -> list[str]:
    return IDS[mask].tolist()


def population(shop: ShopAt, **asked: object) -> list[str]:
    rule = PopulationRule(**asked)  # type: ignore[arg-type]  # a rule's own fields
    return members(population_of(rule, shop, MemberColumns(shop, IDS), LAST_VISIT, active_within_days=91))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["m1", "m2", "m4", "m5", "m6"]),
        ({"bought_within_days": 8}, ["m1", "m2"]),
        ({"bought_within_days": 365}, list(MEMBERS)),
        ({"bought_category_within": BoughtCategory(category="CHEESE", days=10)}, ["m1"]),
        ({"bought_category_within": BoughtCategory(category="CHEESE", days=60)}, ["m1", "m2"]),
        ({"filter": "orders_91d > 2"}, ["m1", "m2", "m6"]),
        ({"tags": ("won_back",)}, ["m2"]),
        ({"tags": ("won_back", "lover:CHEESE")}, ["m1", "m2"]),
        ({"tags": ("won_back", "lover:CHEESE"), "filter": "facts.points > 100"}, ["m1"]),
        ({"store_ids": ("s1",)}, ["m1"]),
        ({"store_ids": ("s1",), "bought_within_days": 365}, ["m1", "m3"]),
        ({"channels": ("web", "store")}, ["m1", "m2"]),
        ({"filter": "orders_91d > 2", "channels": ("store",)}, ["m2"]),
    ],
)
def test_every_condition_must_hold(shop: ShopAt, asked: dict[str, object], expected: list[str]) -> None:
    assert population(shop, **asked) == expected


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"bought_category_within": BoughtCategory(category="CHESE", days=9)}, "a category 'CHESE'.*near it: 'CHEESE'"),
        ({"store_ids": ("s1", "s9")}, "population.store_ids: there is no store_id 's9' in the orders, which name 2"),
        ({"channels": ("webb",)}, "population.channels: there is no channel 'webb'.*near it: 'web'"),
        (
            {"tags": ("won_bck",)},
            "population.tags: there is no tag 'won_bck'; near it: 'won_back'; there are: active, ",
        ),
        ({"tags": ("lover",)}, "population.tags: 'lover' is a tag per category; name one, as 'lover:TEA'"),
        ({"tags": ("lover:WIN",)}, "population.tags: nobody has the tag 'lover:WIN'; near it: 'lover:WINE'"),
        ({"tags": ("lapsed",)}, "5 bought within 91 days, 1 have one of the tags"),
        ({"filter": "colour is null"}, "population.filter: at character 1: there is no attribute 'colour'"),
        ({"filter": "orders_91d > 99"}, "nobody is left of 6 members .*5 bought within 91 days, 0 pass the filter"),
    ],
)
def test_what_the_shop_does_not_know_and_a_population_of_nobody_are_refused(
    shop: ShopAt, asked: dict[str, object], complaint: str
) -> None:
    with pytest.raises(BadRequest, match=complaint):
        population(shop, **asked)


def excluded(shop: ShopAt, rule: ExcludeRule) -> dict[str, list[str]]:
    bought = np.array([days_since_epoch(AT) - 3, np.nan, np.nan, np.nan, np.nan, days_since_epoch(AT) - 30])
    named = NamedMembers(Records(), IDS)
    return {
        reason: members(mask) for reason, mask in exclusions_of(rule, shop, named, bought.astype(np.float32)).items()
    }


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (ExcludeRule(), {}),
        (ExcludeRule(bought_within_days=3), {"bought_lately": ["m1"]}),
        (ExcludeRule(bought_within_days=30), {"bought_lately": ["m1", "m6"]}),
        # m3 was held out of its campaign, m4 will be reached tomorrow, m6 was exported two days ago
        (ExcludeRule(contacted_within_days=7), {"contacted_lately": ["m1", "m6"]}),
        (ExcludeRule(contacted_within_days=1), {"contacted_lately": []}),
        (ExcludeRule(contacted_within_days=60), {"contacted_lately": ["m1", "m2", "m6"]}),
        (ExcludeRule(audience_ids=("a1",)), {"in_audience": ["m2", "m6"]}),
    ],
)
def test_members_are_left_out_by_reason(shop: ShopAt, rule: ExcludeRule, expected: dict[str, list[str]]) -> None:
    assert excluded(shop, rule) == expected


@pytest.mark.parametrize(
    ("leaf", "complaint"),
    [
        (Leaf(source="audience", id="a9"), "audience a9: there is none of that id"),
        (Leaf(source="audience", id="a2"), "audience a2: it is running, so its members are not known"),
        (Leaf(source="list", id="l9"), "list l9: there is no list of members of that id"),
        (Leaf(source="list", id="l2"), "list l2: none of its 8 ids is known"),
    ],
)
def test_an_audience_or_list_that_cannot_be_read_is_refused(leaf: Leaf, complaint: str) -> None:
    with pytest.raises(BadRequest, match=complaint):
        NamedMembers(Records(), IDS).of(leaf)


def test_ids_of_a_list_that_belong_to_nobody_are_told_once() -> None:
    named = NamedMembers(Records(), IDS)
    leaf = Leaf(source="list", id="l1")
    assert members(named.of(leaf)) == members(named.of(leaf)) == ["m1"]
    assert [each.en for each in named.warnings] == ["list l1: 3 of its 5 ids are known to nobody"]


people = st.lists(st.sampled_from(["", "a", "b", "bb", "c", "zz"]), unique=True)


@settings(deadline=None)
@given(known=people, some=people)
def test_membership_is_that_of_python_sets(known: list[str], some: list[str]) -> None:
    ids = np.array(sorted(known), dtype=np.str_)
    found = is_among(ids, np.array(some, dtype=np.str_))
    assert {each for each, is_in in zip(ids.tolist(), found, strict=True) if is_in} == set(known) & set(some)
