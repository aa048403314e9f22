"""Candidate lists: what enters, what is cut, and that one member and many get the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from literal_moment import AS_OF, Bought, literal_moment, literal_pairs, promotions_of, small_moment, small_settings

from features.contracts.settings import Settings
from training.affinity.blend import BlendWeights, Field, best_first, blend
from training.affinity.candidates import (
    CHUNK,
    NEW_SHARE,
    NO_PRODUCT,
    QUOTAS,
    STORED,
    MemberCandidates,
    Sources,
    best_candidates,
)
from training.affinity.model import AffinityModel, Rank, fit_affinity
from training.affinity.moment import ShopMoment
from training.affinity.source import SOURCES, Scores

WEIGHTS = BlendWeights(item_item=0.1, als=0.2, popularity=0.05)


@pytest.fixture
def settings() -> Settings:
    return small_settings()


@pytest.fixture
def moment() -> ShopMoment:
    return small_moment()


@pytest.fixture
def model(moment: ShopMoment, settings: Settings) -> AffinityModel:
    return fit_affinity(moment, settings, as_of=AS_OF, weights=WEIGHTS)


def by_blend(model: AffinityModel) -> Rank:
    def rank(union: MemberCandidates, _start: int) -> Scores:
        return blend(union.values, model.weights, model.as_of_days).scores

    return rank


def candidates(model: AffinityModel, moment: ShopMoment, member_ids: np.ndarray) -> MemberCandidates:
    return model.candidates(model.sources(moment), member_ids, rank=by_blend(model))


def ids_of(found: MemberCandidates) -> list[list[str]]:
    return [found.of(row).product_ids.tolist() for row in range(len(found))]


def union_of(moment: ShopMoment, *members: str) -> MemberCandidates:
    """The union of a small shop's members; its model is fitted on the moment itself."""
    sources = fit_affinity(moment, small_settings(), as_of=AS_OF).sources(moment)
    ids = np.array(members)
    return sources.union_of(ids, moment.pairs.rows_of_members(ids))


def value(union: MemberCandidates, product: str, field: Field, *, row: int = 0) -> float:
    of_member = union.of(row)
    return float(of_member.values[of_member.product_ids.tolist().index(product), field])


def test_quotas_and_stored_fields_name_sources() -> None:
    """Rhythm and frequency order what was bought, and that enters whole."""
    assert set(QUOTAS) == set(SOURCES) - {"frequency", "rhythm"}
    assert set(STORED) < set(QUOTAS)
    assert {Field[name.upper()] for name in STORED}


def test_a_request_orders_the_stored_candidates_as_evaluation_did(model: AffinityModel, moment: ShopMoment) -> None:
    evaluated = candidates(model, moment, model.member_ids)
    for row, member_id in enumerate(model.member_ids):
        stored = candidates(model, moment, np.array([member_id])).of(0)
        blended = blend(stored.values, model.weights, model.as_of_days)
        order = best_first(blended.scores, stored.values[:, Field.POPULARITY], stored.product_ids)
        expected = model.catalogue.product_ids[evaluated.product_rows[row, :10]]
        assert stored.product_ids[order][:10].tolist() == expected.tolist()


def test_everything_bought_and_everything_popular_enters_the_union(moment: ShopMoment) -> None:
    pairs = moment.pairs
    bought = pairs.catalogue.product_ids[pairs.product_rows[pairs.member_rows == 0]]
    # Fewer products than the quota of popularity: all of them are popular.
    assert set(bought) < set(union_of(moment, "m00").of(0).product_ids) == set(pairs.catalogue.product_ids)


@pytest.mark.parametrize("name", sorted(set(QUOTAS) - {"popularity"}))
def test_every_source_brings_its_own_candidates(name: str) -> None:
    """Sixty products, of which a stranger gets the fifty most popular and the one that a source knows."""
    moment = literal_moment(literal_pairs([], {f"p{number:02}": 100 - number for number in range(60)}))
    silent = {each: OneProduct(columns=60, column=None) for each in SOURCES}
    sources = Sources(moment=moment, fitted={**silent, name: OneProduct(columns=60, column=59)})
    union = sources.union_of(np.array(["stranger"]), np.array([-1]))
    assert union.product_rows[0].tolist() == [*range(50), 59]
    if name in STORED:
        assert union.values[0, -1, Field[name.upper()]] == 1.0


class OneProduct:
    """A fitted source that knows one product, or none."""

    def __init__(self, *, columns: int, column: int | None) -> None:
        self.columns = columns
        self.column = column

    def scores(self, members: np.ndarray) -> Scores:
        scores = np.zeros((len(members), self.columns), dtype=np.float32)
        if self.column is not None:
            scores[:, self.column] = 0.5
        return scores


def test_values_of_a_bought_product_are_those_of_its_pair(moment: ShopMoment) -> None:
    pairs = moment.pairs
    union = union_of(moment, "m03")
    for pair in np.flatnonzero(pairs.member_rows == 3):
        product = str(pairs.catalogue.product_ids[pairs.product_rows[pair]])
        for field, column in (
            (Field.ORDERS_365D, pairs.orders_365d),
            (Field.ORDERS_91D, pairs.orders_91d),
            (Field.DECAYED_ORDERS, pairs.decayed_orders),
            (Field.FAST_DECAYED_ORDERS, pairs.fast_decayed_orders),
            (Field.SLOW_DECAYED_ORDERS, pairs.slow_decayed_orders),
            (Field.LAST_ORDERED_DAYS, pairs.last_ordered_days),
            (Field.VISITS_SINCE_FIRST, pairs.visits_since_first),
            (Field.VISITS_SINCE_LAST, pairs.visits_since_last),
            (Field.SPEND_365D, pairs.spend_365d),
        ):
            assert value(union, product, field) == column[pair]


def test_values_of_a_product_never_bought_say_so(moment: ShopMoment) -> None:
    found = union_of(moment, "stranger").of(0).values
    counts = [Field.ORDERS_365D, Field.DECAYED_ORDERS, Field.SUBCATEGORY_ORDERS, Field.BRAND_ORDERS]
    unknown = [Field.LAST_ORDERED_DAYS, Field.GAP_DAYS, Field.VISITS_SINCE_LAST, Field.CATEGORY_LAST_DAYS]
    assert not found[:, counts].any()
    assert np.isnan(found[:, unknown]).all()


def test_habits_of_the_products_groups_stand_with_a_product_never_bought() -> None:
    rows: list[Bought] = [("anna", "brie", 2.0, 0.0), ("anna", "milk", 1.0, 7.0)]
    moment = literal_moment(
        literal_pairs(rows, {"brie": 1, "milk": 1, "feta": 1, "soap": 1}),
        kinds={"brie": "cheese", "feta": "cheese", "milk": "milk"},
        categories={"brie": "dairy", "feta": "dairy", "milk": "dairy"},
        brands={"feta": "farm", "milk": "farm"},
    )
    union, decayed = union_of(moment, "anna"), 0.5 ** (7 / 70)
    days = moment.pairs.as_of_days
    assert value(union, "feta", Field.SUBCATEGORY_ORDERS) == pytest.approx(2.0, rel=1e-5)
    assert value(union, "feta", Field.SUBCATEGORY_LAST_DAYS) == np.float32(days)
    assert value(union, "feta", Field.CATEGORY_ORDERS) == pytest.approx(2.0 + decayed, rel=1e-5)
    assert value(union, "feta", Field.CATEGORY_LAST_DAYS) == np.float32(days)
    assert value(union, "feta", Field.BRAND_ORDERS) == pytest.approx(decayed, rel=1e-5)
    assert value(union, "feta", Field.BRAND_LAST_DAYS) == np.float32(days - 7)
    # Without a group there is no habit in one.
    assert value(union, "soap", Field.SUBCATEGORY_ORDERS) == 0.0
    assert np.isnan(value(union, "soap", Field.BRAND_LAST_DAYS))


def test_promotions_are_those_of_the_members_own_stores() -> None:
    moment = literal_moment(
        literal_pairs([("anna", "tea", 1.0, 1.0)], {"tea": 1, "milk": 1}),
        visits={"anna": {"north": 0.75, "south": 0.25}},
        promotions=promotions_of(["north", "south"], mailer={"north": ["tea"]}, display={"south": ["milk"]}),
    )
    union = union_of(moment, "anna", "stranger")
    assert value(union, "tea", Field.MAILER) == 0.75
    assert value(union, "milk", Field.MAILER) == 0.0
    assert value(union, "milk", Field.DISPLAY) == 0.25
    # Of a member of no store all stores count alike.
    assert value(union, "tea", Field.MAILER, row=1) == 0.5


def test_a_shop_without_a_plan_promotes_nothing(moment: ShopMoment) -> None:
    assert not union_of(moment, "m00").values[..., [Field.MAILER, Field.DISPLAY]].any()


def test_an_unknown_member_gets_what_is_popular(model: AffinityModel, moment: ShopMoment) -> None:
    found = candidates(model, moment, np.array(["stranger"])).of(0)
    assert found.product_ids.tolist() == model.catalogue.product_ids[:20].tolist()


def test_a_source_that_knows_nothing_of_a_member_brings_no_candidates() -> None:
    """Sixty products, of which a stranger gets the fifty most popular and not the rest at a score of zero."""
    buyers = {f"p{number:02}": 100 - number for number in range(60)}
    moment = literal_moment(literal_pairs([("anna", "p59", 1.0, 1.0), ("ben", "p58", 1.0, 1.0)], buyers))
    union = union_of(moment, "stranger", "anna")
    assert union.of(0).product_ids.tolist() == moment.pairs.catalogue.product_ids[:50].tolist()
    assert "p59" in union.of(1).product_ids


def test_a_moment_of_other_members_meets_their_own_factors(model: AffinityModel, moment: ShopMoment) -> None:
    """The moment of a part of the members numbers them anew."""
    part = moment.pairs.member_rows >= 5
    columns = {name: each[part] for name, each in vars(moment.pairs).items() if np.ndim(each) and name != "member_ids"}
    columns["member_rows"] = columns["member_rows"] - 5
    asked = model.member_ids[5:]
    fewer = replace(
        moment,
        pairs=replace(moment.pairs, member_ids=asked, **columns),
        baskets=replace(moment.baskets, latest=moment.baskets.latest[5:]),
        stores=replace(moment.stores, visits=moment.stores.visits[5:]),
    )
    found, expected = candidates(model, fewer, asked), candidates(model, moment, asked)
    assert np.array_equal(found.values[..., Field.ALS], expected.values[..., Field.ALS])


def test_lists_are_cut_to_the_settings_and_sorted_by_the_rank(model: AffinityModel, moment: ShopMoment) -> None:
    found = candidates(model, moment, model.member_ids)
    for row in range(len(found)):
        scores = blend(found.of(row).values, model.weights, model.as_of_days).scores
        assert len(scores) == 20
        assert (np.diff(scores) <= 0).all()


def test_the_rank_is_told_where_its_members_stand(model: AffinityModel, moment: ShopMoment) -> None:
    asked = np.array([f"m{number % 25:02}" for number in range(CHUNK + 30)])
    seen: list[tuple[int, int]] = []
    reported: list[tuple[int, int]] = []

    def rank(union: MemberCandidates, start: int) -> Scores:
        seen.append((start, len(union)))
        assert union.member_ids.tolist() == asked[start : start + len(union)].tolist()
        return by_blend(model)(union, start)

    found = model.candidates(
        model.sources(moment), asked, rank=rank, progress=lambda done, every: reported.append((done, every))
    )
    assert seen == [(0, CHUNK), (CHUNK, 30)]
    assert reported == [(CHUNK, len(asked)), (len(asked), len(asked))]
    first = ids_of(candidates(model, moment, asked[:25]))
    assert ids_of(found) == [first[number % 25] for number in range(len(asked))]


def test_sources_are_scaled_to_the_members_largest(moment: ShopMoment) -> None:
    union = union_of(moment, *moment.pairs.member_ids.tolist())
    for name in STORED:
        field = union.values[..., Field[name.upper()]]
        # Every second member goes to no store.
        assert (field[::2].max(axis=1) == 1.0).all(), name
        assert (field >= 0.0).all(), name


def cut(union: MemberCandidates, scores: list[float], count: int) -> list[str]:
    """Ids of the best of one member's union."""
    return ids_of(best_candidates(union, np.array([scores], dtype=np.float32), count=count))[0]


def literal_union(bought: str, new: str) -> MemberCandidates:
    """One member's union: a product for each letter, in the order of the alphabet."""
    products = sorted({*bought, *new})
    buyers = {product: 10 - number for number, product in enumerate(products)}
    union = union_of(literal_moment(literal_pairs([("anna", each, 1.0, 1.0) for each in bought], buyers)), "anna")
    assert union.of(0).product_ids.tolist() == products
    return union


def test_equal_scores_stand_in_catalogue_order() -> None:
    assert cut(literal_union("abc", ""), [0.5, 0.9, 0.5], 3) == ["b", "a", "c"]
    assert cut(literal_union("abc", ""), [0.5, 0.5, 0.5], 2) == ["a", "b"]


def test_a_share_of_the_places_goes_to_products_never_bought() -> None:
    assert NEW_SHARE == 0.4
    bought_first = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2]
    # Two of five places, though every product bought ranks higher; within the list the order is the rank's.
    assert cut(literal_union("abcdef", "gh"), bought_first, 5) == ["a", "b", "c", "g", "h"]
    assert cut(literal_union("abcd", "efgh"), bought_first, 5) == ["a", "b", "c", "e", "f"]


def test_places_that_no_new_product_takes_go_to_what_was_bought() -> None:
    scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
    assert cut(literal_union("abcdef", ""), scores, 5) == ["a", "b", "c", "d", "e"]
    assert cut(literal_union("abcde", "f"), scores, 5) == ["a", "b", "c", "d", "f"]


def test_more_than_the_share_is_new_where_it_ranks_higher_or_nothing_else_is_left() -> None:
    scores = [0.4, 0.3, 0.9, 0.8, 0.7, 0.6]
    assert cut(literal_union("ab", "cdef"), scores, 5) == ["c", "d", "e", "f", "a"]
    assert cut(literal_union("a", "bcdef"), [0.9, 0.5, 0.4, 0.3, 0.2, 0.1], 5) == ["a", "b", "c", "d", "e"]


def test_empty_places_stand_last_whatever_their_score() -> None:
    wide = literal_moment(
        literal_pairs([("anna", "p59", 1.0, 1.0)], {f"p{number:02}": 100 - number for number in range(60)})
    )
    union = union_of(wide, "stranger", "anna")
    best = best_candidates(union, np.full(union.product_rows.shape, -5.0, dtype=np.float32), count=60)
    assert (best.product_rows[0, :50] != NO_PRODUCT).all()
    assert (best.product_rows[0, 50:] == NO_PRODUCT).all()
    assert len(best.of(0).product_ids) == 50


def test_fewer_products_than_places_leave_empty_places(settings: Settings) -> None:
    moment = literal_moment(literal_pairs([("a", "x", 1.0, 0.0), ("b", "y", 1.0, 0.0)], {"x": 1, "y": 1}))
    model = fit_affinity(moment, settings, as_of=AS_OF)
    found = candidates(model, moment, np.array(["a"]))
    assert found.product_rows.shape == (1, 20)
    assert found.of(0).product_ids.tolist() == ["x", "y"]


def test_another_rank_gives_another_order(model: AffinityModel, moment: ShopMoment) -> None:
    found = model.candidates(
        model.sources(moment), model.member_ids, rank=lambda union, _start: union.values[..., Field.POPULARITY]
    )
    assert (np.diff(found.values[..., Field.POPULARITY], axis=1) <= 0).all()
