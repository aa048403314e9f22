"""The lot: the same for a member, scenario and day, with the chance that it says."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from literal_recommender import ANNA, ZONE, release
from literal_release import AS_OF

from features.contracts.scenario_settings import ScenarioSettings
from serving.answers import MemberRef, RecommendationQuery
from serving.recommendations.ask import Ask
from serving.recommendations.lot import Lot, lot_of

SCENARIO = ScenarioSettings(kind="home", exploration_share=0.25)
ASK = Ask(
    query=RecommendationQuery(member=MemberRef(member_id="anna"), scenario="home", count=10),
    scenario=SCENARIO,
    as_of=AS_OF,
    zone=ZONE,
    release=release(),
    packed=ANNA,
)


def draws(ask: Ask) -> list[int]:
    return [int(lot_of(ask).draw.random() * 1_000_000)]


def test_the_same_member_scenario_and_day_draw_the_same() -> None:
    later_that_day = replace(ASK, as_of=AS_OF + timedelta(hours=3))
    other_name = replace(ASK, query=replace(ASK.query, member=MemberRef(source="pos", source_id="17")))
    assert draws(ASK) == draws(later_that_day) == draws(other_name)


@pytest.mark.parametrize(
    "other",
    [
        replace(ASK, as_of=AS_OF + timedelta(days=1)),
        replace(ASK, query=replace(ASK.query, scenario="discover")),
        replace(ASK, packed=None, query=replace(ASK.query, member=MemberRef(anonymous_id="a"))),
    ],
)
def test_another_member_scenario_or_day_draws_anew(other: Ask) -> None:
    assert draws(other) != draws(ASK)


@pytest.mark.parametrize(("places", "products"), [(2.5, 6), (0.3, 4), (1.0, 1), (2.5, 2), (3.0, 0)])
def test_each_product_comes_as_often_as_its_chance_says(places: float, products: int) -> None:
    times = 20_000
    lot = Lot(draw=random.Random(7), places=places)
    rows = np.arange(products)
    picked = Counter(row for _ in range(times) for row in lot.pick(rows, lot.number()))
    for row in rows.tolist():
        assert picked[row] / times == pytest.approx(lot.probability(products), abs=0.02)
    assert lot.probability(products) <= 1
