"""Reasons: a stable code and a sentence, in English and in Chinese, with the days of the shops."""

from __future__ import annotations

import re
from datetime import date
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

from features.contracts.clock import days_since_epoch, parse_moment
from serving.recommendations.reasons import SENTENCES, Evidence, Locale, due_reason, expected_day, reason_for
from training.affinity.source import SOURCES

NEW_YORK = ZoneInfo("America/New_York")
SHANGHAI = ZoneInfo("Asia/Shanghai")
LATE_EVENING = days_since_epoch(parse_moment("2017-05-02T02:30:00Z"))
"""Half past ten in the evening of the first of May in New York."""

EVIDENCES = {
    "bought_often": Evidence(source="frequency", orders_365d=12, last_ordered_days=LATE_EVENING),
    "bought_once": Evidence(source="frequency", orders_365d=1, last_ordered_days=LATE_EVENING),
    "goes_with": Evidence(source="item_item", anchor="Green tea"),
    "goes_with_purchases": Evidence(source="item_item"),
    "taste": Evidence(source="als"),
    "popular": Evidence(source="popularity"),
    "next_basket": Evidence(source="next_basket"),
    "favourite": Evidence(source="favourite_category", group="DAIRY"),
    "popular_in_your_stores": Evidence(source="stores"),
    "trending": Evidence(source="trending"),
    "alike": Evidence(source="analogues"),
    "new_arrival": Evidence(source="arrivals", first_sold_days=LATE_EVENING),
}


@pytest.mark.parametrize(
    ("code", "locale", "sentence"),
    [
        ("bought_often", "en", "You bought it 12 times in a year, last on 2017-05-01."),
        ("bought_often", "zh", "您一年内购买过12次，最近一次是2017-05-01。"),
        ("bought_once", "en", "You bought it on 2017-05-01."),
        ("bought_once", "zh", "您在2017-05-01购买过。"),
        ("goes_with", "en", "Often bought by members who buy Green tea."),
        ("goes_with", "zh", "购买Green tea的会员也常买。"),
        ("goes_with_purchases", "en", "Goes with what you have bought."),
        ("goes_with_purchases", "zh", "与您买过的商品相配。"),
        ("taste", "en", "Liked by members with a taste like yours."),
        ("taste", "zh", "口味与您相近的会员喜欢。"),
        ("popular", "en", "Bought by many members lately."),
        ("popular", "zh", "近期很多会员购买。"),
        ("favourite", "en", "From DAIRY, which you often buy."),
        ("favourite", "zh", "来自您常买的DAIRY。"),
        ("new_arrival", "en", "New in our shops since 2017-05-01."),
    ],
)
def test_each_source_gives_its_sentence_in_both_languages(code: str, locale: Locale, sentence: str) -> None:
    reason = reason_for(EVIDENCES[code], locale, zone=NEW_YORK)
    assert (reason.code, reason.sentence) == (code, sentence)


def test_the_day_is_the_one_of_the_shops() -> None:
    assert "2017-05-02" in reason_for(EVIDENCES["bought_once"], "en", zone=SHANGHAI).sentence


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_gives_a_reason(source: str) -> None:
    assert reason_for(Evidence(source=source, group="DAIRY", first_sold_days=1.0), "en", zone=NEW_YORK).sentence


def test_what_was_bought_is_said_before_what_a_model_thinks() -> None:
    evidence = Evidence(source="als", orders_365d=2, last_ordered_days=LATE_EVENING)
    assert reason_for(evidence, "en", zone=NEW_YORK).code == "bought_often"


def test_the_expected_day_is_one_gap_after_the_latest_order() -> None:
    evidence = Evidence(source="frequency", orders_365d=3, last_ordered_days=LATE_EVENING, gap_days=9.6)
    assert expected_day(evidence, NEW_YORK) == date(2017, 5, 11)
    sentence = due_reason(evidence, "en", zone=NEW_YORK).sentence
    assert sentence == "You usually buy it every 10 days; the next time would be 2017-05-11."


def test_a_gap_of_nothing_is_a_day() -> None:
    evidence = Evidence(source="frequency", orders_365d=2, last_ordered_days=LATE_EVENING, gap_days=0.0)
    assert expected_day(evidence, NEW_YORK) == date(2017, 5, 2)


@pytest.mark.parametrize("code", SENTENCES)
def test_chinese_never_falls_back_to_english_nor_the_other_way(code: str) -> None:
    english, chinese = SENTENCES[code]["en"], SENTENCES[code]["zh"]
    assert set(SENTENCES[code]) == {"en", "zh"}
    words = re.sub(r"\{\w+\}", "", chinese)
    assert not re.search("[A-Za-z]", words)
    assert len(re.findall("[\u4e00-\u9fff]", words)) > 3
    assert words.endswith("。")
    assert english.isascii()
    fields = [{field for _, field, _, _ in Formatter().parse(sentence) if field} for sentence in (english, chinese)]
    assert fields[0] == fields[1]


def test_a_name_with_braces_stays_as_it_is() -> None:
    reason = reason_for(Evidence(source="item_item", anchor="{orders} {0}"), "en", zone=NEW_YORK)
    assert reason.sentence == "Often bought by members who buy {orders} {0}."
