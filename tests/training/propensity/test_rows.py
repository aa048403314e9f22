"""Which pairs are scored at a moment, and which of them came true, on literal orders."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from features.contracts.settings import load_settings
from features.prepared import CATEGORY_ORDERS_FILE, VISITS_FILE
from features.snapshots import FeatureBuild
from training.propensity.rows import LABEL, PairSource

T = datetime(2017, 10, 20, 4, tzinfo=UTC)
"""The clocks of the shops go back between this moment and the end of its horizon."""
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)

ORDERS = [
    # member, category, ordered_at
    ("anna", "DAIRY", T - SECOND),
    ("anna", "BAKERY", T - 400 * DAY),
    # Just active, and just no longer.
    ("ben", "DAIRY", T - 91 * DAY),
    ("old", "DAIRY", T - 91 * DAY - SECOND),
    # Comes at the very moment, so is not known yet.
    ("new", "DAIRY", T),
    # A category of one buyer.
    ("anna", "RARE", T - 3 * DAY),
    ("anna", "RARE", T - 2 * DAY),
    # What is in the label window, and what is not.
    ("anna", "DAIRY", T + 28 * DAY - SECOND),
    ("ben", "BAKERY", T + 28 * DAY),
    ("ben", "DAIRY", T + 28 * DAY + 6 * DAY),
    ("anna", "TOMORROW", T + DAY),
]


@pytest.fixture
def source(tmp_path: Path) -> PairSource:
    return write_source(tmp_path, ORDERS, min_buyers=2)


def write_source(folder: Path, orders: list[tuple[str, str, datetime]], **asked: int) -> PairSource:
    rows = pd.DataFrame(orders, columns=["member_id", "category", "ordered_at"])
    rows["ordered_at"] = pd.to_datetime(rows["ordered_at"], utc=True).astype("datetime64[us, UTC]")
    rows["order_id"] = [f"o{n}" for n in range(len(rows))]
    rows.to_parquet(folder / CATEGORY_ORDERS_FILE)
    rows.drop(columns="category").to_parquet(folder / VISITS_FILE)
    build = FeatureBuild(version="1", folder=folder, tables_version="1", as_of=T + 40 * DAY, moments=(T,))
    settings = load_settings(home=folder).propensity
    return PairSource(build=build, settings=settings.model_copy(update=asked))


def pairs(rows: pd.DataFrame) -> list[tuple[str, str]]:
    return list(rows[["member_id", "category"]].itertuples(index=False, name=None))


def asked_at(*rows: tuple[str, str, datetime]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["member_id", "category", "event_timestamp"])
    return frame.assign(event_timestamp=pd.to_datetime(frame["event_timestamp"], utc=True))


def test_every_active_member_meets_every_category_of_enough_buyers(source: PairSource) -> None:
    found = source.pairs_at(T)
    assert pairs(found) == [("anna", "DAIRY"), ("ben", "DAIRY")]
    assert set(found["event_timestamp"]) == {pd.Timestamp(T)}


def test_a_moment_later_the_newcomer_is_known_and_ben_is_not_active(source: PairSource) -> None:
    assert pairs(source.pairs_at(T + SECOND)) == [("anna", "DAIRY"), ("new", "DAIRY")]


def test_buyers_of_a_category_are_counted_once_each_and_within_a_year(source: PairSource) -> None:
    assert {category for _, category in pairs(source.pairs_at(T, min_buyers=1))} == {"DAIRY", "RARE"}
    assert {category for _, category in pairs(source.pairs_at(T - 40 * DAY, min_buyers=1))} == {"BAKERY", "DAIRY"}
    assert pairs(source.pairs_at(T, min_buyers=4)) == []


def test_one_category_is_given_with_every_active_member_however_rare(source: PairSource) -> None:
    found = source.pairs_of_category("RARE", T)
    assert pairs(found) == [("anna", "RARE"), ("ben", "RARE")]
    assert set(found["event_timestamp"]) == {pd.Timestamp(T)}
    assert pairs(source.pairs_of_category("BAKERY", T)) == [("anna", "BAKERY"), ("ben", "BAKERY")]


@pytest.mark.parametrize("category", ["TOMORROW", "UNHEARD OF", "dairy", "' OR 1=1 --"])
def test_a_category_that_nobody_has_bought_yet_is_empty(source: PairSource, category: str) -> None:
    assert source.pairs_of_category(category, T).empty


def test_the_label_window_holds_its_first_instant_and_not_its_last(source: PairSource) -> None:
    rows = asked_at(
        ("new", "DAIRY", T),  # bought at the first instant
        ("anna", "DAIRY", T),  # bought a second before the end
        ("ben", "BAKERY", T),  # bought at the end
        ("ben", "BAKERY", T + SECOND),
        ("new", "DAIRY", T + SECOND),  # bought before
        ("ben", "DAIRY", T),
        ("nobody", "DAIRY", T),
        ("anna", "BAKERY", T),  # another of the member's categories
    )
    labelled = source.with_labels(rows)
    assert labelled[LABEL].tolist() == [True, True, False, True, False, False, False, False]
    assert labelled[LABEL].dtype == bool
    pd.testing.assert_frame_equal(labelled.drop(columns=LABEL), rows)


def test_each_row_is_labelled_from_its_own_moment_and_keeps_its_place(source: PairSource) -> None:
    rows = asked_at(*(("ben", "DAIRY", T + days * DAY) for days in (6, 40, 7, 5, 34, 35)))
    assert source.with_labels(rows)[LABEL].tolist() == [False, False, True, False, True, False]


def test_several_orders_make_one_label(tmp_path: Path) -> None:
    source = write_source(tmp_path, [("anna", "DAIRY", T + hours * timedelta(hours=1)) for hours in range(30)])
    labelled = source.with_labels(asked_at(("anna", "DAIRY", T), ("anna", "TEA", T)))
    assert labelled[LABEL].tolist() == [True, False]


def test_labels_are_the_same_on_a_machine_in_another_zone(source: PairSource) -> None:
    """The clocks of New York go back within the horizon: 28 of its calendar days would be an hour longer."""
    code = f"""
import sys; sys.path[:0] = {[str(Path(__file__).parent)]!r}
from pathlib import Path
from test_rows import T, SECOND, asked_at, write_source
source = write_source(Path({str(source.build.folder)!r}), [("ben", "BAKERY", T + 28 * 24 * 3600 * SECOND)])
print(source.with_labels(asked_at(("ben", "BAKERY", T), ("ben", "BAKERY", T + SECOND)))["is_bought"].tolist())
"""
    environment = {**os.environ, "TZ": "America/New_York"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[False, True]"


@pytest.fixture
def many(tmp_path: Path) -> PairSource:
    """Forty members who each bought from five categories."""
    orders = [(f"m{n:02}", f"C{k}", T - DAY) for n in range(40) for k in range(5)]
    return write_source(tmp_path, orders, rows_per_snapshot=50, max_lag_days=6)


def test_a_sample_is_part_of_the_pairs_in_their_order_without_repetition(many: PairSource) -> None:
    sampled = pairs(many.sampled_late(T, latest=T + 100 * DAY, seed=7))
    whole = pairs(many.pairs_at(T))
    assert (len(whole), len(sampled)) == (200, 50)
    assert sampled == sorted(set(sampled))
    assert set(sampled) < set(whole)


def test_a_sample_is_decided_by_the_seed_and_the_moment(many: PairSource) -> None:
    first, again, other = (many.sampled_late(T, latest=T + 100 * DAY, seed=seed) for seed in (7, 7, 8))
    pd.testing.assert_frame_equal(first, again)
    assert pairs(first) != pairs(other)
    later = many.sampled_late(T + DAY, latest=T + 100 * DAY, seed=7)
    assert pairs(first) != pairs(later)


def test_fewer_pairs_than_asked_for_are_all_taken(tmp_path: Path) -> None:
    source = write_source(tmp_path, [(f"m{n}", "DAIRY", T - DAY) for n in range(30)], rows_per_snapshot=1000)
    assert pairs(source.sampled_late(T, latest=T, seed=1)) == pairs(source.pairs_at(T))


def test_rows_are_dated_up_to_the_lag_later_in_whole_days(many: PairSource) -> None:
    late = many.sampled_late(T, latest=T + 100 * DAY, seed=7)["event_timestamp"] - pd.Timestamp(T)
    assert set(late) == {pd.Timedelta(days=days) for days in range(7)}


def test_no_row_is_dated_after_the_latest_moment(many: PairSource) -> None:
    latest = T + 2 * DAY + timedelta(hours=5)
    late = many.sampled_late(T, latest=latest, seed=7)["event_timestamp"]
    assert set(late) == {pd.Timestamp(each) for each in (T, T + DAY, T + 2 * DAY, latest)}
    assert set(many.sampled_late(T, latest=T - 9 * DAY, seed=7)["event_timestamp"]) == {pd.Timestamp(T)}


def test_without_lag_every_row_has_the_moment_itself(tmp_path: Path) -> None:
    source = write_source(tmp_path, [(f"m{n}", "DAIRY", T - DAY) for n in range(30)], max_lag_days=0)
    assert set(source.sampled_late(T, latest=T + DAY, seed=1)["event_timestamp"]) == {pd.Timestamp(T)}
