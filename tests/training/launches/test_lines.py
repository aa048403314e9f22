from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from literal_launches import FIRST, write_launching_shop

from features.contracts.clock import days_since_epoch
from features.prepared import PURCHASES_FILE, VISITS_FILE
from training.launches.lines import Lines, LinesBefore, read_lines, read_visit_lines
from training.propensity.groupings import Groupings, read_groupings

AT = days_since_epoch(FIRST + timedelta(weeks=20))


@pytest.fixture
def groupings(tmp_path: Path) -> Groupings:
    return read_groupings(write_launching_shop(tmp_path).folder)


@pytest.fixture
def lines(tmp_path: Path, groupings: Groupings) -> Lines:
    return read_lines(tmp_path / PURCHASES_FILE, groupings, until=FIRST + timedelta(weeks=40), most_members=1_000)


def line(product: int, member: int, day: float) -> tuple[int, int, float]:
    return product, member, day


def literal(*rows: tuple[int, int, float], products: int = 3) -> Lines:
    ordered = sorted(rows, key=lambda row: (row[0], row[2]))
    return Lines(
        member_ids=np.array(["anna", "bert"]),
        starts=np.searchsorted([row[0] for row in ordered], np.arange(products + 1)),
        member_rows=np.array([row[1] for row in ordered], dtype=np.int32),
        days=np.array([row[2] for row in ordered]),
        spend=np.full(len(ordered), 2.0),
        list_price=np.full(len(ordered), 2.5),
    )


def test_a_union_counts_orders_weeks_and_spend_before_the_moment() -> None:
    some = literal(line(0, 0, 90.0), line(1, 0, 96.0), line(1, 0, 99.0), line(1, 0, 100.0), line(2, 0, 98.0))
    [activity] = LinesBefore(lines=some, at_days=100.0).unions([np.array([0, 1])])
    assert activity.orders_365d.tolist() == [3.0, 0.0]
    assert activity.spend_365d.tolist() == [6.0, 0.0]
    # 96 and 99 lie in one week
    assert activity.weeks(53).tolist() == [2.0, 0.0]
    assert activity.last_days[0] == 99.0
    assert np.isnan(activity.last_days[1])


def test_a_hidden_product_is_as_if_never_sold() -> None:
    some = literal(line(0, 0, 90.0), line(1, 0, 96.0))
    [hidden] = LinesBefore(lines=some, at_days=100.0, hidden=np.array([1])).unions([np.array([0, 1])])
    [alone] = LinesBefore(lines=some, at_days=100.0).unions([np.array([0])])
    assert hidden.orders_365d.tolist() == alone.orders_365d.tolist() == [1.0, 0.0]
    assert hidden.week_bits.tolist() == alone.week_bits.tolist()


def test_orders_older_than_a_year_are_not_seen() -> None:
    some = literal(line(0, 0, 100.0), line(0, 1, 500.0))
    [activity] = LinesBefore(lines=some, at_days=501.0).unions([np.array([0])])
    assert activity.orders_365d.tolist() == [0.0, 1.0]


def test_the_outcome_begins_at_the_moment_and_ends_with_the_horizon() -> None:
    some = literal(line(0, 0, 99.9), line(0, 1, 100.0))
    assert some.bought(0, at_days=100.0, horizon_days=28).tolist() == [False, True]
    assert some.bought(0, at_days=72.0, horizon_days=28).tolist() == [True, False]
    assert some.spent(0, at_days=99.0, horizon_days=7).tolist() == [2.0, 2.0]


def test_lines_and_visits_of_the_shop_are_all_there(tmp_path: Path, lines: Lines) -> None:
    visits = read_visit_lines(tmp_path / VISITS_FILE, lines.member_ids, until=FIRST + timedelta(weeks=40))
    [activity] = LinesBefore(lines=visits, at_days=AT).unions([np.array([0])])
    assert activity.orders_365d.tolist() == [20.0] * 60
    assert activity.orders_28d.tolist() == [4.0] * 60


def test_a_sample_of_members_is_the_same_every_time(tmp_path: Path, groupings: Groupings) -> None:
    until = FIRST + timedelta(weeks=40)
    first, second = (read_lines(tmp_path / PURCHASES_FILE, groupings, until=until, most_members=9) for _ in range(2))
    assert len(first.member_ids) == 9
    assert first.member_ids.tolist() == second.member_ids.tolist()
    assert set(np.unique(first.member_rows)) == set(range(9))


def test_a_member_who_bought_twice_is_one_buyer() -> None:
    some = literal(line(0, 0, 90.0), line(0, 0, 96.0), line(0, 1, 97.0), line(1, 0, 80.0), line(2, 1, 100.0))
    assert some.buyers(from_days=85.0, until_days=100.0).tolist() == [2.0, 0.0, 0.0]
    assert some.buyers(from_days=95.0, until_days=101.0).tolist() == [2.0, 0.0, 1.0]
