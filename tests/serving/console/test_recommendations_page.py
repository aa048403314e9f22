from __future__ import annotations

import json

import pytest

from features.contracts.scenario_settings import Boost, Exclusion, ScenarioSettings
from serving.console.languages import language_of
from serving.console.words.scenario import scenario_words, source_words
from training.affinity.source import SOURCES

PAGE = "/console/recommendations"


@pytest.fixture
def written(settings):
    from babel import Locale

    from serving.console.written import Written

    return Written(
        locale=Locale.parse("en_US"), words=Locale.parse("en_GB"), zone=settings.zone, currency=settings.currency
    )


def rules(written, code="en", **set_):
    settings = ScenarioSettings(kind=set_.pop("kind", "home"), **set_)
    return scenario_words("front", settings, language_of(code), written, count=10).rules


def test_the_page_shows_every_scenario_in_words_and_leaves_counting_to_its_script(api, signed_in):
    page = signed_in("marketer").get(PAGE + "?days=7").text
    for name in api.state.scenarios.current:
        assert f"[scenarios.{name}]" in page
    assert 'data-days="7"' in page
    assert "At most 5 products of one category." in page
    names = json.loads(page.split('id="names">')[1].split("</script>")[0])
    assert set(names["scenarios"]) == set(api.state.scenarios.current)


def test_the_page_is_chinese_for_who_reads_chinese(signed_in):
    browser = signed_in("analyst")
    browser.language = "zh"
    page = browser.get(PAGE).text
    assert "同一品类最多 5 件。" in page
    assert "<h1>推荐</h1>" in page


def test_an_associate_has_no_reports(signed_in):
    assert signed_in("associate").get(PAGE).status_code == 403


@pytest.mark.parametrize("days", ["0", "401", "x"])
def test_days_that_cannot_be_are_refused_as_a_page(signed_in, days):
    answer = signed_in("marketer").get(f"{PAGE}?days={days}")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "text/html; charset=utf-8")


def test_the_form_of_the_preview_is_never_sent_as_an_address(signed_in):
    page = signed_in("marketer").get(PAGE).text
    assert '<form id="preview" class="inline-fields" autocomplete="off" method="post">' in page


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_has_words_in_both_languages(source):
    words = {source_words(source, language_of(code)) for code in ("en", "zh")}
    assert len(words) == 2
    assert source not in words


def test_every_rule_of_a_scenario_is_a_sentence(written):
    told = " ".join(
        rules(
            written,
            filter="price < 3",
            active_only=False,
            in_stock_only=False,
            exclude_bought_days=14,
            new_share=0.25,
            max_per_category=3,
            max_per_brand=2,
            diversity=0.03,
            boosts=(
                Boost(filter="brand == 'A'", factor=2.5, member_tags=("new",)),
                Boost(filter="brand == 'B'", factor=0.5),
            ),
            exclusions=(Exclusion(filter="price > 9", member_tags=("thrifty", "young")),),
            promoted_filter="brand == 'C'",
            promoted_share=0.1,
            exploration_share=0.015,
        )
    )
    for said in (
        "Only what passes: price < 3.",
        "off sale or out of stock may come too",
        "within the last 14 days",
        "At least 25% of the places are for what the member never bought.",
        "At most 3 products of one category.",
        "At most 2 products of one brand.",
        "loses 3% of its score",
        "Raised 2.5 times: brand == 'A'. For members tagged new.",
        "Lowered to 50% of its score: brand == 'B'.",
        "Members tagged thrifty, young never see what passes: price > 9.",
        "At least 10% of the places are for promoted products: brand == 'C'.",
        "About 1.5% of the places go by lot to products first sold within 28 days",
    ):
        assert said in told


def test_rules_that_a_scenario_does_not_follow_are_not_told(written):
    assert len(rules(written, kind="associate")) == 1
    assert rules(written, kind="coupon", max_per_category=3) == rules(written, kind="coupon")
    assert any("0.8 to 3 times its usual gap" in rule for rule in rules(written, kind="replenish"))
    assert not any("usual gap" in rule for rule in rules(written, kind="home"))
