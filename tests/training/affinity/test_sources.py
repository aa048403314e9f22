"""The promises that every candidate source keeps, and what each of them means."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import pytest
from literal_moment import AS_OF, checkerboard, literal_moment, literal_pairs, small_moment, small_settings

from training.affinity.als import Als
from training.affinity.analogues import Analogues
from training.affinity.arrivals import EVERYBODY, Arrivals
from training.affinity.favourites import Favourites
from training.affinity.frequency import Frequency
from training.affinity.item_item import ItemItem
from training.affinity.model import fit_affinity
from training.affinity.moment import ShopMoment
from training.affinity.neighbours import Neighbours
from training.affinity.next_basket import NextBasket
from training.affinity.popularity import Popularity
from training.affinity.rhythm import NEVER_DUE, Rhythm
from training.affinity.source import SOURCES as NAMES
from training.affinity.source import Scores, Source
from training.affinity.stores import StoreSales
from training.affinity.trending import Trending

SOURCES: dict[str, Source] = {
    "frequency": Frequency(),
    "item_item": ItemItem(neighbours=4, threads=1),
    "als": Als(factors=4, regularization=0.05, iterations=10, alpha=5.0, seed=7, threads=1),
    "popularity": Popularity(),
    "neighbours": Neighbours(count=3),
    "next_basket": NextBasket(neighbours=4, threads=1),
    "favourite_category": Favourites(by="subcategory"),
    "favourite_brand": Favourites(by="brand_in_category"),
    "stores": StoreSales(),
    "trending": Trending(),
    "arrivals": Arrivals(),
    "analogues": Analogues(),
    "rhythm": Rhythm(),
}
FOR_EVERYBODY = ("popularity", "trending", "arrivals")
"""Sources that answer a member of whom nothing is known."""
OF_PURCHASES = ("frequency", "item_item", "als", "neighbours", "rhythm")
"""Sources that read nothing but who bought what."""
OF_GROUPS = ("favourite_category", "favourite_brand", "analogues", "arrivals")
"""Sources that read the product's groups."""


@pytest.fixture(params=SOURCES.values(), ids=SOURCES.keys())
def source(request: pytest.FixtureRequest) -> Source:
    found: Source = request.param
    return found


@pytest.fixture
def board() -> ShopMoment:
    return checkerboard()


def everybody(moment: ShopMoment) -> np.ndarray:
    return np.arange(len(moment.pairs.member_ids))


def scores_of(source: Source, moment: ShopMoment, member: str) -> dict[str, float]:
    """Scores of one member by product, without the zeros."""
    scores = source.fit(moment).scores(moment.pairs.rows_of_members(np.array([member])))[0]
    named = zip(moment.pairs.catalogue.product_ids.tolist(), scores.tolist(), strict=True)
    return {product: score for product, score in named if score}


def close(scores: dict[str, float]) -> object:
    """Equal up to what float32 cannot hold."""
    return pytest.approx(scores, rel=1e-5)


def test_every_source_is_held_to_the_promises() -> None:
    assert set(SOURCES) == set(NAMES)


def test_a_model_fits_every_source(board: ShopMoment) -> None:
    model = fit_affinity(board, small_settings(), as_of=AS_OF)
    assert set(model.sources(board).fitted) == set(NAMES)


@pytest.mark.parametrize("make", [checkerboard, small_moment])
def test_scores_are_finite_float32_of_members_by_products(source: Source, make: Callable[[], ShopMoment]) -> None:
    moment = make()
    scores = source.fit(moment).scores(np.array([3, 0, -1]))
    assert (scores.dtype, scores.shape) == (np.float32, (3, len(moment.pairs.catalogue)))
    assert np.isfinite(scores).all()
    assert (scores > 0).any()


def test_the_same_moment_gives_the_same_scores(source: Source) -> None:
    first, second = (source.fit(small_moment()).scores(np.arange(20)) for _ in range(2))
    assert (first == second).all()


def test_scoring_twice_changes_nothing(source: Source) -> None:
    fitted = source.fit(small_moment())
    first = fitted.scores(np.arange(20)).copy()
    assert (fitted.scores(np.arange(20)) == first).all()


def test_the_moment_is_left_as_it_was(source: Source) -> None:
    moment = small_moment()
    before = copy.deepcopy(moment)
    source.fit(moment).scores(np.arange(20))
    assert same_arrays(moment, before)


def test_a_fit_leaves_nothing_to_the_next(source: Source, board: ShopMoment) -> None:
    other = small_moment(members=5, products=8)
    alone = source.fit(other).scores(everybody(other))
    source.fit(board)
    assert (source.fit(other).scores(everybody(other)) == alone).all()


def test_a_member_scored_alone_gets_what_it_gets_among_others(source: Source) -> None:
    moment = small_moment()
    fitted = source.fit(moment)
    asked = np.array([*range(20), -1, 3])
    together = fitted.scores(asked)
    alone = np.concatenate([fitted.scores(np.array([row])) for row in asked])
    assert (together == alone).all()


def test_a_moment_without_an_entry_is_no_error(source: Source) -> None:
    moment = literal_moment(literal_pairs([], {"x": 3, "y": 1}))
    assert source.fit(moment).scores(np.array([-1])).shape == (1, 2)


def test_nobody_asked_is_answered_with_nothing(source: Source, board: ShopMoment) -> None:
    assert source.fit(board).scores(np.array([], dtype=np.int64)).shape == (0, 8)


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(FOR_EVERYBODY)))
def test_a_member_without_pairs_scores_zero(name: str, board: ShopMoment) -> None:
    assert not SOURCES[name].fit(board).scores(np.array([-1])).any()


@pytest.mark.parametrize("name", ["popularity", "trending"])
def test_what_everybody_gets_is_the_same_for_all(name: str) -> None:
    scores = SOURCES[name].fit(small_moment()).scores(np.array([0, 7, -1]))
    assert (scores == scores[0]).all()


@pytest.mark.parametrize("name", OF_PURCHASES)
def test_a_product_without_pairs_scores_zero(name: str) -> None:
    pairs = literal_pairs(
        [("a", "x", 1.0, 1.0), ("b", "x", 1.0, 1.0), ("b", "y", 1.0, 1.0)], {"x": 2, "y": 1, "new": 1}
    )
    scores = SOURCES[name].fit(literal_moment(pairs)).scores(np.array([0, 1]))
    assert scores[:, pairs.catalogue.rows_of(np.array(["new"]))] == pytest.approx(np.zeros((2, 1)), abs=1e-6)


@pytest.mark.parametrize("name", OF_GROUPS)
def test_products_without_a_group_are_not_taken_for_one(name: str) -> None:
    """Two groupless products have nothing in common: buying one says nothing of the other."""
    facts = {"sales_7d": {"x": 1.0, "y": 5.0}, "buyers_28d": {"y": 5.0}, "price": {"x": 1.0, "y": 1.0}}
    moment = literal_moment(
        literal_pairs([("a", "x", 1.0, 1.0)], {"x": 1, "y": 1}), facts={**facts, "days_on_sale": {"y": 3.0}}
    )
    known = scores_of(SOURCES[name], moment, "a")
    assert known == scores_of(SOURCES[name], moment, "stranger")


@pytest.mark.parametrize("name", ["item_item", "als", "neighbours", "next_basket", "favourite_category", "stores"])
@pytest.mark.parametrize(("member", "withheld"), [("m0", "p4"), ("m1", "p5")])
def test_the_withheld_product_of_a_checkerboard_ranks_first_among_the_new_ones(
    name: str, member: str, withheld: str, board: ShopMoment
) -> None:
    row = board.pairs.rows_of_members(np.array([member]))
    scores = SOURCES[name].fit(board).scores(row)[0]
    scores[board.pairs.positions(row)[0] >= 0] = -np.inf
    assert board.pairs.catalogue.product_ids[np.argmax(scores)] == withheld


def test_als_gives_the_same_factors_with_one_thread_and_with_two(board: ShopMoment) -> None:
    one, two = (
        Als(factors=4, regularization=0.05, iterations=10, alpha=5.0, seed=7, threads=threads).fit(board)
        for threads in (1, 2)
    )
    assert (one.product_factors == two.product_factors).all()
    assert (one.member_factors == two.member_factors).all()


def test_als_of_another_seed_differs(board: ShopMoment) -> None:
    one, two = (
        Als(factors=4, regularization=0.05, iterations=1, alpha=5.0, seed=seed, threads=1).fit(board) for seed in (1, 2)
    )
    assert (one.product_factors != two.product_factors).any()


def test_frequency_halves_an_order_per_half_life() -> None:
    moment = literal_moment(literal_pairs([("a", "x", 4.0, 70.0), ("a", "y", 1.0, 0.0)], {"x": 1, "y": 1}))
    assert scores_of(Frequency(), moment, "a") == close({"x": 2.0, "y": 1.0})


def test_item_item_similarity_is_the_cosine_over_members() -> None:
    pairs = literal_pairs(
        [("a", "x", 1.0, 0.0), ("a", "y", 2.0, 0.0), ("b", "x", 2.0, 0.0), ("c", "y", 1.0, 0.0)], {"x": 2, "y": 2}
    )
    neighbours = ItemItem(neighbours=2, threads=1).fit(literal_moment(pairs)).neighbours
    assert neighbours.rows.tolist() == [[0, 1], [1, 0]]
    assert neighbours.similarities[:, 1] == pytest.approx([2 / 5, 2 / 5])


def test_item_item_keeps_only_the_nearest() -> None:
    rows = [("a", "x", 1.0, 0.0), ("a", "y", 3.0, 0.0), ("a", "z", 1.0, 0.0), ("b", "y", 9.0, 0.0)]
    moment = literal_moment(literal_pairs(rows, {"x": 1, "y": 2, "z": 1}))
    neighbours = ItemItem(neighbours=2, threads=1).fit(moment).neighbours
    assert neighbours.rows.shape == (3, 2)
    assert neighbours.similarities[:, 0] == pytest.approx([1.0, 1.0, 1.0])
    assert (neighbours.similarities[:, 1] > 0).all()


def test_popularity_is_the_buyers_of_the_catalogue(board: ShopMoment) -> None:
    assert (Popularity().fit(board).scores(np.array([0, -1])) == 4.0).all()


# anna and ben share half of their habits, anna and cleo nothing; ben alone knows jam, cleo alone knows soap
FRIENDS = [
    ("anna", "tea", 1.0, 0.0),
    ("anna", "milk", 1.0, 0.0),
    ("ben", "tea", 1.0, 0.0),
    ("ben", "jam", 1.0, 0.0),
    ("cleo", "soap", 1.0, 0.0),
]
FRIENDS_BUYERS = {"tea": 2, "milk": 1, "jam": 1, "soap": 1}


def test_neighbours_bring_what_the_nearest_members_bought_and_not_the_member_itself() -> None:
    moment = literal_moment(literal_pairs(FRIENDS, FRIENDS_BUYERS))
    assert scores_of(Neighbours(count=2), moment, "anna") == close({"tea": 1.0, "jam": 1.0})
    assert scores_of(Neighbours(count=2), moment, "cleo") == {}


def test_neighbours_with_an_own_share_mix_in_the_members_own_orders() -> None:
    moment = literal_moment(literal_pairs(FRIENDS, FRIENDS_BUYERS))
    found = scores_of(Neighbours(count=2, own_share=0.75), moment, "anna")
    assert found == close({"tea": 0.25 + 0.75, "jam": 0.25, "milk": 0.75})


def test_nearer_neighbours_weigh_more_and_a_keen_one_is_capped() -> None:
    rows = [
        ("anna", "tea", 4.0, 0.0),
        ("anna", "milk", 4.0, 0.0),
        ("near", "tea", 4.0, 0.0),
        ("near", "milk", 4.0, 0.0),
    ]
    rows += [("near", "jam", 100.0, 0.0), ("far", "tea", 1.0, 0.0), ("far", "soap", 1.0, 0.0)]
    moment = literal_moment(literal_pairs(rows, {"tea": 3, "milk": 2, "jam": 1, "soap": 1}))
    cosine_near = (4 + 4) / np.sqrt(4 + 4) / np.sqrt(4 + 4 + 100)
    cosine_far = 2 / np.sqrt(4 + 4) / np.sqrt(1 + 1)
    found = scores_of(Neighbours(count=2), moment, "anna")
    both = cosine_near + cosine_far
    assert found["jam"] == pytest.approx(1.5 * cosine_near / both, rel=1e-5)
    assert found["soap"] == pytest.approx(cosine_far / both, rel=1e-5)


def test_next_basket_brings_what_shares_an_order_with_the_latest_baskets() -> None:
    pairs = literal_pairs([("anna", "pasta", 1.0, 1.0)], dict.fromkeys(["pasta", "sauce", "cheese", "soap"], 1))
    baskets = [["pasta", "sauce"], ["pasta", "sauce", "cheese"], ["cheese"], ["soap"]]
    moment = literal_moment(pairs, baskets=baskets, latest={"anna": {"pasta": 0.5}})
    found = scores_of(NextBasket(neighbours=3, threads=1), moment, "anna")
    # Cosine over orders, times how much the latest basket counts; pasta itself brings no pasta.
    assert found == close({"sauce": 0.5 * 2 / 2, "cheese": 0.5 * 1 / 2})


def test_favourites_are_the_groups_orders_shared_out_by_present_sales() -> None:
    moment = literal_moment(
        literal_pairs([("anna", "brie", 3.0, 0.0), ("anna", "soap", 1.0, 0.0)], {"brie": 1, "feta": 1, "soap": 1}),
        kinds={"brie": "cheese", "feta": "cheese", "soap": "soap"},
        brands={"brie": "farm", "feta": "farm"},
        facts={"sales_7d": {"brie": 2.0, "feta": 4.0, "soap": 1.0}, "buyers_28d": {"brie": 0.0, "feta": 20.0}},
    )
    # brie sells 2, feta 4 + 0.3 * 20: two and ten twelfths of what anna buys of cheese.
    by_kind = scores_of(Favourites(by="subcategory"), moment, "anna")
    assert by_kind == close({"brie": 3 * 2 / 12, "feta": 3 * 10 / 12, "soap": 1.0})
    # soap has no brand: it is in nobody's favourite brand.
    assert scores_of(Favourites(by="brand_in_category"), moment, "anna") == close(
        {"brie": 3 * 2 / 12, "feta": 3 * 10 / 12}
    )


def test_stores_bring_what_sells_where_the_member_goes() -> None:
    moment = literal_moment(
        literal_pairs([("anna", "tea", 1.0, 1.0)], {"tea": 1, "milk": 1}),
        visits={"anna": {"north": 0.75, "south": 0.25}},
        sales={"north": {"tea": 4.0}, "south": {"tea": 8.0, "milk": 4.0}},
    )
    assert scores_of(StoreSales(), moment, "anna") == close({"tea": 0.75 * 4 + 0.25 * 8, "milk": 0.25 * 4})


def test_trending_prefers_what_sells_more_than_usual() -> None:
    usual = {"buyers_7d": {"steady": 7.0, "rising": 7.0}, "buyers_91d": {"steady": 91.0, "rising": 0.0}}
    moment = literal_moment(literal_pairs([("a", "steady", 1.0, 1.0)], {"steady": 1, "rising": 1}), facts=usual)
    assert scores_of(Trending(), moment, "a") == close({"steady": 7 * np.log(2), "rising": 7 * np.log(9)})


def test_arrivals_are_new_products_in_the_categories_of_the_member() -> None:
    moment = literal_moment(
        literal_pairs([("anna", "old tea", 1.0, 0.0), ("anna", "soap", 3.0, 0.0)], {"old tea": 1, "tea": 1, "soap": 1}),
        categories={"old tea": "drinks", "tea": "drinks", "soap": "care"},
        facts={"buyers_28d": {"old tea": 9.0, "tea": 8.0, "soap": 7.0}, "days_on_sale": {"tea": 56.0}},
    )
    # A quarter of anna's orders are drinks. What is on sale for longer is no arrival.
    assert scores_of(Arrivals(), moment, "anna") == close({"tea": 8 * (EVERYBODY + 0.25)})
    assert scores_of(Arrivals(), moment, "stranger") == close({"tea": 8 * EVERYBODY})


def test_analogues_score_a_product_that_nobody_bought_by_kind_brand_and_price() -> None:
    moment = literal_moment(
        literal_pairs([("anna", "brie", 2.0, 0.0)], {"brie": 1, "feta": 0, "gouda": 0, "soap": 0}),
        kinds={"brie": "cheese", "feta": "cheese", "gouda": "cheese", "soap": "soap"},
        brands={"brie": "farm", "feta": "farm", "gouda": "dairy"},
        facts={"price": {"brie": 2.0, "feta": 4.0, "soap": 2.0}},
    )
    # Twice the price is exp(-log 2) as likely; without a price a product is taken to lie an e-fold away.
    assert scores_of(Analogues(), moment, "anna") == close(
        {
            "brie": 2.0 + 2.0,
            "feta": (2.0 + 2.0) / 2,
            "gouda": 2.0 * np.exp(-1),
        }
    )


def test_rhythm_weighs_a_product_by_how_nearly_it_is_due() -> None:
    rows = [("anna", "due", 1.0, 10.0), ("anna", "just bought", 1.0, 0.25), ("anna", "by others", 1.0, 14.0)]
    moment = literal_moment(
        literal_pairs(
            rows,
            {"due": 1, "just bought": 1, "by others": 1},
            gaps={("anna", "due"): 10.0, ("anna", "just bought"): 100.0},
        ),
        facts={"gap_days": {"by others": 14.0, "due": 1.0}},
    )
    half = 0.5 ** (1 / 70)
    # Due now by the member's own gap, or by that of others where the member has none; long before it, hardly.
    assert scores_of(Rhythm(), moment, "anna") == close(
        {
            "due": half**10,
            "by others": half**14,
            "just bought": half**0.25 * NEVER_DUE,
        }
    )


def test_half_a_gap_early_is_as_good_as_twice_the_gap_late() -> None:
    rows = [("anna", "early", 1.0, 5.0), ("anna", "late", 1.0, 20.0)]
    gaps = {("anna", "early"): 10.0, ("anna", "late"): 10.0}
    found = scores_of(Rhythm(), literal_moment(literal_pairs(rows, {"early": 1, "late": 1}, gaps=gaps)), "anna")
    half = 0.5 ** (1 / 70)
    assert found["early"] / half**5 == pytest.approx(found["late"] / half**20, rel=1e-5)


def same_arrays(one: ShopMoment, other: ShopMoment) -> bool:
    """Whether every array of two moments is the same."""

    def arrays(moment: ShopMoment) -> list[Scores]:
        matrices = [moment.baskets.orders, moment.baskets.latest, moment.stores.visits, moment.stores.sales]
        parts = [moment.pairs, moment.facts]
        return [
            *(value for part in parts for value in vars(part).values() if isinstance(value, np.ndarray)),
            *(matrix.toarray() for matrix in matrices),
        ]

    return all(
        np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(arrays(one), arrays(other), strict=True)
    )
