from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from literal_launches import groupings_of_shop

from features.contracts.clock import days_since_epoch
from training.launches.past import PastLaunches, find_launches
from training.propensity.groupings import groupings_of

START = datetime(2020, 1, 1, 12, tzinfo=UTC)
LAUNCH = "snack-launch-08"


def purchases(file: Path, rows: list[tuple[str | None, str, float]]) -> Path:
    frame = pd.DataFrame(rows, columns=["member_id", "product_id", "day"])
    moments = [pd.Timestamp(START + timedelta(days=day)) for day in frame.pop("day")]
    frame.assign(ordered_at=moments).to_parquet(file)
    return file


def found(file: Path, *, as_of_day: float = 400.0, timezone: str = "UTC") -> PastLaunches:
    groupings = groupings_of(groupings_of_shop())
    return find_launches(file, groupings, as_of=START + timedelta(days=as_of_day), timezone=timezone)


STAPLES = [("anna", "snack-staple-1", 0.0), ("bert", "snack-staple-1", 20.0), ("cleo", "snack-staple-1", 39.0)]


def test_a_launch_begins_at_midnight_and_counts_members_seen_before_it_within_28_days(tmp_path: Path) -> None:
    launch = [
        (None, LAUNCH, 40.0),
        ("anna", LAUNCH, 41.0),
        ("anna", LAUNCH, 42.0),
        ("bert", LAUNCH, 68.0),  # after 28 days
        ("dora", LAUNCH, 42.0),  # never seen before
    ]
    past = found(purchases(tmp_path / "p.parquet", [*STAPLES, *launch]))
    assert past.at_days.tolist() == [days_since_epoch(datetime(2020, 2, 10, tzinfo=UTC))]
    assert past.buyers.tolist() == [1]
    # anna, bert and cleo had come within the 91 days before
    assert past.share.tolist() == pytest.approx([1 / 3])


def test_the_day_begins_in_the_shops_zone(tmp_path: Path) -> None:
    file = purchases(tmp_path / "p.parquet", [*STAPLES, ("anna", LAUNCH, 40.0)])
    late = found(file, timezone="America/New_York")
    assert late.at_days.tolist() == [days_since_epoch(datetime(2020, 2, 10, 5, tzinfo=UTC))]


def test_what_is_sold_soon_after_the_first_purchase_is_no_launch(tmp_path: Path) -> None:
    past = found(purchases(tmp_path / "p.parquet", [*STAPLES, ("anna", LAUNCH, 34.0)]))
    assert len(past.product_rows) == 0


def test_nothing_later_than_the_moment_is_counted(tmp_path: Path) -> None:
    rows = [*STAPLES, ("anna", LAUNCH, 41.0), ("bert", LAUNCH, 45.0)]
    past = found(purchases(tmp_path / "p.parquet", rows), as_of_day=43.0)
    assert past.buyers.tolist() == [1]


def test_a_member_is_active_for_91_days(tmp_path: Path) -> None:
    rows = [("anna", "snack-staple-1", 0.0), ("bert", "snack-staple-1", 60.0), ("bert", LAUNCH, 120.0)]
    past = found(purchases(tmp_path / "p.parquet", rows))
    assert past.share.tolist() == [1.0]


def test_buyers_are_known_after_28_days() -> None:
    past = PastLaunches(
        product_rows=np.array([3, 5]),
        at_days=np.array([100.0, 110.0]),
        buyers=np.array([7, 8]),
        share=np.array([0.1, 0.2]),
    )
    assert past.known_at(130.0).product_rows.tolist() == [3]
    assert past.without(3).product_rows.tolist() == [5]
