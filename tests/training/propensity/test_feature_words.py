"""Every number that a model reads has words of its own in both languages."""

from __future__ import annotations

from collections import Counter

from training.propensity.feature_words import words_of
from training.propensity.set_features import FEATURE_NAMES


def test_every_feature_has_its_own_words_and_a_unit() -> None:
    said = {name: words_of(name) for name in FEATURE_NAMES}
    assert all(words.en != name and words.zh != name and words.unit for name, words in said.items())
    for language in ("en", "zh"):
        counted = Counter(getattr(words, language) for words in said.values())
        assert [text for text, times in counted.items() if times > 1] == []
    assert not any("{" in words.en or "{" in words.zh for words in said.values())


def test_a_level_stands_in_the_words() -> None:
    assert words_of("set__overdue").en == "time since the latest purchase of the target in usual gaps (1 is due now)"
    assert words_of("category__days_since").zh == "距上次购买同品类的天数"


def test_a_number_without_words_is_called_by_its_name() -> None:
    assert words_of("set__nonsense").en == "set__nonsense"
