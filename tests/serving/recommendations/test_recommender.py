"""What each scenario recommends, on ten literal products."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from literal_recommender import ANNA, CATALOGUE, IDS, NOW, member, recommend, recommender, release

from features.contracts.errors import BadRequest, SettingsError
from features.contracts.scenario_settings import Boost, Exclusion, ScenarioKind, ScenarioSettings
from serving.answers import Fallback, Recommendation
from training.release.availability import Availability


def scenario(kind: ScenarioKind = "home", **rules: object) -> ScenarioSettings:
    return ScenarioSettings(kind=kind, **rules)  # type: ignore[arg-type]  # pydantic checks them


def ids(answer: Recommendation) -> list[str]:
    return [item.id for item in answer.items]


def codes(answer: Recommendation) -> dict[str, list[str]]:
    return {item.id: [reason.code for reason in item.reasons] for item in answer.items}


def availability(*, inactive: str = "", out_of_stock: str = "") -> Availability:
    return Availability(
        is_active=np.array([each != inactive for each in IDS]),
        can_be_delivered=np.array([each != out_of_stock for each in IDS]),
        launched_days=np.full(len(IDS), np.nan, dtype=np.float32),
        is_counted=np.zeros(len(IDS), dtype=np.bool_),
        store_ids=np.array([], dtype=np.str_),
        store_starts=np.zeros(1, dtype=np.int64),
        store_rows=np.array([], dtype=np.int64),
    )


def test_home_shows_the_member_s_candidates_best_first_and_then_the_catalogue() -> None:
    answer = recommend(recommender(release(), home=scenario()), ANNA, count=9)
    assert ids(answer) == ["milk", "bread", "butter", "tea", "juice", "cream", "rolls", "yoghurt", "kefir"]
    scores = [item.score for item in answer.items]
    assert scores == sorted(scores, reverse=True)
    assert answer.fallback is None
    assert answer.filtered == {}


def test_each_reason_is_true_of_its_product() -> None:
    found = codes(recommend(recommender(release(), home=scenario()), ANNA, count=9))
    assert found["milk"] == ["bought_often"]
    assert found["cream"] == ["bought_once"]
    assert found["butter"] == ["taste"]
    assert found["yoghurt"] == ["popular"]
    assert found["kefir"] == ["in_range"]


def test_home_keeps_places_for_what_the_member_never_bought() -> None:
    by = recommender(release(), home=scenario(), mixed=scenario(new_share=0.7))
    assert ids(recommend(by, ANNA)) == ["milk", "bread", "butter"]
    assert ids(recommend(by, ANNA, scenario="mixed")) == ["milk", "butter", "juice"]


def test_replenish_shows_what_is_due_and_when_it_was_expected() -> None:
    by = recommender(release(), replenish=scenario("replenish", due_gaps=0.8, lapsed_gaps=3))
    answer = recommend(by, ANNA, scenario="replenish", count=5)
    assert [(item.id, item.expected_on) for item in answer.items] == [
        ("milk", date(2017, 12, 30)),
        ("tea", date(2017, 12, 21)),
    ]
    assert codes(answer)["milk"] == ["due", "bought_often"]
    assert answer.items[0].reasons[0].sentence == "You usually buy it every 7 days; the next time would be 2017-12-30."
    assert answer.filtered == {"never_bought": 3, "not_due": 2, "no_more_products": 3}


def test_what_was_not_bought_for_many_gaps_is_due_no_longer() -> None:
    by = recommender(release(), replenish=scenario("replenish", lapsed_gaps=1.2))
    assert ids(recommend(by, ANNA, scenario="replenish")) == ["milk"]


def test_discover_never_shows_what_the_member_bought_even_beyond_the_candidates() -> None:
    by = recommender(release(), discover=scenario("discover"))
    answer = recommend(by, ANNA, scenario="discover", count=10)
    assert ids(answer) == ["butter", "juice", "rolls", "yoghurt", "kefir"]
    # milk, bread, tea and cream among the candidates, soap by its mark
    assert answer.filtered == {"bought_before": 5, "no_more_products": 5}


def test_cart_completes_the_basket() -> None:
    by = recommender(release(), cart=scenario("cart"))
    answer = recommend(by, ANNA, scenario="cart", basket=("bread",), count=4)
    assert ids(answer)[0] == "butter"
    assert "bread" not in ids(answer)
    assert codes(answer)["butter"] == ["in_basket"]
    assert answer.items[0].reasons[0].sentence == "Often bought together with Bread in your basket."
    assert answer.items[0].source == "together"
    assert answer.filtered["in_basket"] == 1


def test_cart_serves_somebody_unknown_from_the_basket_alone() -> None:
    by = recommender(release(), cart=scenario("cart"))
    answer = recommend(by, None, scenario="cart", basket=("tea", "nobody's product"), count=2)
    assert ids(answer)[0] == "milk"
    assert answer.fallback is Fallback.NEW_MEMBER


def test_an_empty_basket_is_served_like_home() -> None:
    by = recommender(release(), home=scenario(), cart=scenario("cart"))
    assert ids(recommend(by, ANNA, scenario="cart")) == ids(recommend(by, ANNA))


def test_product_shows_what_goes_with_it_then_its_group_then_the_popular() -> None:
    by = recommender(release(), product=scenario("product"))
    answer = recommend(by, ANNA, scenario="product", product_id="tea", count=3, exclude=frozenset({"bread"}))
    found = codes(answer)
    assert set(ids(answer)[:2]) == {"milk", "juice"}
    assert found["juice"] == ["similar"]
    assert found["milk"] == ["bought_together", "bought_often"]
    rolls = recommend(by, ANNA, scenario="product", product_id="rolls", count=2)
    assert codes(rolls) == {"bread": ["same_group", "bought_often"], "milk": ["bought_often"]}


def test_product_needs_a_product_and_serves_the_member_when_it_is_unknown() -> None:
    by = recommender(release(), home=scenario(), product=scenario("product"))
    with pytest.raises(BadRequest, match=r"context\.product_id"):
        recommend(by, ANNA, scenario="product")
    unknown = recommend(by, ANNA, scenario="product", product_id="nobody's product")
    assert ids(unknown) == ids(recommend(by, ANNA))


def test_a_supplied_list_is_put_into_the_member_s_order_and_nothing_else_comes() -> None:
    by = recommender(release(), home=scenario())
    answer = recommend(by, ANNA, item_ids=("relic", "juice", "milk", "what", "juice"), count=5)
    assert ids(answer) == ["milk", "juice", "relic"]
    assert answer.filtered == {"unknown": 1, "no_more_products": 2}
    assert codes(answer)["relic"] == ["asked_for"]


def test_somebody_unknown_gets_the_popular_products() -> None:
    answer = recommend(recommender(release(), home=scenario()), None, count=8)
    assert ids(answer) == list(CATALOGUE)
    assert (answer.member_id, answer.fallback) == (None, Fallback.NEW_MEMBER)
    assert {item.source for item in answer.items} == {"popularity"}


def test_what_has_left_the_shops_is_never_shown_by_itself() -> None:
    by = recommender(release(), home=scenario())
    answer = recommend(by, None, count=20)
    assert "relic" not in ids(answer)
    assert answer.filtered == {"no_more_products": 10}


def test_a_filter_of_the_request_and_one_of_the_scenario_both_hold() -> None:
    by = recommender(release(attributes={"品种": ["甲", "乙"] * 5 + ["甲"]}), home=scenario(filter="price >= 2"))
    answer = recommend(by, ANNA, filter="brand == 'farm' and 品种 == '甲'", count=5)
    assert ids(answer) == ["butter", "cream", "kefir"]
    assert answer.filtered["no_more_products"] == 2
    assert answer.filtered["filter"] > 0


def test_days_on_sale_are_counted_in_the_shops_zone() -> None:
    by = recommender(release(), home=scenario())
    assert ids(recommend(by, None, filter="days_on_sale <= 20 and not is_private_label")) == ["soap"]
    assert ids(recommend(by, None, filter="days_on_sale == 5")) == ["kefir"]


def test_a_wrong_filter_is_refused_with_the_names_there_are() -> None:
    by = recommender(release(), home=scenario())
    with pytest.raises(BadRequest, match="no attribute 'colour'; there are: brand, category, days_on_sale, department"):
        recommend(by, ANNA, filter="colour == 'red'")


def test_a_scenario_with_a_wrong_filter_is_refused_by_its_name() -> None:
    by = recommender(release())
    for rules, key in (
        ({"filter": "colour == 'red'"}, "filter"),
        ({"promoted_filter": "price = 3"}, "promoted_filter"),
        ({"boosts": (Boost(filter="price < 'a'", factor=2),)}, "boosts\\[0\\].filter"),
        ({"exclusions": (Exclusion(filter="price < 'a'", member_tags=("new",)),)}, "exclusions\\[0\\].filter"),
    ):
        with pytest.raises(SettingsError, match=f"scenarios.attic.{key}: filter: at character"):
            by.check({"home": scenario(), "attic": scenario(**rules)}, as_of=release().manifest.as_of)


def test_an_unknown_scenario_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadRequest, match="there are: home, start"):
        recommend(recommender(release(), start=scenario(), home=scenario()), ANNA, scenario="attic")


def test_what_is_inactive_or_out_of_stock_is_left_out_and_counted_unless_the_scenario_allows_it() -> None:
    there = release(availability=availability(inactive="milk", out_of_stock="bread"))
    by = recommender(there, home=scenario(), all=scenario(active_only=False, in_stock_only=False))
    answer = recommend(by, ANNA)
    assert ids(answer) == ["butter", "tea", "juice"]
    assert answer.filtered == {"not_active": 1, "out_of_stock": 1}
    assert ids(recommend(by, ANNA, scenario="all")) == ["milk", "bread", "butter"]


def test_the_look_back_leaves_out_what_was_bought_lately() -> None:
    by = recommender(release(), home=scenario(exclude_bought_days=10))
    answer = recommend(by, ANNA)
    assert ids(answer) == ["butter", "tea", "juice"]
    assert answer.filtered == {"bought_lately": 2}


def test_the_look_back_reaches_late_purchases_that_are_no_candidates() -> None:
    anna = member({"milk": (2, 3, 7)}, liked={"tea": 1.0}, also=["bread"])
    late = anna.__class__(**{**vars(anna), "recent_product_ids": ("bread",), "recent_ordered_days": (NOW - 1,)})
    by = recommender(release(), home=scenario(exclude_bought_days=10))
    assert ids(recommend(by, late, count=2)) == ["tea", "butter"]


def test_boosts_push_up_and_bury() -> None:
    boosts = (Boost(filter="category == 'DRINKS'", factor=10), Boost(filter="brand == 'farm'", factor=0.01))
    by = recommender(release(), home=scenario(boosts=boosts))
    assert ids(recommend(by, ANNA, count=5)) == ["tea", "juice", "bread", "rolls", "milk"]


def test_a_boost_for_a_tag_holds_for_members_who_have_it() -> None:
    boosts = (Boost(filter="category == 'DRINKS'", factor=10, member_tags=("new", "lover:DRINKS")),)
    by = recommender(release(), home=scenario(boosts=boosts))
    as_usual = ["milk", "bread", "butter"]
    assert ids(recommend(by, replace(ANNA, tags=("active", "lover:DRINKS")))) == ["tea", "juice", "milk"]
    assert ids(recommend(by, replace(ANNA, tags=("active", "lover:DAIRY")))) == as_usual
    assert ids(recommend(by, ANNA)) == as_usual


def test_what_is_excluded_for_a_tag_never_comes_to_members_who_have_it_and_is_counted() -> None:
    exclusions = (
        Exclusion(filter="category == 'DAIRY'", member_tags=("full_price_buyer",)),
        Exclusion(filter="product_id == 'bread'", member_tags=("lapsed", "new")),
    )
    by = recommender(
        release(), home=scenario(exclusions=exclusions), product=scenario("product", exclusions=exclusions)
    )
    answer = recommend(by, replace(ANNA, tags=("full_price_buyer", "new")), count=9)
    assert ids(answer) == ["tea", "juice", "rolls", "soap"]
    assert answer.filtered["excluded_by_tag"] == 6
    assert recommend(by, replace(ANNA, tags=("new",)), count=1, item_ids=("bread",)).filtered == {
        "excluded_by_tag": 1,
        "no_more_products": 1,
    }
    assert "excluded_by_tag" not in recommend(by, ANNA, count=9).filtered
    assert "excluded_by_tag" not in recommend(by, None, count=9).filtered


def test_promoted_products_get_their_share_and_say_so() -> None:
    by = recommender(release(), home=scenario(promoted_filter="product_id in ['juice', 'kefir']", promoted_share=0.67))
    answer = recommend(by, ANNA)
    assert ids(answer) == ["milk", "juice", "kefir"]
    assert codes(answer)["juice"] == ["taste", "promoted"]


def test_caps_hold_until_nothing_else_is_left() -> None:
    by = recommender(release(), home=scenario(max_per_category=1, max_per_brand=1))
    assert ids(recommend(by, ANNA, count=4)) == ["milk", "bread", "tea", "butter"]
    assert ids(recommend(by, ANNA, count=7)) == ["milk", "bread", "tea", "butter", "juice", "cream", "rolls"]


def test_new_products_are_shown_by_lot_with_their_chance() -> None:
    by = recommender(release(), home=scenario(exploration_share=0.5, exploration_days=28))
    answer = recommend(by, ANNA, count=4)
    explored = [item for item in answer.items if item.source == "explored"]
    assert ids(answer)[:2] == ["milk", "bread"]
    assert {item.id for item in explored} == {"kefir", "soap"}
    assert {item.exploration_probability for item in explored} == {1.0}
    assert {item.exploration_probability for item in answer.items[:2]} == {0.0}
    assert explored[0].reasons[0].code == "explored"


def test_a_product_that_was_asked_for_never_comes_back_and_the_answer_is_in_chinese_when_asked() -> None:
    by = recommender(release(), home=scenario())
    answer = recommend(by, ANNA, exclude=frozenset({"milk"}), locale="zh", product_id="bread")
    assert ids(answer) == ["butter", "tea", "juice"]
    assert answer.filtered == {"excluded": 1, "looked_at": 1}
    assert answer.items[0].reasons[0].sentence == "口味与您相近的会员喜欢。"
