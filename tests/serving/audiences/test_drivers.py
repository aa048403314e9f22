"""Why these members."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from serving.audiences.drivers import MOST_DRIVERS, audience_drivers, family_of, member_drivers

NAMES = ("set__weeks_13", "set__weeks_26", "set__days_since", "member_value__spend_91d")


@dataclass
class Words:
    en: str
    zh: str
    unit: str = "number"


def in_words(name: str) -> Words:
    return Words(en=f"the {name}", zh=f"这{name}")


NONE = np.zeros((2, 4), dtype=np.float32)


def rows(*values: list[float]) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def test_near_copies_share_one_line_named_after_the_one_that_says_most() -> None:
    drivers = audience_drivers(
        NAMES,
        in_words,
        audience=rows([0.5, 1.0, -0.25, 0.0], [0.5, 1.0, -0.75, 0.0]),
        population=rows([0.0, 0.25, 0.0, 0.0]),
        audience_values=rows([1, 2, 3, 4], [3, 4, 5, np.nan]),
        population_values=rows([0, 1, 30, 4]),
    )
    told = [(each.code, each.feature, each.contribution, each.audience, each.population) for each in drivers]
    assert told == [
        ("set.frequency", "set__weeks_26", 1.25, 3.0, 1.0),
        ("set.recency", "set__days_since", -0.5, 4.0, 30.0),
    ]
    assert drivers[0].to_json()["sentence"]["en"] == "the set__weeks_26: 3.00 in the audience, 1.00 among all members"


def test_an_audience_like_its_population_has_no_drivers() -> None:
    assert (
        audience_drivers(NAMES, in_words, audience=NONE, population=NONE, audience_values=NONE, population_values=NONE)
        == []
    )


def test_the_strongest_families_come_first_and_not_more_than_a_few() -> None:
    names = tuple(f"set__thing{number}" for number in range(12))
    told = audience_drivers(
        names,
        in_words,
        audience=np.arange(12, dtype=np.float32)[None],
        population=np.zeros((1, 12), dtype=np.float32),
        audience_values=np.ones((1, 12), dtype=np.float32),
        population_values=np.zeros((1, 12), dtype=np.float32),
    )
    assert [each.contribution for each in told] == [11.0, 10.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0]
    assert len(told) == MOST_DRIVERS


def test_each_member_has_three_drivers_of_their_own() -> None:
    told = rows([0.5, 0.5, -2.0, 0.25], [0.0, 0.0, 0.0, 3.0])
    own = member_drivers(NAMES, told, population=NONE, population_values=rows([0, 0, 0, 0], [1, 1, 1, 1]))
    assert [json.loads(each) for each in own] == [
        [["set.recency", -2.0], ["set.frequency", 1.0], ["member_value.spend", 0.25]],
        [["member_value.spend", 3.0], ["set.frequency", 0.0], ["set.recency", 0.0]],
    ]


def test_features_of_one_kind_and_level_are_one_family() -> None:
    assert family_of("brand__orders_91d") == family_of("brand__decayed_orders") == "brand.frequency"
    assert family_of("type__overdue") == family_of("type__days_since") == "type.recency"
    assert family_of("member_mix__mean_price") == "member_mix.mean_price"
    assert family_of("log_horizon") == "log_horizon"


def test_a_share_is_shown_as_one_and_what_nobody_knows_as_a_dash() -> None:
    (driver,) = audience_drivers(
        ("set__spend_share",),
        lambda _: Words(en="share", zh="占比", unit="share"),
        audience=rows([1.0]),
        population=rows([0.0]),
        audience_values=rows([0.256]),
        population_values=rows([np.nan]),
    )
    assert driver.to_json()["sentence"] == {
        "en": "share: 25.6% in the audience, - among all members",
        "zh": "占比：人群25.6%，全体会员-",
    }
    assert driver.to_json()["population"] is None


def test_what_is_the_same_for_all_members_explains_nobody() -> None:
    """A fact of the target, such as its price, adds to every member's log odds, to some more than to others."""
    names = ("set__price", "set__days_since")
    drivers = audience_drivers(
        names,
        in_words,
        audience=rows([3.0, 1.0]),
        population=rows([0.0, 0.0]),
        audience_values=rows([5, 1]),
        population_values=rows([5, 2]),
    )
    assert [each.code for each in drivers] == ["set.recency"]
    values = rows([5, 1], [5, 2])
    own = member_drivers(names, rows([3.0, 1.0]), population=rows([0.0, 0.0]), population_values=values)
    assert json.loads(own[0])[0] == ["set.recency", 1.0]
