"""Why a member stands on a store's worklist, in English and Chinese."""

from __future__ import annotations

from serving.members.coupons_held import Locale

SENTENCES: dict[str, dict[Locale, str]] = {
    "here_now": {"en": "In the store since {time}.", "zh": "{time}到店，目前仍在店内。"},
    "here_in_zone": {
        "en": "In the store since {time}, last seen in {zone}.",
        "zh": "{time}到店，目前仍在店内，最近在{zone}。",
    },
    "joined_today": {"en": "Joined here today at {time}.", "zh": "今天{time}在本店入会。"},
    "joined_today_via": {"en": "Joined here today at {time}, by {via}.", "zh": "今天{time}在本店通过{via}入会。"},
    "due_today": {
        "en": "Expected today: comes about every {gap} days, last on {last}.",
        "zh": "预计今天到店：约每{gap}天来一次，上次是{last}。",
    },
    "due_before": {
        "en": "Was expected on {day}: comes about every {gap} days, last on {last}.",
        "zh": "原预计{day}到店：约每{gap}天来一次，上次是{last}。",
    },
    "due_later": {
        "en": "Expected on {day}: comes about every {gap} days, last on {last}.",
        "zh": "预计{day}到店：约每{gap}天来一次，上次是{last}。",
    },
}
"""Every sentence by its code."""


def sentence(code: str, locale: Locale, **words: str) -> str:
    """The sentence of a code, with its words put in."""
    return SENTENCES[code][locale].format(**words)
