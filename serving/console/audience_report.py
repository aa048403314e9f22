"""The report of an audience as its page shows it: why, who they are, what else they buy, how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from serving.api.audience_parts import drivers_of
from serving.audiences.profile_words import FEATURE_WORDS
from serving.console.charts.curve import rows_of
from serving.console.visit import Reader
from serving.ports import Json
from serving.records.audience_members import AudienceMember

MOST_BARS = 8
MOST_MEANS = 8
MOST_PRODUCTS = 10
NOTICEABLE = 1.1
"""Times as much as others from which on a category is told."""
STRONG = 2.0
"""Odds from which on a driver speaks strongly for a member, or against."""


@dataclass(frozen=True, kw_only=True)
class DriverLine:
    """Why, in a sentence, and how strongly."""

    sentence: str
    weight: str
    is_for: bool


@dataclass(frozen=True, kw_only=True)
class MeanLine:
    """A mean in the audience, and among all members."""

    label: str
    audience: str
    population: str


@dataclass(frozen=True, kw_only=True)
class MemberLine:
    """One of the first members."""

    member: AudienceMember
    reasons: tuple[str, ...]
    against: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ReportView:
    """A report in the reader's language."""

    curve: list[dict[str, float]]
    drivers: list[DriverLine]
    bars: list[dict[str, Any]]
    """Rows for the chart `bars`; `Any` because charts take anything."""
    means: list[MeanLine]
    bought_with: list[Json]
    alike: list[Json]
    categories: list[Json]
    manifest: Json | None


def report_view(report: Json, reader: Reader, *, goods: str | None = None) -> ReportView:
    """The report as the page shows it; parts that an earlier version did not make are empty.

    `goods`: what is sold, to be named in place of "the target".
    """
    code = "zh" if reader.language.code == "zh" else "en"
    associated = report.get("associated") or {}
    profile = [each for each in report.get("profile") or [] if each["is_significant"]]
    shares = [each for each in profile if each["kind"] == "share"][:MOST_BARS]
    means = [each for each in profile if each["kind"] == "mean"][:MOST_MEANS]
    return ReportView(
        curve=rows_of(report.get("curve") or []),
        drivers=[_driver(each, reader, code, goods) for each in report.get("drivers") or []],
        bars=_bars(shares, reader),
        means=[MeanLine(label=_label(each, reader), **_values(each, reader)) for each in means],
        bought_with=(associated.get("products") or [])[:MOST_PRODUCTS],
        alike=(associated.get("alike") or [])[:MOST_PRODUCTS],
        categories=[each for each in associated.get("categories") or [] if each["lift"] >= NOTICEABLE],
        manifest=report.get("manifest") or None,
    )


def member_line(member: AudienceMember, reader: Reader, *, goods: str | None = None) -> MemberLine:
    """A member, with what speaks for them and what against."""
    is_chinese = reader.language.code == "zh"
    said = [
        (
            each.odds_ratio >= 1,
            _naming(goods, each.zh.rpartition("：")[0] if is_chinese else each.en.rpartition(": ")[0], reader),
        )
        for each in drivers_of(member) or []
    ]
    return MemberLine(
        member=member,
        reasons=tuple(words for is_for, words in said if is_for),
        against=tuple(words for is_for, words in said if not is_for),
    )


def _naming(goods: str | None, sentence: str, reader: Reader) -> str:
    """The sentence with what is sold by its name."""
    if goods is None:
        return sentence
    return (
        sentence.replace("目标", f"“{goods}”")
        if reader.language.code == "zh"
        else sentence.replace("the target", goods)
    )


def _values(mean: Json, reader: Reader) -> dict[str, str]:
    words, written = FEATURE_WORDS.get(mean["name"]), reader.written
    unit = words.unit if words is not None else "number"

    def said(value: float) -> str:
        if unit == "share":
            return written.percent(value, 1)
        if unit == "money":
            return written.money(value)
        return written.number(value, 1)

    return {name: said(mean[name]) for name in ("audience", "population")}


def _driver(driver: Json, reader: Reader, code: str, goods: str | None) -> DriverLine:
    say = reader.language.say
    odds = driver["odds_ratio"]
    if odds >= STRONG:
        weight = say("speaks strongly for them")
    elif odds >= 1:
        weight = say("speaks for them")
    else:
        weight = say("speaks against them")
    sentence = _naming(goods, driver["sentence"][code], reader)
    return DriverLine(sentence=sentence[:1].upper() + sentence[1:], weight=weight, is_for=odds >= 1)


def _bars(shares: Sequence[Json], reader: Reader) -> list[dict[str, Any]]:
    say = reader.language.say
    own, everybody = say("This audience"), say("All members to choose from")
    rows: list[dict[str, Any]] = []
    for each in shares:
        label = _label(each, reader)
        rows.append({"label": label, "series": own, "value": each["audience"]})
        rows.append({"label": label, "series": everybody, "value": each["population"]})
    return rows


def _label(share: Json, reader: Reader) -> str:
    say = reader.language.say
    if share["name"] == "bought_category":
        return say("bought %(name)s", name=share["value"])
    # "tier: gold": the words before the figures of the sentence
    code = "zh" if reader.language.code == "zh" else "en"
    words, _, _ = share["sentence"][code].partition(" - " if code == "en" else "：人群")
    return str(words[:1].upper() + words[1:])
