"""The profile of an audience: in what its members differ from the population that they were chosen from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from features.contracts.filters.columns import Column, NumberColumn, TextColumn, TruthColumn
from serving.audiences.category_shares import CategoryShares
from serving.audiences.member_columns import MemberColumns
from serving.audiences.profile_words import ATTRIBUTE_WORDS, FEATURE_WORDS, Unit, Words, shown
from serving.audiences.significance import LEVEL, holm, p_value, share_p_value
from training.protocol import Rows

MOST_ROWS = 60
"""Differences that are told, the strongest first; the significant ones before the others."""
MOST_TEXTS = 1_000
"""A text with more different values is a name, no attribute."""
MOST_VALUES = 30
"""Values of an attribute that are compared, the most frequent ones."""
FEWEST_MEMBERS = 5
"""A value that fewer members of the population have is no trait of anybody."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing in which the audience may differ."""

    kind: Literal["share", "mean"]
    name: str
    """Attribute or feature."""
    value: str | None
    """Of a share, the value that is counted."""
    audience: float
    population: float
    effect: float
    """In standard deviations of the population for a mean; Cohen's h for a share."""
    p_value: float
    """Corrected for all differences of the profile (Holm)."""
    words: Words

    @property
    def is_significant(self) -> bool:
        return self.p_value < LEVEL

    def to_json(self) -> dict[str, Any]:
        """The difference as answers show it; `Any` because JSON is."""
        ratio = self.audience / self.population if self.population else None
        unit: Unit = "share" if self.kind == "share" else self.words.unit
        audience, population = shown(self.audience, unit), shown(self.population, unit)
        en, zh = self.words.en, self.words.zh
        if self.value is not None:
            en, zh = f"{en}: {self.value}", f"{zh}：{self.value}"
        return {
            "kind": self.kind,
            "name": self.name,
            "value": self.value,
            "unit": unit,
            "label": {"en": en, "zh": zh},
            "audience": round(self.audience, 6),
            "population": round(self.population, 6),
            "difference": round(self.audience - self.population, 6),
            "ratio": None if ratio is None else round(ratio, 3),
            "effect": round(self.effect, 4),
            "p_value": float(f"{self.p_value:.3g}"),
            "is_significant": self.is_significant,
            "sentence": {
                "en": f"{en} - {audience} in the audience, {population} among all members",
                "zh": f"{zh}：人群{audience}，全体会员{population}",
            },
        }


def profile_of(
    columns: MemberColumns, *, chosen: Rows, population: Rows, categories: CategoryShares | None = None
) -> list[Difference]:
    """Differences between the chosen members and their population, both as positions in `columns.member_ids`.

    Members of whom a thing is not known are left out of it on both sides.
    """
    found = [
        difference
        for name, words in _compared(columns)
        for difference in _of_column(name, words, columns[name], chosen=chosen, population=population)
    ]
    if categories is not None:
        found += _of_categories(categories)
    corrected = [
        replace(each, p_value=p) for each, p in zip(found, holm([each.p_value for each in found]), strict=True)
    ]
    corrected.sort(key=lambda each: (not each.is_significant, -abs(each.effect), each.name, each.value or ""))
    return corrected[:MOST_ROWS]


def _compared(columns: MemberColumns) -> Iterator[tuple[str, Words]]:
    known = set(columns)
    for name, words in (*FEATURE_WORDS.items(), *ATTRIBUTE_WORDS.items()):
        if name in known:
            yield name, words
    for name in columns.given_attributes:
        if name not in FEATURE_WORDS and name not in ATTRIBUTE_WORDS:
            yield name, Words(en=name.replace("_", " "), zh=name)


def _of_column(name: str, words: Words, column: Column, *, chosen: Rows, population: Rows) -> Iterator[Difference]:
    if isinstance(column, NumberColumn):
        yield from _of_numbers(name, words, column.numbers[chosen], column.numbers[population])
    elif isinstance(column, TruthColumn):
        truths = TextColumn(texts=("no", "yes"), codes=column.truths.astype(np.int32))
        yield from _of_texts(name, words, truths, chosen=chosen, population=population)
    elif isinstance(column, TextColumn) and len(column.texts) <= MOST_TEXTS:
        yield from _of_texts(name, words, column, chosen=chosen, population=population)


def _of_numbers(name: str, words: Words, audience: Floats, population: Floats) -> Iterator[Difference]:
    audience, population = audience[~np.isnan(audience)], population[~np.isnan(population)]
    if not len(audience) or len(population) < FEWEST_MEMBERS:
        return
    own, whole, variance = float(audience.mean()), float(population.mean()), float(population.var())
    p = p_value(own - whole, variance=variance, drawn=len(audience), population=len(population))
    effect = (own - whole) / np.sqrt(variance) if variance > 0 else 0.0
    yield Difference(
        kind="mean", name=name, value=None, audience=own, population=whole, effect=float(effect), p_value=p, words=words
    )


def _of_texts(name: str, words: Words, column: TextColumn, *, chosen: Rows, population: Rows) -> Iterator[Difference]:
    own, whole = (
        np.bincount(codes[codes >= 0], minlength=len(column.texts))
        for codes in (column.codes[chosen], column.codes[population])
    )
    if not own.sum():
        return
    frequent = np.argsort(-whole, kind="stable")[:MOST_VALUES]
    for code in frequent[whole[frequent] >= FEWEST_MEMBERS].tolist():
        share, base = float(own[code] / own.sum()), float(whole[code] / whole.sum())
        p = share_p_value(share, base, drawn=int(own.sum()), population=int(whole.sum()))
        yield _share(name, column.texts[code], share, base, p, words)


def _of_categories(shares: CategoryShares) -> Iterator[Difference]:
    words = Words(en="bought within 91 days", zh="91天内购买")
    least = FEWEST_MEMBERS / max(1, shares.population_members)
    for place in np.flatnonzero(shares.population >= least).tolist():
        own, base = float(shares.audience[place]), float(shares.population[place])
        p = share_p_value(
            own,
            base,
            drawn=shares.audience_members,
            population=shares.population_members,
        )
        yield _share("bought_category", shares.categories[place], own, base, p, words)


def _share(name: str, value: str, own: float, base: float, p: float, words: Words) -> Difference:
    effect = 2 * float(np.arcsin(np.sqrt(own)) - np.arcsin(np.sqrt(base)))
    return Difference(
        kind="share", name=name, value=value, audience=own, population=base, effect=effect, p_value=p, words=words
    )
