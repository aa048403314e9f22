"""The load on a slice of the real files: what is kept, what is rejected, and with which reason."""

import shutil
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from features.contracts.errors import Refused, TooManyRejected
from features.tables.storage import current_tables

COUPON_PSEUDO_LINES = (5978656, 5978648)


@pytest.fixture
def edited(journey_slice, tmp_path):
    """A copy of the slice whose transactions can be edited as a user would, with pandas."""
    folder = tmp_path / "edited"
    shutil.copytree(journey_slice, folder)
    file = folder / "transactions.parquet"

    def edit(change):
        change(pd.read_parquet(file)).to_parquet(file)
        return folder

    return edit


def rejected_by_row(settings, rows_in, table="order_lines"):
    file = settings.paths.rejected / f"{table}.parquet"
    return {row["source_row"]: row["reason"] for row in rows_in(file)} if file.exists() else {}


def orphans_of(transactions, products):
    known = set(products.product_id)
    return {place + 1: "orphan_product_id" for place, id_ in enumerate(transactions.product_id) if id_ not in known}


def test_only_lines_of_unknown_products_are_rejected_from_the_sound_files(loaded_slice, rows_in):
    source = loaded_slice.source
    orphans = orphans_of(pd.read_parquet(source / "transactions.parquet"), pd.read_parquet(source / "products.parquet"))
    assert rejected_by_row(loaded_slice.settings, rows_in) == orphans
    (lines,) = [table for table in loaded_slice.summary.tables if table.name == "order_lines"]
    assert lines.rejected == {"orphan_product_id": len(orphans)}
    rows = rows_in(loaded_slice.settings.paths.rejected / "order_lines.parquet")
    assert {int(row["product_id"]) for row in rows} >= set(COUPON_PSEUDO_LINES)


def test_duplicate_coupon_products_are_rejected_and_counted(loaded_slice):
    source = pd.read_parquet(loaded_slice.source / "coupons.parquet")
    duplicates = int(source.duplicated().sum())
    assert duplicates > 0
    (table,) = [table for table in loaded_slice.summary.tables if table.name == "coupon_products"]
    assert table.rejected == {"duplicate_key": duplicates}
    assert table.kept == len(source) - duplicates


@pytest.fixture(scope="module")
def sound_lines(loaded_slice):
    """The source's lines of known products."""
    transactions = pd.read_parquet(loaded_slice.source / "transactions.parquet")
    products = pd.read_parquet(loaded_slice.source / "products.parquet")
    return transactions[transactions.product_id.isin(products.product_id)]


@pytest.fixture
def kept_lines(loaded_slice, rows_in):
    return rows_in(current_tables(loaded_slice.settings.paths).file("order_lines"))


def test_lines_of_quantity_zero_are_kept(sound_lines, kept_lines):
    expected = (sound_lines.quantity == 0).sum()
    assert sum(row["quantity"] == 0 for row in kept_lines) == expected > 0


def test_sums_of_money_survive_to_the_cent(sound_lines, kept_lines):
    paid = (sound_lines.sales_value - sound_lines.coupon_disc).sum()
    assert float(sum(row["amount"] for row in kept_lines)) == pytest.approx(paid)
    sold = sum(row["list_amount"] - row["discount_amount"] for row in kept_lines)
    assert float(sold) == pytest.approx(sound_lines.sales_value.sum())


def test_latest_at_is_a_second_after_the_last_line(loaded_slice, kept_lines):
    last = max(row["ordered_at"] for row in kept_lines)
    current = current_tables(loaded_slice.settings.paths)
    assert loaded_slice.summary.latest_at == current.latest_at == last + timedelta(seconds=1)


def test_each_household_is_a_member_and_each_line_has_one(loaded_slice, kept_lines, rows_in):
    members = rows_in(current_tables(loaded_slice.settings.paths).file("members"))
    assert loaded_slice.summary.members == len(members) == 60
    assert {row["member_id"] for row in members} == {row["member_id"] for row in kept_lines}


BREAKAGES = {
    "household_id": (None, "incomplete_member"),
    "basket_id": (None, "missing_order_id"),
    "product_id": (999_999_999, "orphan_product_id"),
    "quantity": (float("inf"), "impossible_quantity"),
    "sales_value": (float("nan"), "bad_value:amount"),
    "retail_disc": (-5.0, "impossible_amount"),
    "coupon_match_disc": (float("nan"), "bad_value:list_amount"),
    "transaction_timestamp": (pd.Timestamp("2019-01-01"), "impossible_date"),
}


def broken_in_a_hundred(transactions):
    """The frame with one line in a hundred broken in turn, and the reasons by source row."""
    frame, reasons = transactions.copy(), {}
    frame[["household_id", "basket_id"]] = frame[["household_id", "basket_id"]].astype(float)
    frame["quantity"] = frame["quantity"].astype(float)
    places = np.random.default_rng(7).choice(len(frame), size=len(frame) // 100, replace=False)
    for turn, place in enumerate(sorted(places)):
        column = list(BREAKAGES)[turn % len(BREAKAGES)]
        value, reason = BREAKAGES[column]
        frame.loc[place, column] = value
        if column == "retail_disc":
            frame.loc[place, "quantity"] = 1.0  # a negative discount is impossible for what was bought
        reasons[int(place) + 1] = reason
    return frame, reasons


def test_of_one_broken_line_in_a_hundred_each_is_rejected_with_its_reason_and_no_sound_one(
    load, settings, journey_slice, edited, rows_in
):
    sound = pd.read_parquet(journey_slice / "transactions.parquet")
    frame, reasons = broken_in_a_hundred(sound)
    repeated = frame.iloc[[0, 1, 2]]  # sound lines handed over twice: the first copy stays
    source = edited(lambda _: pd.concat([frame, repeated], ignore_index=True))
    duplicates = {len(frame) + place: "duplicate_key" for place in (1, 2, 3)}
    load(source)
    orphans = orphans_of(sound, pd.read_parquet(source / "products.parquet"))
    assert rejected_by_row(settings, rows_in) == orphans | duplicates | reasons


def test_text_that_is_no_value_is_rejected_and_shown(load, settings, edited, rows_in):
    def as_text(transactions):
        frame = transactions.astype({"quantity": str, "sales_value": str, "transaction_timestamp": str})
        frame.loc[0, "quantity"] = "two"
        frame.loc[1, "sales_value"] = "free"
        frame.loc[2, "transaction_timestamp"] = "yesterday"
        frame.loc[3, "transaction_timestamp"] = None
        return frame

    load(edited(as_text))
    shown = {
        row["source_row"]: (row["reason"], row["quantity"], row["amount"], row["ordered_at"])
        for row in rows_in(settings.paths.rejected / "order_lines.parquet")
        if row["source_row"] <= 4
    }
    assert shown[1][:2] == ("bad_value:quantity", "two")
    assert (shown[2][0], shown[2][2]) == ("bad_value:amount", "free - 0.0")
    assert (shown[3][0], shown[3][3]) == ("bad_value:ordered_at", "yesterday")
    assert (shown[4][0], shown[4][3]) == ("missing_ordered_at", None)


def test_a_row_with_several_faults_tells_all_of_them_and_counts_once(load, settings, edited, rows_in):
    def break_first(transactions):
        frame = transactions.astype({"basket_id": float, "quantity": float})
        frame.loc[0, "basket_id"] = None
        frame.loc[0, "quantity"] = float("nan")
        frame.loc[0, "transaction_timestamp"] = pd.Timestamp("1970-01-01")
        return frame

    load(edited(break_first))
    (row,) = [row for row in rows_in(settings.paths.rejected / "order_lines.parquet") if row["source_row"] == 1]
    assert row["reason"] == "missing_order_id"
    # pandas writes NaN as an absent value
    assert row["reasons"] == ["missing_order_id", "missing_quantity", "impossible_date"]


def test_too_many_rejected_leaves_the_version_in_use_and_the_rejected_rows_to_look_at(
    load, settings, journey_slice, edited, rows_in
):
    load(journey_slice)
    before = current_tables(settings.paths)
    kept = rows_in(before.file("order_lines"))

    def break_a_tenth(transactions):
        transactions.loc[::10, "transaction_timestamp"] = pd.Timestamp("2031-01-01")
        return transactions

    source = edited(break_a_tenth)
    with pytest.raises(TooManyRejected, match=r"order_lines: .* rows rejected, 10\..% of all \(limit 5\.0%"):
        load(source)
    assert current_tables(settings.paths) == before
    assert rows_in(before.file("order_lines")) == kept
    assert "impossible_date" in rejected_by_row(settings, rows_in).values()


def test_lines_and_events_at_or_after_as_of_are_later_and_not_rejected(load, settings, journey_slice, rows_in):
    as_of = datetime(2017, 6, 1, 4, tzinfo=UTC)
    summary = load(journey_slice, as_of=as_of)
    version = current_tables(settings.paths)
    for table, column in (
        ("order_lines", "ordered_at"),
        ("contacts", "contacted_at"),
        ("coupon_redemptions", "redeemed_at"),
    ):
        assert max(row[column] for row in rows_in(version.file(table))) < as_of
        (counted,) = [told for told in summary.tables if told.name == table]
        assert counted.later > 0
    assert all(row["starts_on"] < as_of.date() for row in rows_in(version.file("campaigns")))
    assert all(row["starts_on"] < as_of.date() for row in rows_in(version.file("coupons")))
    assert version.latest_at <= as_of


def test_a_file_cut_short_is_refused_and_changes_nothing(load, settings, journey_slice, edited):
    load(journey_slice)
    before = current_tables(settings.paths)
    source = edited(lambda transactions: transactions)
    file = source / "transactions.parquet"
    content = file.read_bytes()
    # the footer stands, the values before it do not
    file.write_bytes(content[:2000] + bytes(len(content) - 102_000) + content[-100_000:])
    with pytest.raises(Refused, match=r"transactions\.parquet: cannot be read") as refusal:
        load(source)
    assert "\n" not in str(refusal.value)
    assert current_tables(settings.paths) == before


def test_an_absent_optional_file_is_said_and_no_error(load, edited):
    source = edited(lambda transactions: transactions)
    for table in ("products", "coupons"):
        (source / f"{table}.parquet").unlink()
    summary = load(source)
    assert {"products", "coupons", "coupon_products"} <= set(summary.not_handed_over)
