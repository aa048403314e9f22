"""Every committed scenario on a real release: exactly as many as asked for, with names, and reasons that are true."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from asking import ask, ids
from made_shop import MadeShop

from features.contracts.clock import days_since_epoch
from features.contracts.ids import ProductId
from features.contracts.settings import Settings
from features.snapshots import current_build
from serving.answers import MemberRef, Recommendation, RecommendationQuery
from serving.recommendations.engine import ReleaseEngine, load_engine
from training.release.shelf import require_active_release

PRODUCT_SCENARIOS = ("home", "replenish", "discover", "cart", "product")


@pytest.fixture(scope="module")
def settings(small_shop: MadeShop) -> Settings:
    return small_shop.settings


@pytest.fixture(scope="module")
def engine(settings: Settings) -> ReleaseEngine:
    return load_engine(settings, require_active_release(settings.paths))


@pytest.fixture(scope="module")
def log(settings: Settings, engine: ReleaseEngine) -> pd.DataFrame:
    """Every purchase of goods in the year before the release, with its day in the shops."""
    log = pd.read_parquet(current_build(settings.paths).folder / "purchases.parquet").dropna(subset="member_id")
    log = log[(log["ordered_at"] < engine.as_of) & (log["ordered_at"] >= engine.as_of - timedelta(days=365))]
    return log.assign(day=log["ordered_at"].dt.tz_convert("America/New_York").dt.strftime("%Y-%m-%d"))


@pytest.fixture(scope="module")
def members(log: pd.DataFrame) -> list[str]:
    return sorted(log["member_id"].unique())


@pytest.fixture(scope="module")
def popular(engine: ReleaseEngine) -> list[str]:
    return list(engine.release.products.table["product_id"][:20])


def answers(
    engine: ReleaseEngine, members: list[str], popular: list[str], scenario: str, **query: object
) -> list[Recommendation]:
    context = {"basket": tuple(popular[:3]), "product_id": popular[0]} if scenario in ("cart", "product") else {}
    return [ask(engine, member, scenario=scenario, **{**context, **query}) for member in members[::10]]


@pytest.mark.parametrize("scenario", PRODUCT_SCENARIOS)
@pytest.mark.parametrize("locale", ["en", "zh"])
def test_it_answers_with_names_and_reasons_in_the_language_asked_for(
    engine: ReleaseEngine, members: list[str], popular: list[str], scenario: str, locale: str
) -> None:
    for answer in answers(engine, members, popular, scenario, locale=locale):
        assert len(answer.items) + answer.filtered.get("no_more_products", 0) == 10
        if scenario != "replenish":
            assert len(set(ids(answer))) == 10
        for item in answer.items:
            assert item.name != item.id
            for reason in item.reasons:
                assert (re.search("[\u4e00-\u9fff]", reason.sentence) is not None) == (locale == "zh")


def test_a_purchase_that_is_named_was_made_and_on_that_day(
    engine: ReleaseEngine, log: pd.DataFrame, members: list[str]
) -> None:
    checked = 0
    for member in members[::10]:
        own = log[log["member_id"] == member]
        for item in ask(engine, member, 100).items:
            bought = own[own["product_id"] == item.id].sort_values("ordered_at")
            codes = {reason.code for reason in item.reasons}
            assert bool(codes & {"bought_often", "bought_once"}) <= (len(bought) > 0)
            if len(bought) and item.source == "frequency":
                day = bought["day"].iloc[-1]
                often = f"You bought it {len(bought)} times in a year, last on {day}."
                assert item.reasons[0].sentence == (often if len(bought) > 1 else f"You bought it on {day}.")
                checked += 1
    assert checked > 300


def test_what_discover_shows_was_never_bought_within_the_year(
    engine: ReleaseEngine, log: pd.DataFrame, members: list[str]
) -> None:
    for member in members[::5]:
        bought = set(log[log["member_id"] == member]["product_id"])
        assert not bought & set(ids(ask(engine, member, 100, scenario="discover")))


def test_what_replenish_shows_was_bought_and_is_expected_one_gap_after(
    engine: ReleaseEngine, log: pd.DataFrame, members: list[str], settings: Settings
) -> None:
    shown = 0
    for member in members[::5]:
        own = log[log["member_id"] == member]
        for item in ask(engine, member, scenario="replenish").items:
            orders = own[own["product_id"] == item.id].sort_values("ordered_at")["ordered_at"]
            assert len(orders) > 1
            gap = orders.diff().dropna().median()
            expected = orders.iloc[-1] + max(gap, pd.Timedelta(days=1))
            assert item.expected_on is not None
            assert (
                abs((pd.Timestamp(item.expected_on) - expected.tz_convert(settings.zone).tz_localize(None)).days) <= 1
            )
            shown += 1
    assert shown > 100


def test_home_mixes_what_was_bought_with_what_is_new(
    engine: ReleaseEngine, log: pd.DataFrame, members: list[str], settings: Settings
) -> None:
    least = int(settings.scenarios["home"].new_share * 10)
    for member in members[::10]:
        bought = set(log[log["member_id"] == member]["product_id"])
        assert len(set(ids(ask(engine, member))) - bought) >= least


def test_home_follows_the_ranker_but_for_its_mild_rules(engine: ReleaseEngine, members: list[str]) -> None:
    kept = []
    for member in members[::10]:
        packed = engine.online.member(member)
        assert packed is not None
        rows = engine.recommender.assortment.rows_of(packed.candidate_ids)
        scores = engine.recommender.ranker.scores(
            packed,
            rows,
            packed.candidate_values,
            as_of_days=days_since_epoch(engine.as_of),
        )
        best = {packed.candidate_ids[at] for at in np.argsort(-scores, kind="stable")[:10]}
        kept.append(len(best & set(ids(ask(engine, member)))))
    assert np.mean(kept) > 8


def test_the_basket_is_never_offered_and_what_goes_with_it_says_so(
    engine: ReleaseEngine, members: list[str], popular: list[str]
) -> None:
    names = {engine.release.products.name(ProductId(each)) for each in popular[:3]}
    said = 0
    for answer in answers(engine, members, popular, "cart"):
        assert not set(popular[:3]) & set(ids(answer))
        for item in answer.items:
            for reason in item.reasons:
                if reason.code in ("in_basket", "similar"):
                    assert any(name in reason.sentence for name in names)
                    said += 1
    assert said > 0


def test_a_filter_and_a_supplied_list_hold(engine: ReleaseEngine, members: list[str], popular: list[str]) -> None:
    table = engine.release.products.table.set_index("product_id")
    category = table["category"][popular[0]]
    for answer in answers(engine, members, popular, "home", filter=f'category == "{category}" and price < 5'):
        assert {table["category"][each] for each in ids(answer)} == {category}
        assert all(table["price"][each] < 5 for each in ids(answer))
    for answer in answers(engine, members, popular, "home", item_ids=tuple(popular)):
        assert set(ids(answer)) <= set(popular)
        assert len(answer.items) == 10
    whole = ask(engine, members[0], 20, item_ids=tuple(popular))
    assert sorted(ids(whole)) == sorted(popular)
    assert ids(whole) == ids(ask(engine, members[0], 20, item_ids=tuple(reversed(popular))))


def test_equal_candidates_stand_in_the_same_order_however_they_are_stored(
    engine: ReleaseEngine, members: list[str]
) -> None:
    for member in members[::40]:
        packed = engine.online.member(member)
        assert packed is not None
        turned = dataclasses.replace(
            packed, candidate_ids=packed.candidate_ids[::-1], candidate_values=packed.candidate_values[::-1].copy()
        )
        query = RecommendationQuery(member=MemberRef(member_id=member), scenario="home", count=100)
        assert ids(engine.recommend_packed(turned, query, as_of=engine.as_of)) == ids(ask(engine, member, 100))
