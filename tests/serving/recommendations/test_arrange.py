"""The order in which products are shown: score, then diversity, caps and least shares, which give way in the end."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from serving.recommendations.arrange import Caps, LeastShare, Shown, arrange


def shown(scores: list[float], categories: list[int] | None = None, brands: list[int] | None = None) -> Shown:
    none = [-1] * len(scores)
    return Shown(
        scores=np.array(scores, dtype=np.float32),
        places=np.arange(len(scores)),
        categories=np.array(categories or none, dtype=np.int32),
        brands=np.array(brands or none, dtype=np.int32),
    )


def share(*flags: int, least: int) -> LeastShare:
    return LeastShare(mask=np.array(flags, dtype=np.bool_), least=least)


def test_without_preferences_the_best_come_first_and_ties_go_by_place() -> None:
    assert arrange(shown([1, 3, 2, 3]), 3) == [1, 3, 2]


def test_more_than_there_are_gives_all() -> None:
    assert arrange(shown([1, 2]), 5, caps=Caps(per_category=1)) == [1, 0]
    assert arrange(shown([]), 5, caps=Caps(per_category=1)) == []


def test_a_cap_keeps_a_category_short_until_nothing_else_is_left() -> None:
    products = shown([5, 4, 3, 2, 1], categories=[0, 0, 0, 1, 1])
    assert arrange(products, 3, caps=Caps(per_category=1)) == [0, 3, 1]
    assert arrange(products, 4, caps=Caps(per_category=2)) == [0, 1, 3, 4]


def test_a_brand_is_capped_beside_its_category_and_products_without_one_are_not() -> None:
    products = shown([5, 4, 3, 2], categories=[0, 1, -1, -1], brands=[7, 7, -1, -1])
    assert arrange(products, 3, caps=Caps(per_category=1, per_brand=1)) == [0, 2, 3]


def test_diversity_lowers_what_its_category_has_above_it() -> None:
    products = shown([10, 9, 8, 6], categories=[0, 0, 0, 1])
    assert arrange(products, 4, caps=Caps(diversity=0.2)) == [0, 1, 3, 2]
    assert arrange(products, 4, caps=Caps(diversity=1.0)) == [0, 3, 1, 2]


def test_a_least_share_takes_the_last_places_it_needs() -> None:
    products = shown([5, 4, 3, 2, 1])
    assert arrange(products, 3, shares=[share(0, 0, 0, 1, 1, least=2)]) == [0, 3, 4]
    assert arrange(products, 3, shares=[share(1, 1, 0, 0, 0, least=2)]) == [0, 1, 2]
    assert arrange(products, 3, shares=[share(0, 0, 0, 0, 1, least=3)]) == [0, 1, 4]


def test_two_least_shares_are_both_reached() -> None:
    products = shown([5, 4, 3, 2, 1])
    shares = [share(0, 0, 0, 1, 0, least=1), share(0, 0, 1, 0, 1, least=1)]
    assert arrange(products, 3, shares=shares) == [0, 2, 3]


def test_a_product_of_two_groups_frees_a_place() -> None:
    products = shown([5, 4, 3, 1, 2])
    shares = [share(0, 0, 0, 1, 0, least=1), share(0, 0, 0, 1, 0, least=1)]
    assert arrange(products, 2, shares=shares) == [3, 0]


def test_a_share_of_capped_products_breaks_the_cap() -> None:
    products = shown([5, 4, 3], categories=[0, 1, 0])
    assert arrange(products, 2, caps=Caps(per_category=1), shares=[share(1, 0, 1, least=2)]) == [0, 2]


@st.composite
def arrangements(draw: st.DrawFn) -> tuple[Shown, int, Caps, list[LeastShare]]:
    size = draw(st.integers(0, 12))
    numbers = st.lists(st.integers(0, 4), min_size=size, max_size=size)
    groups = st.lists(st.integers(-1, 2), min_size=size, max_size=size)
    products = shown([float(each) for each in draw(numbers)], draw(groups), draw(groups))
    caps = Caps(
        per_category=draw(st.integers(0, 3)),
        per_brand=draw(st.integers(0, 3)),
        diversity=draw(st.sampled_from([0.0, 0.1, 0.5, 1.0])),
    )
    flags = st.lists(st.integers(0, 1), min_size=size, max_size=size)
    shares = [share(*draw(flags), least=draw(st.integers(0, 5))) for _ in range(draw(st.integers(0, 2)))]
    return products, draw(st.integers(1, 14)), caps, shares


@given(arrangements())
def test_exactly_as_many_as_there_are_each_once_and_the_same_again(
    drawn: tuple[Shown, int, Caps, list[LeastShare]],
) -> None:
    products, count, caps, shares = drawn
    chosen = arrange(products, count, caps=caps, shares=shares)
    assert len(chosen) == len(set(chosen)) == min(count, len(products.scores))
    assert chosen == arrange(products, count, caps=caps, shares=shares)


@given(arrangements())
def test_a_single_share_is_always_reached_as_far_as_there_are_so_many(
    drawn: tuple[Shown, int, Caps, list[LeastShare]],
) -> None:
    products, count, caps, shares = drawn
    for each in shares:
        chosen = arrange(products, count, caps=caps, shares=[each])
        assert each.mask[chosen].sum() >= min(each.least, int(each.mask.sum()), len(chosen))


@given(arrangements())
def test_caps_hold_whenever_they_can(drawn: tuple[Shown, int, Caps, list[LeastShare]]) -> None:
    products, count, caps, _ = drawn
    caps = Caps(per_category=caps.per_category, diversity=caps.diversity)
    chosen = arrange(products, count, caps=caps)
    categories = products.categories.tolist()
    per_category = Counter(category for category in categories if category >= 0)
    limit = caps.per_category or len(categories)
    room = categories.count(-1) + sum(min(limit, number) for number in per_category.values())
    within = Counter(categories[at] for at in chosen if categories[at] >= 0)
    if len(chosen) <= room:
        assert all(number <= limit for number in within.values())


@given(arrangements())
def test_without_caps_and_shares_each_is_at_least_as_good_as_the_next_given_what_stands_above(
    drawn: tuple[Shown, int, Caps, list[LeastShare]],
) -> None:
    products, count, caps, _ = drawn
    chosen = arrange(products, count, caps=Caps(diversity=caps.diversity))
    above: Counter[int] = Counter()
    left = set(range(len(products.scores)))
    for at in chosen:
        now = {
            each: float(products.scores[each]) * (1 - caps.diversity) ** above[int(products.categories[each])]
            for each in left
        }
        assert now[at] == max(now.values())
        left.remove(at)
        if products.categories[at] >= 0:
            above[int(products.categories[at])] += 1
