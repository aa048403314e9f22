"""What speaks for one member, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp
from typing import Any

from serving.audiences.drivers import FeatureWords, family_of


@dataclass(frozen=True, kw_only=True)
class MemberDriver:
    """A family of features that makes a member likelier, or less likely, than the population."""

    code: str
    odds_ratio: float
    """The member's odds by this family alone, times those of a member of the population."""
    en: str
    zh: str

    def to_json(self) -> dict[str, Any]:
        """The driver as answers show it; `Any` because JSON is."""
        return {"code": self.code, "odds_ratio": self.odds_ratio, "sentence": {"en": self.en, "zh": self.zh}}


def drivers_in_words(pairs: Sequence[tuple[str, float]], words: Mapping[str, FeatureWords]) -> list[MemberDriver]:
    """The stored pairs of code and log odds, in words; a code that no feature has today stands for itself."""
    families: dict[str, FeatureWords] = {}
    for feature, said in words.items():
        families.setdefault(family_of(feature), said)
    return [_in_words(code, exp(log_odds), families.get(code)) for code, log_odds in pairs]


def _in_words(code: str, ratio: float, words: FeatureWords | None) -> MemberDriver:
    en, zh = (code, code) if words is None else (words.en, words.zh)
    return MemberDriver(
        code=code,
        odds_ratio=round(ratio, 3),
        en=f"{en}: {ratio:,.2f} times the odds of a member of the population",
        zh=f"{zh}：几率为全体的{ratio:,.2f}倍",
    )
