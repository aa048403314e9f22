"""A release and what it changed, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from serving.console.languages import to_say
from serving.console.visit import Reader
from serving.console.words.measure import PRIMARY
from serving.console.words.quality import MODELS
from serving.releases_on_shelf import ModelChange, ReleaseChanges, Verdict

VERDICTS: dict[Verdict, str] = {
    "better": to_say("better"),
    "worse": to_say("worse"),
    "alike": to_say("about the same"),
    "unknown": to_say("cannot be compared"),
}
BADGES: dict[Verdict, str] = {"better": "good", "worse": "error", "alike": "", "unknown": ""}
MOST_SETTINGS = 6
"""Settings that are named; of more their number is told."""


@dataclass(frozen=True, kw_only=True)
class ChangeWords:
    """One change; `badge` judges it, where it can be judged."""

    sentence: str
    badge: str = ""
    badge_class: str = ""
    names: tuple[str, ...] = ()
    """Names that stand in no language: keys of settings."""


def change_words(changes: ReleaseChanges, reader: Reader) -> tuple[ChangeWords, ...]:
    """What a release changed, the models first; one sentence that says so where nothing did."""
    told = tuple(_changes(changes, reader))
    return told or (ChangeWords(sentence=reader.language.say("The same models, data and settings.")),)


def _changes(changes: ReleaseChanges, reader: Reader) -> Iterator[ChangeWords]:
    say, number = reader.language.say, reader.written.number
    for model in changes.models:
        yield _model(model, reader)
    for name in changes.models_gone:
        yield ChangeWords(sentence=say("%(model)s: no model any more.", model=_title(name, reader)))
    if abs(changes.data) >= timedelta(days=1):
        days = number(abs(changes.data) / timedelta(days=1))
        later = to_say("Its data reaches %(days)s days further.")
        earlier = to_say("Its data ends %(days)s days earlier.")
        yield ChangeWords(sentence=say(later if changes.data > timedelta(0) else earlier, days=days))
    for difference, more, fewer in (
        (changes.members, to_say("%(number)s members more."), to_say("%(number)s members fewer.")),
        (changes.products, to_say("%(number)s products more."), to_say("%(number)s products fewer.")),
    ):
        if difference:
            yield ChangeWords(sentence=say(more if difference > 0 else fewer, number=number(abs(difference))))
    if changes.has_other_features:
        yield ChangeWords(
            sentence=say("What is computed of members and products is another; models had to learn anew.")
        )
    if changes.settings:
        rest = len(changes.settings) - MOST_SETTINGS
        sentence = (
            say("Settings that differ, and %(rest)s more:", rest=number(rest))
            if rest > 0
            else say("Settings that differ:")
        )
        yield ChangeWords(sentence=sentence, names=changes.settings[:MOST_SETTINGS])


def _model(change: ModelChange, reader: Reader) -> ChangeWords:
    say, percent = reader.language.say, reader.written.percent
    title = _title(change.model, reader)
    if change.number_before is None:
        return ChangeWords(sentence=say("%(model)s: a model for the first time.", model=title))
    if change.measured is None or change.measured_before is None:
        return ChangeWords(
            sentence=say(
                "%(model)s: version %(number)s in place of %(before)s.",
                model=title,
                number=change.number,
                before=change.number_before,
            ),
            badge=say(VERDICTS[change.verdict]),
        )
    return ChangeWords(
        sentence=say(
            "%(model)s: version %(number)s in place of %(before)s. %(measure)s: %(now)s, before %(was)s.",
            model=title,
            number=change.number,
            before=change.number_before,
            measure=say(PRIMARY[change.model]),
            now=percent(change.measured, 1),
            was=percent(change.measured_before, 1),
        ),
        badge=say(VERDICTS[change.verdict]),
        badge_class=BADGES[change.verdict],
    )


def _title(model: str, reader: Reader) -> str:
    return reader.language.say(MODELS[model]) if model in MODELS else model
