"""Results of an audience in words: what telling it changed, what cannot be told, and from when on it can."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from features.contracts.errors import NothingLoaded
from features.contracts.settings import Settings
from features.tables.storage import current_tables
from serving.console.visit import Reader
from serving.ports import Json
from serving.results.window import window_of

Verdict = Literal["more", "less", "unclear", "nobody_told", "nobody_held_out"]


@dataclass(frozen=True, kw_only=True)
class WhenKnown:
    """Until when members can do what the audience is about, and up to when the shop knows what happened."""

    until_at: datetime
    known_until: datetime | None
    """None: nothing is loaded."""

    @property
    def has_passed(self) -> bool:
        return self.known_until is not None and self.until_at <= self.known_until


def when_known(summary: Json, settings: Settings) -> WhenKnown:
    """When the results of a finished audience can be told."""
    until_at = window_of(summary).until_at
    try:
        latest_at = current_tables(settings.paths).latest_at
    except NothingLoaded:
        return WhenKnown(until_at=until_at, known_until=None)
    return WhenKnown(until_at=until_at, known_until=min(latest_at, settings.as_of) if settings.as_of else latest_at)


@dataclass(frozen=True, kw_only=True)
class ResultWords:
    """What came of an audience."""

    verdict: Verdict
    headline: str
    explained: str
    predicted: str
    groups: tuple[tuple[str, Json], ...]
    """What each group did, by its name; groups of nobody are left out."""
    picture: str
    """What the picture of them shows."""
    rows: tuple[Json, ...]
    """Rows for the chart `bars`."""


def result_words(found: Json, kind: str, reader: Reader) -> ResultWords:
    """The results (JSON of `Results.to_json`) in words; `kind` is the target's: products, launch, event or lapse."""
    verdict, groups = _verdict(found), _groups(found, reader)
    done = reader.language.say("Did it")
    return ResultWords(
        verdict=verdict,
        headline=_headline(verdict, found, reader, is_lapse=kind == "lapse"),
        explained=_explained(verdict, reader),
        predicted=_predicted(found, reader),
        groups=groups,
        picture=_picture(kind, reader),
        rows=tuple({"label": name, "series": done, "value": group["rate"]} for name, group in groups),
    )


def _groups(found: Json, reader: Reader) -> tuple[tuple[str, Json], ...]:
    say = reader.language.say
    named = (
        (say("Chosen to be told"), found["selected"]),
        (say("Held out"), found["held_out"]),
        (say("Of those chosen: exported"), found["exported"]),
    )
    return tuple((name, group) for name, group in named if group["members"])


def _picture(kind: str, reader: Reader) -> str:
    say = reader.language.say
    match kind:
        case "lapse":
            return say("Share who stopped buying")
        case "event":
            return say("Share who did it")
        case _:
            return say("Share who bought")


def _verdict(found: Json) -> Verdict:
    if found["is_placebo"]:
        return "nobody_told"
    more = found["lift"]["more_buyers"]
    if not found["held_out"]["members"] or more["low"] is None or more["high"] is None:
        return "nobody_held_out"
    if more["low"] > 0:
        return "more"
    return "less" if more["high"] < 0 else "unclear"


def _headline(verdict: Verdict, found: Json, reader: Reader, *, is_lapse: bool) -> str:
    say = reader.language.say
    more = found["lift"]["more_buyers"]
    match verdict:
        case "nobody_told":
            return say("Nobody was exported before the time was over, so there is no effect to see")
        case "nobody_held_out":
            return say("Nobody was held out, so it cannot be told what telling them changed")
        case "more":
            number = reader.written.number(more["estimate"])
            if is_lapse:
                return say("About %(number)s more stopped buying than would have without being told", number=number)
            return say("About %(number)s more bought than would have without being told", number=number)
        case "less":
            number = reader.written.number(-more["estimate"])
            if is_lapse:
                return say("About %(number)s fewer stopped buying than would have without being told", number=number)
            return say("About %(number)s fewer bought than would have without being told", number=number)
        case "unclear":
            return say("Too few members to tell whether telling them changed anything")


def _explained(verdict: Verdict, reader: Reader) -> str:
    say = reader.language.say
    match verdict:
        case "nobody_told":
            return say("Export the audience soon after it is built. Below stands what they did by themselves.")
        case "nobody_held_out":
            return say("Hold out 10% of the next audience: only then can it be seen who would have bought anyway.")
        case "unclear":
            return say("A larger audience, or a larger part of it held out, tells more.")
        case _:
            return ""


def interval_words(found: Json, reader: Reader) -> str:
    """Where the true effect lies, 19 times out of 20; empty where it cannot be said."""
    more, written = found["lift"]["more_buyers"], reader.written
    if more["low"] is None or more["high"] is None:
        return ""
    low, high = round(more["low"]), round(more["high"])
    say = reader.language.say
    if low < 0 < high:
        return say(
            "between %(fewer)s fewer and %(more)s more, 19 times out of 20",
            fewer=written.number(-low),
            more=written.number(high),
        )
    ends = sorted((abs(low), abs(high)))
    return say(
        "between %(low)s and %(high)s, 19 times out of 20", low=written.number(ends[0]), high=written.number(ends[1])
    )


def _predicted(found: Json, reader: Reader) -> str:
    say, written = reader.language.say, reader.written
    buyers = found["predicted"]["buyers"]
    if buyers["expected"] is None or buyers["actual"] is None:
        return ""
    values = {
        "expected": written.number(buyers["expected"]),
        "low": written.number(buyers["low"]),
        "high": written.number(buyers["high"]),
        "actual": written.number(buyers["actual"]),
    }
    if buyers["is_within"]:
        return say(
            "%(expected)s were expected (between %(low)s and %(high)s); it became %(actual)s, as foreseen.", **values
        )
    return say("%(expected)s were expected (between %(low)s and %(high)s); it became %(actual)s.", **values)
