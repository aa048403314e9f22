"""Stored features as numbers: moments as days, ages as of the moment of asking, nothing invented."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from features.encoding import Encoding, as_days, encode_column
from features.groups.catalogue import GROUPS
from features.groups.declaration import (
    FeatureGroup,
    age,
    count,
    decayed_to_now,
    moment,
    number,
    overdue,
    text,
)

NOON = datetime(2000, 1, 11, 12, tzinfo=UTC)
"""Ten and a half days after the epoch."""


def nothing(*_args: object) -> None:
    raise AssertionError("an encoding computes no features")


VISITS = FeatureGroup(
    name="visits",
    entities=("member",),
    sentence="What is encoded.",
    features=(
        moment("last_at", "latest visit"),
        count("orders_28d", "orders", "orders of the last 28 days"),
        text("top_store", "a text, for people"),
        number("gap_days", "days", "typical gap"),
        number("decayed", "orders", "decayed orders"),
    ),
    derived=(
        age("days_since", of="last_at", sentence="days since the latest visit"),
        overdue("overdue", since="last_at", gap="gap_days", sentence="time in gaps"),
        decayed_to_now("decayed_now", at_last="decayed", last="last_at", sentence="decayed to now"),
    ),
    compute=nothing,  # type: ignore[arg-type]  # never called
)
DEMAND = FeatureGroup(
    name="demand",
    entities=("category",),
    sentence="Another group.",
    features=(number("repeat_rate", "share", "share"), moment("first_at", "first sale")),
    compute=nothing,  # type: ignore[arg-type]  # never called
)
ENCODING = Encoding(groups=(VISITS, DEMAND))

ROWS = pd.DataFrame(
    {
        "visits__last_at": pd.to_datetime([NOON, None], utc=True),
        "visits__orders_28d": pd.array([3, None], dtype="Int64"),
        "visits__top_store": ["north", None],
        "visits__gap_days": [5.0, np.nan],
        "visits__decayed": [2.0, np.nan],
        "demand__repeat_rate": [0.25, np.nan],
        "demand__first_at": pd.to_datetime([None, None], utc=True),
    }
)


def test_stored_names_leave_texts_out_and_keep_the_declared_order() -> None:
    assert ENCODING.stored_names == (
        "visits__last_at",
        "visits__orders_28d",
        "visits__gap_days",
        "visits__decayed",
        "demand__repeat_rate",
        "demand__first_at",
    )


def test_models_read_numbers_and_what_is_derived_but_no_moments() -> None:
    assert ENCODING.model_names == (
        "visits__orders_28d",
        "visits__gap_days",
        "visits__decayed",
        "demand__repeat_rate",
        "visits__days_since",
        "visits__overdue",
        "visits__decayed_now",
    )


def test_a_moment_becomes_days_since_the_epoch_and_what_is_missing_nan() -> None:
    encoded = ENCODING.encode(ROWS)
    assert encoded.dtype == np.float32
    np.testing.assert_array_equal(encoded, np.array([[10.5, 3, 5, 2, 0.25, np.nan], [np.nan] * 6], dtype=np.float32))


def test_the_order_of_the_columns_does_not_matter() -> None:
    np.testing.assert_array_equal(ENCODING.encode(ROWS[ROWS.columns[::-1]]), ENCODING.encode(ROWS))


def test_ages_hold_at_the_moment_of_asking() -> None:
    vectors = ENCODING.encode(ROWS)
    numbers = ENCODING.model_matrix(vectors, np.array([20.5, 20.5]))
    assert numbers.dtype == np.float32
    np.testing.assert_allclose(
        numbers, [[3, 5, 2, 0.25, 10, 2, 2 * 0.5 ** (10 / 70)], [np.nan] * 7], rtol=1e-6, equal_nan=True
    )


def test_a_vector_read_a_day_later_is_a_day_older_and_otherwise_the_same() -> None:
    vectors = ENCODING.encode(ROWS[:1])
    today, tomorrow = (
        dict(zip(ENCODING.model_names, row, strict=True))
        for row in (
            ENCODING.model_matrix(vectors, np.array([20.5]))[0],
            ENCODING.model_matrix(vectors, np.array([21.5]))[0],
        )
    )
    assert tomorrow["visits__days_since"] - today["visits__days_since"] == 1
    assert tomorrow["visits__overdue"] - today["visits__overdue"] == pytest.approx(1 / 5, rel=1e-6)
    assert tomorrow["visits__decayed_now"] / today["visits__decayed_now"] == pytest.approx(0.5 ** (1 / 70), rel=1e-6)
    for name in ("visits__orders_28d", "visits__gap_days", "visits__decayed", "demand__repeat_rate"):
        assert tomorrow[name] == today[name]


def test_each_row_has_its_own_moment() -> None:
    vectors = np.repeat(ENCODING.encode(ROWS[:1]), 3, axis=0)
    numbers = ENCODING.model_matrix(vectors, np.array([10.5, 11.5, 12.5]))
    assert numbers[:, ENCODING.model_names.index("visits__days_since")].tolist() == [0, 1, 2]


def test_a_gap_of_nothing_makes_no_infinite_overdue() -> None:
    rows = ROWS[:1].assign(visits__gap_days=0.0)
    numbers = ENCODING.model_matrix(ENCODING.encode(rows), np.array([11.5]))
    assert numbers[0, ENCODING.model_names.index("visits__overdue")] == 2


def test_the_vectors_are_not_changed() -> None:
    vectors = ENCODING.encode(ROWS)
    before = vectors.copy()
    ENCODING.model_matrix(vectors, np.array([20.5, 20.5]))
    np.testing.assert_array_equal(vectors, before)


def test_no_rows_give_an_empty_matrix_of_the_right_width() -> None:
    assert ENCODING.encode(ROWS[:0]).shape == (0, 6)
    assert ENCODING.model_matrix(ENCODING.encode(ROWS[:0]), np.empty(0)).shape == (0, 7)


def test_the_days_are_those_of_the_instant_whatever_the_zone() -> None:
    utc = pd.Series(pd.to_datetime([NOON], utc=True))
    assert as_days(utc).tolist() == as_days(utc.dt.tz_convert("America/New_York")).tolist() == [10.5]
    assert as_days([NOON, NOON + timedelta(hours=6)]).tolist() == [10.5, 10.75]
    assert encode_column(utc.astype("datetime64[us, UTC]")).tolist() == [10.5]


def test_moments_without_a_zone_are_refused() -> None:
    with pytest.raises(TypeError):
        encode_column(pd.Series([pd.Timestamp("2000-01-11 12:00")]))


def test_an_unknown_column_is_missed() -> None:
    with pytest.raises(KeyError, match="visits__gap_days"):
        ENCODING.encode(ROWS.drop(columns="visits__gap_days"))


@pytest.mark.parametrize("group", [pytest.param(group, id=group.name) for group in GROUPS.values()])
def test_every_group_encodes_as_many_numbers_as_it_declares(group: FeatureGroup) -> None:
    encoding = Encoding(groups=(group,))
    assert len(encoding.stored_names) == len(set(encoding.stored_names)) == len(group.numeric)
    assert len(set(encoding.model_names)) == len(encoding.model_names)
    vectors = np.full((1, len(encoding.stored_names)), 100.0, dtype=np.float32)
    assert encoding.model_matrix(vectors, np.array([101.0])).shape == (1, len(encoding.model_names))
    assert np.isfinite(encoding.model_matrix(vectors, np.array([101.0]))).all()
