"""Promises that hold for whatever is asked: exactly N or a reason, nothing that a rule forbids, the same again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from literal_recommender import ANNA, IDS, NOW, PRODUCTS, ZONE, member, recommend, recommender, release

from features.contracts.filters.mask import mask
from features.contracts.filters.parse import parse_filter
from features.contracts.scenario_settings import Boost, Exclusion, ScenarioSettings
from features.store.packed_member import PackedMember, mark_of
from serving.answers import Recommendation
from serving.recommendations.assortment import Assortment
from training.affinity.blend import Field

RELEASE = release()
COLUMNS = Assortment(RELEASE, zone=ZONE).columns(RELEASE.manifest.as_of)
FILTERS = ("price < 4", "brand == 'farm'", "category in ['DAIRY', 'DRINKS']", "not is_private_label", "price > 100")
ON_SALE = {each[0] for each in PRODUCTS if each[6] > 0}

shares = st.sampled_from([0.0, 0.1, 0.5, 1.0])
filters = st.sampled_from(["", *FILTERS])
scenarios = st.builds(
    ScenarioSettings,
    kind=st.sampled_from(["home", "replenish", "discover", "cart", "product"]),
    filter=filters,
    exclude_bought_days=st.sampled_from([0, 5, 60]),
    new_share=shares,
    max_per_category=st.integers(0, 2),
    max_per_brand=st.integers(0, 2),
    diversity=shares,
    boosts=st.lists(st.builds(Boost, filter=st.sampled_from(FILTERS), factor=st.sampled_from([0.0, 0.5, 3.0]))).map(
        tuple
    ),
    exclusions=st.lists(
        st.builds(Exclusion, filter=st.sampled_from(FILTERS), member_tags=st.sampled_from([("new",), ("new", "old")]))
    ).map(tuple),
    promoted_filter=filters,
    promoted_share=shares,
    exploration_share=shares,
    exploration_days=st.sampled_from([1, 10, 30]),
)
products = st.sampled_from([*IDS, "nobody's product"])
bought = st.dictionaries(
    st.sampled_from(IDS[:8]),
    st.tuples(st.integers(1, 9), st.floats(0, 300, width=16), st.sampled_from([np.nan, 7.0, 30.0])),
    max_size=5,
)
members = (
    st.none()
    | st.just(ANNA)
    | st.sampled_from([("new",), ("old",)]).map(lambda tags: replace(ANNA, tags=tags))
    | st.builds(
        member,
        bought,
        liked=st.dictionaries(st.sampled_from(IDS[:8]), st.sampled_from([0.1, 0.5]), max_size=5),
        also=st.lists(st.sampled_from(IDS[8:]), max_size=2, unique=True),
    )
)
queries = st.fixed_dictionaries(
    {
        "count": st.integers(1, 13),
        "exclude": st.frozensets(products, max_size=6),
        "basket": st.lists(products, max_size=4).map(tuple),
        "product_id": products,
        "filter": st.none() | st.sampled_from(FILTERS),
        "item_ids": st.none() | st.lists(products, min_size=1, max_size=6).map(tuple),
    }
)


def asked(packed: PackedMember | None, scenario: ScenarioSettings, query: dict[str, object]) -> Recommendation:
    by = recommender(RELEASE, some=scenario)
    return recommend(by, packed, scenario="some", **query)  # type: ignore[arg-type]  # drawn


def forbidden(packed: PackedMember | None, scenario: ScenarioSettings, query: dict[str, object]) -> set[str]:
    """Products that no answer may hold, worked out from the literal rows alone."""
    found = {*query["exclude"], *query["basket"], query["product_id"]}  # type: ignore[misc]  # drawn
    if packed is not None:
        for rule in scenario.exclusions:
            if set(rule.member_tags) & set(packed.tags):
                passing = mask(parse_filter(rule.filter), COLUMNS)
                found |= {each for each, passes in zip(IDS, passing, strict=True) if passes}
    for text in (scenario.filter, query["filter"]):
        if text:
            passing = mask(parse_filter(str(text)), COLUMNS)
            found |= {each for each, passes in zip(IDS, passing, strict=True) if not passes}
    if packed is not None:
        last = dict(
            zip(packed.candidate_ids, packed.candidate_values[:, Field.LAST_ORDERED_DAYS].tolist(), strict=True)
        )
        marked = {each for each in IDS if mark_of(each) in packed.bought_marks}
        ever = marked | {each for each, day in last.items() if not np.isnan(day)}
        if scenario.exclude_bought_days:
            found |= {each for each, day in last.items() if day >= np.float32(NOW - scenario.exclude_bought_days)}
        if scenario.kind == "discover":
            found |= ever
        if scenario.kind == "replenish":
            found |= set(IDS) - ever
    elif scenario.kind == "replenish":
        found |= set(IDS)
    if query["item_ids"] is None:
        return found | (set(IDS) - ON_SALE)
    return found | (set(IDS) - set(query["item_ids"]))  # type: ignore[call-overload]  # drawn


@settings(max_examples=300, deadline=None)
@given(members, scenarios, queries)
def test_exactly_n_or_a_reason_each_once_and_nothing_forbidden(
    packed: PackedMember | None, scenario: ScenarioSettings, query: dict[str, object]
) -> None:
    answer = asked(packed, scenario, query)
    found = [item.id for item in answer.items]
    count = int(str(query["count"]))
    assert len(found) == len(set(found)) <= count
    assert not set(found) & forbidden(packed, scenario, query)
    assert answer.filtered.get("no_more_products", 0) == count - len(found)
    assert all(number > 0 for number in answer.filtered.values())
    if scenario.kind != "replenish":
        assert len(found) == min(count, len(set(IDS) - forbidden(packed, scenario, query)))


@settings(max_examples=150, deadline=None)
@given(members, scenarios, queries)
def test_the_same_question_has_the_same_answer_and_every_item_a_reason(
    packed: PackedMember | None, scenario: ScenarioSettings, query: dict[str, object]
) -> None:
    answer = asked(packed, scenario, query)
    assert answer == asked(packed, scenario, query)
    for item in answer.items:
        assert item.name
        assert item.reasons
        assert all("{" not in reason.sentence for reason in item.reasons)
        assert (item.exploration_probability > 0) == (item.source == "explored")
        assert 0 <= item.exploration_probability <= 1


@settings(max_examples=100, deadline=None)
@given(members, scenarios, queries)
def test_no_product_is_said_to_have_been_bought_that_was_not(
    packed: PackedMember | None, scenario: ScenarioSettings, query: dict[str, object]
) -> None:
    bought_ids = set()
    if packed is not None:
        is_bought = ~np.isnan(packed.candidate_values[:, Field.LAST_ORDERED_DAYS])
        bought_ids = {each for each, bought in zip(packed.candidate_ids, is_bought, strict=True) if bought}
    for item in asked(packed, scenario, query).items:
        codes = {reason.code for reason in item.reasons}
        if codes & {"bought_often", "bought_once", "due"}:
            assert item.id in bought_ids
