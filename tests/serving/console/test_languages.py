from __future__ import annotations

import pytest

from serving.console.languages import asked_languages, chosen_language, number_locale


@pytest.mark.parametrize(
    ("cookie", "accepted", "chosen"),
    [
        (None, "", "en"),
        (None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, "de-DE,zh;q=0.4,en;q=0.7", "en"),
        (None, "fr", "en"),
        ("zh", "en-US", "zh"),
        ("xx", "zh", "zh"),
        (None, "en;q=0,zh;q=0.1", "zh"),
    ],
)
def test_a_reader_gets_the_language_chosen_then_the_browser_s_then_english(cookie, accepted, chosen):
    assert chosen_language(cookie=cookie, accepted=accepted) == chosen


@pytest.mark.parametrize(
    ("accepted", "language", "locale"),
    [
        ("de-DE,en;q=0.5", "en", "de_DE"),
        ("", "zh", "zh_Hans_CN"),
        ("xx-YY", "en", "en_US"),
        ("not a language !!", "en", "en_US"),
    ],
)
def test_numbers_take_the_form_of_the_browser(accepted, language, locale):
    assert str(number_locale(language, accepted)) == locale


def test_the_most_wanted_language_comes_first_and_nonsense_is_passed_over():
    assert asked_languages("en;q=0.2, zh-Hans-CN, <script>, de;q=x, fr;q=0.9") == ["zh-Hans-CN", "fr", "en"]
