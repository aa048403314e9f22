"""What came of an audience: selected against held out, predicted against actual, in persons as they are known now."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.contracts.settings import Settings
from features.snapshots import FeatureBuild
from features.tables.session import open_session
from serving.results.outcomes import create_doers
from serving.results.persons import PersonCounts, create_persons
from serving.results.window import Window
from training.evaluation.lift import Effect, Group, mean_difference, rate_difference, rate_ratio
from training.propensity.target import LapseTarget, LaunchDescription, ProductsTarget, Target

MEMORY = "500MB"


@dataclass(frozen=True, kw_only=True)
class GroupOutcome:
    """What persons who were treated alike did."""

    group: Group
    revenue: float | None
    """Spent on the target in the window; None where the target is no purchase."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of an audience within its window."""

    selected: GroupOutcome
    held_out: GroupOutcome
    exported: GroupOutcome
    """Of those selected, whoever was handed over before the window ended."""
    difference: Effect
    """Share of buyers among the selected minus that among the held out."""
    ratio: Effect
    revenue_difference: Effect
    """Revenue per person."""
    persons: PersonCounts


def measure(
    settings: Settings,
    build: FeatureBuild,
    target: Target,
    window: Window,
    *,
    members: Iterable[pa.RecordBatch],
    told: Collection[str],
) -> Outcome:
    """What the members (batches of member_id, is_held_out) did within the window.

    Everybody selected is compared with everybody held out, told or not: leaving out those who could not be told would
    compare unlike people. `told` are the members that an export handed over.
    """
    with contextlib.closing(open_session(settings, zone="UTC", memory=MEMORY)) as con:
        _take_in(con, members, told)
        persons = create_persons(con, settings.paths.tables / build.tables_version)
        create_doers(con, target, window, settings=settings, build=build)
        is_lapse = isinstance(target, LapseTarget)
        con.execute(
            "CREATE TEMP TABLE outcomes AS SELECT persons.*, (doers.member_id IS NULL) = $is_lapse AS has_done, "
            "coalesce(revenue, 0) AS revenue FROM persons LEFT JOIN doers ON person = doers.member_id",
            {"is_lapse": is_lapse},
        )
        has_revenue = isinstance(target, ProductsTarget | LaunchDescription)
        selected, held_out, exported = (
            _group(con, where, has_revenue=has_revenue)
            for where in ("NOT is_held_out", "is_held_out", "NOT is_held_out AND is_told")
        )
        spent = [_revenues(con, where) if has_revenue else np.empty(0) for where in ("NOT is_held_out", "is_held_out")]
    return Outcome(
        selected=selected,
        held_out=held_out,
        exported=exported,
        difference=rate_difference(selected.group, held_out.group),
        ratio=rate_ratio(selected.group, held_out.group),
        revenue_difference=mean_difference(*spent),
        persons=persons,
    )


def _take_in(con: duckdb.DuckDBPyConnection, members: Iterable[pa.RecordBatch], told: Collection[str]) -> None:
    con.execute("CREATE TEMP TABLE given (member_id VARCHAR, is_held_out BOOLEAN)")
    for batch in members:
        con.register("batch", pa.Table.from_batches([batch]))
        con.execute("INSERT INTO given SELECT member_id, is_held_out FROM batch")
        con.unregister("batch")
    con.register("told", pa.table({"member_id": pa.array(list(told), pa.string())}))
    con.execute("CREATE TEMP TABLE chosen AS SELECT *, member_id IN (SELECT member_id FROM told) AS is_told FROM given")
    con.unregister("told")


def _group(con: duckdb.DuckDBPyConnection, where: str, *, has_revenue: bool) -> GroupOutcome:
    found = con.execute(
        f"SELECT count(*), count(*) FILTER (WHERE has_done), coalesce(sum(revenue), 0) FROM outcomes WHERE {where}"
    ).fetchone()
    members, buyers, revenue = found or (0, 0, 0.0)
    return GroupOutcome(group=Group(members=members, buyers=buyers), revenue=float(revenue) if has_revenue else None)


def _revenues(con: duckdb.DuckDBPyConnection, where: str) -> npt.NDArray[np.float64]:
    found = con.execute(f"SELECT revenue FROM outcomes WHERE {where} ORDER BY person").fetchnumpy()["revenue"]
    return np.asarray(found, dtype=np.float64)
