"""A member's page: every feature with its value, unit and sentence, as of the moment of asking."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from features.contracts.clock import days_since_epoch
from features.contracts.ids import MemberId, ProductId, ReleaseId
from features.groups.declaration import FeatureType
from features.store.online import PackedMember
from serving.answers import MemberFact, MemberPage
from serving.recommendations.member_words import member_page
from training.release.members import ENCODING, MEMBER_GROUPS, TEXT_NAMES
from training.release.products import ProductShelf

AS_OF = datetime(2017, 12, 4, 5, tzinfo=UTC)
LAST = datetime(2017, 12, 1, 17, tzinfo=UTC)
KNOWN = {
    "member_value__first_ordered_at": days_since_epoch(AS_OF - timedelta(days=300)),
    "member_value__last_ordered_at": days_since_epoch(LAST),
    "member_value__orders_28d": 3,
    "member_value__spend_28d": 12.34,
    "member_rhythm__last_visited_at": days_since_epoch(LAST),
    "member_rhythm__gap_days": 5.0,
    "member_mix__top_category_share": 0.123456,
}
SHELF = ProductShelf(
    table=pd.DataFrame({"product_id": ["4"], "name": ["Green Tea"]}), matrix=np.zeros((1, 1), dtype=np.float32)
)
PACKED = PackedMember(
    member_id=MemberId("anna"),
    as_of=AS_OF,
    vector=np.array([KNOWN.get(name, np.nan) for name in ENCODING.stored_names], dtype=np.float32),
    candidate_ids=(),
    candidate_values=np.empty((0, 0), dtype=np.float32),
    recent_product_ids=(ProductId("4"), ProductId("77")),
    recent_ordered_days=(days_since_epoch(LAST), days_since_epoch(LAST - timedelta(days=1))),
    texts=("DAIRY", "", "north"),
)


def page(*, as_of: datetime = AS_OF) -> MemberPage:
    return member_page(PACKED, SHELF, release_id=ReleaseId("r000001"), as_of=as_of)


@pytest.fixture
def facts() -> dict[str, MemberFact]:
    """The first fact of each name."""
    found: dict[str, MemberFact] = {}
    for fact in page().facts:
        found.setdefault(fact.name, fact)
    return found


def test_every_feature_and_everything_derived_stands_once_in_declared_order() -> None:
    stored = [feature.name for group in MEMBER_GROUPS for feature in group.features]
    derived = [each.name for group in MEMBER_GROUPS for each in group.derived]
    assert [fact.name for fact in page().facts] == stored + derived


@pytest.mark.parametrize(
    ("name", "value", "unit"),
    [
        ("first_ordered_at", "2017-02-07T05:00:00Z", "UTC"),
        ("last_ordered_at", "2017-12-01T17:00:00Z", "UTC"),
        ("orders_28d", 3, "orders"),
        ("spend_28d", 12.34, "currency"),
        ("orders_91d", None, "orders"),
        ("next_expected_at", None, "UTC"),
        ("gap_days", 5.0, "days"),
        ("top_category", "DAIRY", "text"),
        ("top_category_share", 0.1235, "share"),
        ("top_brand", None, "text"),
        ("top_store_id", "north", "text"),
        ("days_since_order", 2.5, "days"),
        ("days_as_customer", 300.0, "days"),
        ("visit_overdue", 0.5, "gaps"),
    ],
)
def test_each_value_is_said_in_its_own_way(facts: dict[str, MemberFact], name: str, value: object, unit: str) -> None:
    # Derived from float32, which resolves moments to 42 seconds.
    assert facts[name].value == (pytest.approx(value, abs=5e-4) if isinstance(value, float) else value)
    assert facts[name].unit == unit
    assert type(facts[name].value) is type(value)
    assert len(facts[name].sentence) > 5


def test_ages_are_those_of_the_moment_of_asking() -> None:
    later = {fact.name: fact.value for fact in page(as_of=AS_OF + timedelta(days=2)).facts}
    ages = later["days_since_order"], later["days_as_customer"], later["visit_overdue"]
    assert ages == pytest.approx((4.5, 302.0, 0.9), abs=5e-4)
    assert later["last_ordered_at"] == "2017-12-01T17:00:00Z"


def test_latest_purchases_have_names_where_the_release_knows_them() -> None:
    bought = page().recent_purchases
    assert [(each.product_id, each.name, each.ordered_at) for each in bought] == [
        ("4", "Green Tea", LAST),
        ("77", "77", LAST - timedelta(days=1)),
    ]


def test_the_page_says_whose_it_is_and_as_of_when() -> None:
    told = page(as_of=AS_OF + timedelta(days=1))
    assert (told.member_id, told.release_id, told.as_of) == ("anna", "r000001", AS_OF + timedelta(days=1))


def test_texts_are_packed_in_the_order_in_which_they_are_read() -> None:
    declared = [
        f"{group.name}__{feature.name}"
        for group in MEMBER_GROUPS
        for feature in group.features
        if feature.type is FeatureType.TEXT
    ]
    assert list(TEXT_NAMES) == declared
    assert len(PACKED.texts) == len(TEXT_NAMES)


def test_a_vector_of_other_features_is_not_misread() -> None:
    with pytest.raises((RuntimeError, ValueError, StopIteration)):
        member_page(
            dataclasses.replace(PACKED, vector=PACKED.vector[:-1]), SHELF, release_id=ReleaseId("r000001"), as_of=AS_OF
        )
