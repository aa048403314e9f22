"""An audience in words: its state, its figures, what has to be said of it, and the steps of its build."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from serving.console.languages import Language
from serving.console.visit import Reader
from serving.ports import Json
from serving.records.audiences import AudienceState

LIKELY = 1.05
"""From here on "times as many" says more than "as many"."""


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A figure with what it is above and what it means below."""

    label: str
    value: str
    note: str = ""


def state_words(state: AudienceState, language: Language) -> tuple[str, str]:
    """What a state is called, and the class of its badge."""
    say = language.say
    match state:
        case AudienceState.DONE:
            return say("ready"), "good"
        case AudienceState.FAILED:
            return say("could not be built"), "error"
        case AudienceState.CANCELLED:
            return say("stopped"), ""
        case AudienceState.QUEUED:
            return say("waiting"), "warning"
        case AudienceState.RUNNING:
            return say("being built"), "warning"


def step_words(language: Language) -> dict[str, str]:
    """What is being done, by what a build calls it; another step is a step of the model."""
    say = language.say
    return {
        "waiting": say("Waiting for the builds before it"),
        "reading members": say("Reading the members"),
        "reading what members bought of it": say("Reading what they bought"),
        "scoring members": say("Working out each member's chance"),
        "scored": say("Working out each member's chance"),
        "scored before": say("Working out each member's chance"),
        "population": say("Looking whom to choose from"),
        "who is chosen": say("Choosing"),
        "drivers": say("Looking why they were chosen"),
        "profile": say("Comparing them with all members"),
        "best coupons": say("Looking for their best coupons"),
        "done": say("Done"),
    }


def deed_words(summary: Json, language: Language) -> str:
    """What the members are expected to do."""
    say = language.say
    target = summary.get("target") or {}
    match target.get("kind"):
        case "lapse":
            return say("expected to stop buying")
        case "event":
            return say("expected to do it")
        case _:
            return say("expected to buy")


def tiles_of(summary: Json, reader: Reader) -> list[Tile]:
    """The first figures of a finished audience."""
    say, written = reader.language.say, reader.written
    held_out = summary.get("held_out", 0)
    tiles = [
        Tile(
            label=say("Members to be told"),
            value=written.number(summary.get("selected", summary.get("size"))),
            note=say("and %(number)s held out to compare with", number=written.number(held_out)) if held_out else "",
        )
    ]
    if "expected_buyers" not in summary:
        return tiles
    buyers = summary["expected_buyers"]
    tiles.append(
        Tile(
            label=_sentence(deed_words(summary, reader.language)),
            value=say("about %(number)s", number=written.number(buyers, 0 if buyers >= 10 else 1)),
            note=_between(summary.get("expected_buyers_interval"), written.number, reader.language),
        )
    )
    if summary.get("expected_revenue"):
        tiles.append(
            Tile(
                label=say("Expected sales"),
                value=say("about %(number)s", number=written.money(summary["expected_revenue"])),
                note=_between(summary.get("expected_revenue_interval"), written.money, reader.language),
            )
        )
    tiles.append(_compared(summary, reader))
    return tiles


def _compared(summary: Json, reader: Reader) -> Tile:
    say, written = reader.language.say, reader.written
    selected, mean, lift = summary.get("selected") or 0, summary.get("mean_probability"), summary.get("lift")
    share = summary["expected_buyers"] / selected if selected else 0.0
    # the forecast is not the mean of the chances: both figures of the tile are the forecast's, as the curve's are
    times = None if not mean or lift is None else lift * share / mean
    of_hundred = 100 * share
    note = ""
    if times is not None:
        many = say("%(times)s times as many as among members taken by lot", times=written.number(times, 1))
        note = many if times >= LIKELY else say("no more than among members taken by lot")
    value = say("about %(number)s", number=written.number(of_hundred, 0 if of_hundred >= 10 else 1))
    return Tile(label=say("Of 100 members chosen"), value=value, note=note)


def _between(interval: Mapping[str, float] | None, form: Any, language: Language) -> str:
    # `form` writes a number or an amount; `Any` as the one takes a number of digits more
    if interval is None:
        return ""
    low, high = form(interval["low"]), form(interval["high"])
    return language.say("between %(low)s and %(high)s, 9 times out of 10", low=low, high=high)


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def remarks_of(summary: Json, language: Language, *, kind: str) -> list[str]:
    """Warnings (`kind` warning) or notes (`note`) in the reader's language, where the audience knows both."""
    if "remarks" in summary:
        code = "zh" if language.code == "zh" else "en"
        return [_sentence(each[code]) for each in summary["remarks"] if each["kind"] == kind]
    return [_sentence(each) for each in summary.get(f"{kind}s", [])]


def funnel_rows(summary: Json, language: Language) -> list[dict[str, Any]]:
    """Rows for the chart `steps`: members left after each step; `Any` because charts take anything."""
    funnel = summary.get("funnel")
    if funnel is None:
        return []
    say = language.say
    left = funnel["combined"]
    steps = [(say("Members known"), funnel["members"]), (say("To choose from"), funnel["population"])]
    if funnel["combined"] != funnel["population"]:
        steps.append((say("After crossing with audiences and lists"), funnel["combined"]))
    words = {
        "bought_lately": say("Did not buy it lately"),
        "contacted_lately": say("Were not told anything lately"),
        "in_audience": say("In none of the audiences left out"),
        "no_contact_or_consent": say("Can be told"),
    }
    for reason, counts in funnel["suppressed"].items():
        left -= counts["first"]
        steps.append((words.get(reason, reason), left))
    steps.append((say("Chosen"), funnel["chosen"]))
    if funnel["held_out"]:
        steps.append((say("To be told"), funnel["selected"]))
    return [{"label": label, "value": value} for label, value in steps]
