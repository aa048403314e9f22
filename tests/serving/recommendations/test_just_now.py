"""What a member did just now changes the next recommendation, and says so."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import Any

import pytest
from literal_recommender import ANNA, AS_OF, CATALOGUE, recommender, release

from features.contracts.errors import StoreUnavailable
from features.contracts.ids import MemberId, ProductId
from features.contracts.scenario_settings import ScenarioKind, ScenarioSettings
from features.contracts.settings import load_settings
from features.store.member_now import MemberNow, Place, Touched
from features.store.packed_member import PackedMember
from serving.answers import MemberRef, Recommendation, RecommendationQuery
from serving.recommendations.just_now import JustNow, key_of

BY = recommender(
    release(),
    **{kind: ScenarioSettings(kind=kind) for kind in ("home", "discover", "cart", "replenish", "product")},  # type: ignore[arg-type]  # a kind each
)


def touched(*products: str) -> tuple[Touched, ...]:
    return tuple(Touched(product_id=ProductId(product), at=AS_OF) for product in products)


def row(**known: Any) -> MemberNow:
    return MemberNow(newest_at=AS_OF, **known)


def ask(
    now: MemberNow | None, packed: PackedMember | None = ANNA, *, scenario: ScenarioKind = "home", **query: Any
) -> Recommendation:
    member = MemberRef(member_id="anna") if packed else MemberRef(anonymous_id="a")
    asked = RecommendationQuery(member=member, scenario=scenario, count=query.pop("count", 8), **query)
    return BY.recommend(packed, asked, as_of=AS_OF, now=now)


def ids(answer: Recommendation) -> list[str]:
    return [item.id for item in answer.items]


def test_a_product_looked_at_raises_what_goes_with_it_and_the_reason_names_it() -> None:
    before, after = ask(None), ask(row(viewed=touched("tea")))
    assert ids(before).index("juice") == 4
    assert ids(after).index("juice") < 4
    (juice,) = [item for item in after.items if item.id == "juice"]
    assert juice.source == "viewed"
    assert [(each.code, each.sentence) for each in juice.reasons] == [
        ("viewed_just_now", "Goes with Tea, which you looked at just now.")
    ]
    chinese = ask(row(viewed=touched("tea")), locale="zh")
    assert next(item for item in chinese.items if item.id == "juice").reasons[0].sentence == "与您刚刚浏览的Tea相关。"


def test_what_a_member_likes_best_stays_where_it_was_and_keeps_its_reason() -> None:
    after = ask(row(viewed=touched("tea")))
    assert ids(after)[0] == "milk"
    assert after.items[0].reasons[0].code == "bought_often"


def test_nobody_known_gets_what_goes_with_the_products_looked_at() -> None:
    before, after = ask(None, None), ask(row(viewed=touched("tea")), None)
    assert ids(before) == list(CATALOGUE)
    assert ids(after).index("juice") < ids(before).index("juice")
    assert set(ids(after)) == set(ids(before))


def test_an_unknown_product_looked_at_changes_nothing() -> None:
    assert ask(row(viewed=touched("nobody's product"))) == ask(None)


def test_a_product_just_bought_is_not_offered_again_in_any_place() -> None:
    now = row(bought=touched("milk"))
    for scenario in ("home", "cart", "replenish"):
        answer = ask(now, scenario=scenario)  # type: ignore[arg-type]  # mypy sees a str
        assert "milk" not in ids(answer)
        assert answer.filtered["bought_just_now"] == 1
    assert "milk" in ids(ask(None, scenario="replenish"))
    assert "milk" not in ids(ask(now, item_ids=("milk", "tea")))


def test_the_basket_is_completed_though_the_request_names_none() -> None:
    told = ask(None, scenario="cart", basket=(ProductId("tea"),))
    assert ask(row(basket=touched("tea")), scenario="cart") == told
    assert "tea" not in ids(told)


def test_what_the_request_says_itself_wins() -> None:
    now = row(basket=touched("tea"), store=Place(id="9", at=AS_OF))
    told = ask(None, scenario="cart", basket=(ProductId("bread"),), store_id="1")
    assert ask(now, scenario="cart", basket=(ProductId("bread"),), store_id="1") == told


def test_the_store_that_the_member_stands_in_is_the_request_s() -> None:
    seen = BY.ask(ANNA, _query(), as_of=AS_OF, now=row(store=Place(id="9", at=AS_OF))).query.store_id
    assert (seen, BY.ask(ANNA, _query(), as_of=AS_OF).query.store_id) == ("9", None)


def test_products_of_the_zone_come_first_among_those_liked_alike() -> None:
    equal = dataclasses.replace(ANNA, candidate_ids=(), candidate_values=ANNA.candidate_values[:0])
    plain, in_zone = ask(None, equal), ask(row(zone=Place(id="drinks", at=AS_OF)), equal)
    by_id = {item.id: item.score for item in plain.items}
    for item in in_zone.items:
        factor = 1.05 if item.id in ("tea", "juice") else 1.0
        assert item.score == pytest.approx(by_id[item.id] * factor, abs=1e-5)


def test_a_supplied_list_is_not_widened_by_what_was_looked_at() -> None:
    assert set(ids(ask(row(viewed=touched("tea")), item_ids=("milk", "bread")))) == {"milk", "bread"}


def _query() -> RecommendationQuery:
    return RecommendationQuery(member=MemberRef(member_id="anna"), scenario="home", count=3)


@pytest.mark.parametrize(
    ("member", "member_id", "key"),
    [
        (MemberRef(source="app", source_id="A:1"), "m1", "m1"),
        (MemberRef(source="a:b", source_id="A:1"), None, "id:a%3Ab:A:1"),
        (MemberRef(anonymous_id="c"), None, "id:anonymous:c"),
        (MemberRef(member_id="m9"), None, "m9"),
        (MemberRef(phone_hash="0" * 64), None, None),
    ],
)
def test_events_are_looked_for_under_the_key_they_are_kept_under(
    member: MemberRef, member_id: MemberId | None, key: str | None
) -> None:
    assert key_of(member, member_id) == key


def reader(stored: MemberNow | None, *, stands_still: bool) -> JustNow:
    return JustNow(lambda _key: stored, load_settings().events, stands_still=stands_still)


@pytest.mark.parametrize(("minutes", "known"), [(0, True), (29, True), (31, False), (-9, True), (-11, False)])
def test_on_the_wall_clock_a_visit_counts_for_half_an_hour(minutes: int, known: bool) -> None:
    moment: datetime = AS_OF + timedelta(minutes=minutes)
    found = reader(row(viewed=touched("tea")), stands_still=False).of("m1", as_of=moment)
    assert (found is not None) is known


@pytest.mark.parametrize("years", [-9, 0, 9])
def test_on_the_data_clock_a_visit_counts_whenever_its_events_happened(years: int) -> None:
    moment = AS_OF + timedelta(days=365 * years)
    assert reader(row(viewed=touched("tea")), stands_still=True).of("m1", as_of=moment) is not None


def test_a_store_that_is_down_costs_the_moment_and_not_the_answer() -> None:
    def down(_key: str) -> MemberNow | None:
        raise StoreUnavailable("down")

    assert JustNow(down, load_settings().events, stands_still=True).of("m1", as_of=AS_OF) is None
