"""What is known of a core (persons joined by strong ids), and when two cores cannot be one person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

MOST_CORES_COMPARED = 40
"""Larger components are walked edge by edge instead of comparing every pair in them."""


def create_core_evidence(con: duckdb.DuckDBPyConnection) -> None:
    """Creates `evidence`, one row per core of `cores` (person, core)."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE evidence AS
        SELECT core, min(handed) AS handed, min(wechat_unionid) FILTER (WHERE is_own) AS unionid,
            coalesce(list(DISTINCT source || chr(0) || card_no) FILTER (WHERE card_no IS NOT NULL AND is_own), [])
                AS cards,
            coalesce(list(DISTINCT source) FILTER (WHERE card_no IS NOT NULL AND is_own), []) AS card_sources,
            list_sort(list_distinct(flatten(coalesce(
                list(string_split(name_hash, ' ')) FILTER (WHERE name_hash IS NOT NULL AND is_own), [])))) AS words,
            len(list_filter(words, lambda word: NOT starts_with(word, '.'))) > 1 AS has_full_name,
            coalesce(list(DISTINCT address_hash) FILTER (WHERE address_hash IS NOT NULL AND is_own), []) AS addresses,
            coalesce(list(DISTINCT email_hash) FILTER (WHERE email_hash IS NOT NULL AND is_own), []) AS emails,
            min(first_at) AS first_at, max(last_at) AS last_at,
            coalesce(list(DISTINCT birth_year) FILTER (WHERE birth_year IS NOT NULL AND is_own), []) AS birth_years,
            coalesce(list(DISTINCT gender) FILTER (WHERE gender IS NOT NULL AND is_own), []) AS genders,
            list(DISTINCT source) AS sources,
            arg_min(person, (coalesce(run, 2147483647), coalesce(least(first_at, joined_at), 'infinity'), person))
                AS first_person
        FROM (SELECT *, NOT coalesce(is_synthetic, false) AS is_own FROM persons) JOIN cores USING (person)
        GROUP BY core
    """)


def is_conflict(a: str, b: str) -> str:
    """SQL: the cores cannot be one person, whatever weak identifier they share."""
    return f"""(
        coalesce({a}.handed <> {b}.handed, false) OR coalesce({a}.unionid <> {b}.unionid, false)
        OR (list_has_any({a}.card_sources, {b}.card_sources) AND NOT list_has_any({a}.cards, {b}.cards))
        OR {are_other_names(a, b)}
        OR (len({a}.birth_years) > 0 AND len({b}.birth_years) > 0
            AND NOT list_has_any({a}.birth_years, {b}.birth_years))
        OR (len({a}.genders) > 0 AND len({b}.genders) > 0 AND NOT list_has_any({a}.genders, {b}.genders))
    )"""


def are_other_names(a: str, b: str) -> str:
    """SQL: both names are known, and neither is a part of the other."""
    return f"(len({a}.words) > 0 AND len({b}.words) > 0 AND NOT {_is_part(a, b)})"


def is_same_name(a: str, b: str) -> str:
    """SQL: both have a full name, and one is the other or a part of it."""
    return f"({a}.has_full_name AND {b}.has_full_name AND {_is_part(a, b)})"


def is_same_birth(a: str, b: str) -> str:
    """SQL: year of birth and gender of both are known and the same."""
    return f"(list_has_any({a}.birth_years, {b}.birth_years) AND list_has_any({a}.genders, {b}.genders))"


def is_after_gap(a: str, b: str, *, gap_days: int) -> str:
    """SQL: the one was last seen so many days before the other was first seen."""
    gap = f"INTERVAL {gap_days} DAY"
    return f"coalesce({a}.last_at + {gap} <= {b}.first_at OR {b}.last_at + {gap} <= {a}.first_at, false)"


def is_elsewhere(a: str, b: str) -> str:
    """SQL: the postal addresses of both are known and differ, or their e-mail addresses."""
    return " OR ".join(
        f"(len({a}.{kind}) > 0 AND len({b}.{kind}) > 0 AND NOT list_has_any({a}.{kind}, {b}.{kind}))"
        for kind in ("addresses", "emails")
    )


def _is_part(a: str, b: str) -> str:
    return f"(list_has_all({a}.words, {b}.words) OR list_has_all({b}.words, {a}.words))"


@dataclass(frozen=True, kw_only=True)
class Core:
    """The same evidence as a value, for the few components in which somebody conflicts."""

    handed: str | None
    unionid: str | None
    cards: frozenset[str]
    card_sources: frozenset[str]
    words: frozenset[str]
    birth_years: frozenset[int]
    genders: frozenset[str]

    def conflicts_with(self, other: Core) -> bool:
        """Whether the two cannot be one person; the SQL of `is_conflict`."""
        return (
            _differ(self.handed, other.handed)
            or _differ(self.unionid, other.unionid)
            or (bool(self.card_sources & other.card_sources) and not self.cards & other.cards)
            or (bool(self.words and other.words) and not (self.words <= other.words or other.words <= self.words))
            or _are_apart(self.birth_years, other.birth_years)
            or _are_apart(self.genders, other.genders)
        )


def read_cores(con: duckdb.DuckDBPyConnection, asked: str) -> dict[int, Core]:
    """The evidence of the cores that `asked` selects (a column core)."""
    names = tuple(Core.__dataclass_fields__)
    rows = con.execute(
        f"SELECT core, {', '.join(names)} FROM evidence SEMI JOIN ({asked}) AS asked USING (core)"
    ).fetchall()
    return {int(core): Core(**_values(names, values)) for core, *values in rows}


def _values(names: tuple[str, ...], values: list[Any]) -> dict[str, Any]:
    # `Any`: a driver's row; lists become sets, texts stay
    return {
        name: frozenset(value) if isinstance(value, list) else value for name, value in zip(names, values, strict=True)
    }


def _differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other


def _are_apart(one: frozenset[Any], other: frozenset[Any]) -> bool:
    # `Any`: years or letters
    return bool(one and other) and not one & other
