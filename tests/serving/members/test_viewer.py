"""The single view of literal members, put together from a literal release."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from literal_recommender import ANNA, recommender, release
from literal_release import AS_OF
from literal_view import SPRING, write_stores

from features.contracts.ids import MemberId
from features.contracts.scenario_settings import ScenarioSettings
from features.contracts.secrecy import ContactCipher
from features.store.packed_profile import (
    Fact,
    GivenCampaign,
    Joined,
    MemberProfile,
    Rhythm,
    StoredContact,
    Visit,
)
from serving.members.view import KnownMember, MemberEvent, NamedAssociate, NamedStore
from serving.members.viewer import MOST_COUPONS, MOST_DUE, MemberViewer
from training.release.campaign_coupons import CampaignCoupons
from training.release.members import ENCODING, TEXT_NAMES

CIPHER = ContactCipher(key=b"key")
LAST = datetime(2017, 12, 20, 12, tzinfo=UTC)
PACKED = replace(
    ANNA,
    vector=np.full(len(ENCODING.stored_names), np.nan, dtype=np.float32),
    texts=("",) * len(TEXT_NAMES),
)
PROFILE = MemberProfile(
    contact=StoredContact(has_phone=True, phone=CIPHER.encrypt("13800001234")),
    joined=Joined(at=LAST, store_id="s1", via="app", associate_id="a1", associate_name="Bo", brought_by="ben"),
    home_store_id="s2",
    tags=("at_risk", "lover:TEA", "top_value"),
    rhythm=Rhythm(last_visited_at=LAST, gap_days=5.0, next_expected_at=LAST + timedelta(days=5)),
    visits=(Visit(order_id="o1", ordered_at=LAST, store_id="s1", spend=9.5), Visit(order_id="o0", ordered_at=LAST)),
    facts=(
        Fact(name="points", value="120", observed_at=LAST),
        Fact(name="skin", value="dry", observed_at=LAST),
    ),
    given=(GivenCampaign(campaign_id="spring", given_at=LAST),),
)


@pytest.fixture
def viewer(settings, tmp_path):
    stores = write_stores(tmp_path, [("s1", "a", None, None, None)])
    whole = replace(release(), campaign_coupons=CampaignCoupons(SPRING), stores=stores)
    scenarios = {"again": ScenarioSettings(kind="replenish", due_gaps=0.8, lapsed_gaps=3.0)}
    return MemberViewer(
        release=whole,
        recommender=recommender(whole, **scenarios),
        scenarios=lambda: scenarios,
        settings=settings,
        cipher=CIPHER,
    )


@pytest.fixture
def view(viewer):
    def of(profile=PROFILE, packed=PACKED, events=(), locale="en"):
        known = KnownMember(member_id=MemberId("anna"), packed=packed, profile=profile)
        return viewer.view(known, events, as_of=AS_OF, locale=locale)

    return of


def event(type_: str, coupon_id: str) -> MemberEvent:
    return MemberEvent(type=type_, occurred_at=AS_OF, source="app", coupon_id=coupon_id)


def test_what_is_due_is_told_to_whoever_serves_the_member(view):
    found = view().due_products
    assert [(each.product_id, each.name, each.expected_on) for each in found] == [
        ("milk", "Milk", date(2017, 12, 30)),
        ("tea", "Tea", date(2017, 12, 21)),
    ]
    assert found[0].sentence == "Expected to be bought again on 2017-12-30."
    assert view(locale="zh").due_products[1].sentence == "预计2017-12-21再次购买。"
    assert len(found) <= MOST_DUE


def test_without_a_scenario_of_what_is_due_nothing_is(viewer):
    known = KnownMember(member_id=MemberId("anna"), packed=PACKED, profile=PROFILE)
    assert replace(viewer, scenarios=dict).view(known, (), as_of=AS_OF, locale="en").due_products == ()


def test_tags_are_told_in_words_and_the_groups_by_name(view):
    found = view()
    assert (found.lifecycle_stage, found.value_tier) == ("at_risk", "top_value")
    assert [tag.name for tag in found.tags] == ["at_risk", "lover:TEA", "top_value"]
    assert found.tags[0].sentence.startswith("At risk")
    assert "流失风险" in view(locale="zh").tags[0].sentence
    assert "TEA" in found.tags[1].sentence


def test_stores_and_people_are_named(view):
    found = view()
    assert found.joined.store == NamedStore(store_id="s1", name="Downtown")
    assert (found.joined.via, found.joined.brought_by) == ("app", "ben")
    assert found.home_store == NamedStore(store_id="s2", name=None)
    assert found.associate == NamedAssociate(associate_id="a1", name="Bo")
    assert [order.store for order in found.orders] == [NamedStore(store_id="s1", name="Downtown"), None]
    assert found.contact.phone == "138****1234"


def test_points_stand_apart_from_what_else_was_measured(view):
    assert (view().points, [fact.name for fact in view().measurements]) == (120.0, ["skin"])
    worded = replace(PROFILE, facts=(Fact(name="points", value="many", observed_at=LAST),))
    assert (view(worded).points, view(worded).measurements) == (None, ())


def test_a_visit_is_overdue_once_its_moment_has_passed(view):
    assert view().next_visit.is_overdue
    later = replace(PROFILE, rhythm=replace(PROFILE.rhythm, next_expected_at=AS_OF + timedelta(days=1)))
    assert not view(later).next_visit.is_overdue
    once = replace(PROFILE, rhythm=Rhythm(last_visited_at=LAST))
    assert (view(once).next_visit.expected_at, view(once).next_visit.is_overdue) == (None, False)


def test_coupons_follow_what_was_just_told(view):
    assert [each.coupon_id for each in view().coupons] == ["c1", "c2"]
    told = [event("Coupon Applied", "c1"), event("Coupon Claimed", "c3"), event("Coupon Entered", "c2")]
    found = view(events=told)
    assert [(each.coupon_id, each.how) for each in found.coupons] == [("c3", "claimed"), ("c2", "given")]
    assert found.coupons_held == 2 <= MOST_COUPONS
    assert [each.campaign_id for each in found.benefits_unused] == ["spring"]


def test_somebody_of_whom_nothing_is_known_has_an_empty_page(view):
    found = view(MemberProfile(), packed=None)
    assert found.next_visit is None
    assert found.home_store is found.associate is found.points is None
    for part in ("identities", "tags", "due_products", "orders", "coupons", "benefits_unused", "facts"):
        assert not getattr(found, part), part
