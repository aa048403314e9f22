"""What may be sold: the state that holds at the moment, the first day of sale, and the stock of each store."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from features.contracts.clock import days_since_epoch
from features.contracts.settings import load_settings
from training.release.availability import Availability, build_availability, load_availability
from training.release.product_states import launched_products

AS_OF = datetime(2017, 12, 4, 2, tzinfo=UTC)
"""Nine in the evening of 3 December in the shops."""
ZONE = ZoneInfo("America/New_York")
SHELF = np.array(["milk", "tea", "rum"], dtype=np.str_)

State = tuple[str, datetime, float | None, bool | None, bool | None, date | None]


def write_states(folder: Path, *states: State) -> None:
    columns = ["product_id", "valid_from", "price", "is_active", "in_stock", "launched_on"]
    frame = pd.DataFrame(states, columns=columns)
    frame["valid_from"] = pd.to_datetime(frame["valid_from"], utc=True)
    frame.astype({"is_active": "boolean", "in_stock": "boolean", "price": "float64"}).to_parquet(
        folder / "product_states.parquet"
    )


def write_stock(folder: Path, *counts: tuple[str, str, float, datetime]) -> None:
    frame = pd.DataFrame(counts, columns=["product_id", "store_id", "on_hand", "as_of"])
    frame["as_of"] = pd.to_datetime(frame["as_of"], utc=True)
    frame.to_parquet(folder / "stock.parquet")


def built(folder: Path) -> Availability:
    return build_availability(folder, SHELF, as_of=AS_OF, zone=ZONE)


BEFORE, LATER = AS_OF - timedelta(days=2), AS_OF + timedelta(seconds=1)


def test_without_the_tables_everything_may_be_sold_everywhere(tmp_path: Path) -> None:
    availability = built(tmp_path)
    assert availability.is_active.all()
    assert availability.in_stock().all()
    assert availability.in_stock("north").all()
    assert np.isnan(availability.launched_days).all()


def test_the_latest_state_of_the_moment_holds(tmp_path: Path) -> None:
    write_states(
        tmp_path,
        ("milk", BEFORE, 1.0, True, True, None),
        ("milk", AS_OF, 1.0, False, False, None),
        ("tea", BEFORE, 1.0, False, False, None),
        ("tea", BEFORE + timedelta(days=1), 1.0, True, True, None),
        ("tea", LATER, 1.0, False, False, None),
        ("gone", BEFORE, 1.0, True, True, None),
    )
    availability = built(tmp_path)
    assert availability.is_active.tolist() == [False, True, True]
    assert availability.in_stock().tolist() == [False, True, True]


def test_a_state_that_says_nothing_changes_nothing(tmp_path: Path) -> None:
    write_states(tmp_path, ("milk", BEFORE, None, None, None, None))
    assert built(tmp_path).is_active.all()
    assert built(tmp_path).in_stock().all()


def test_a_product_is_on_sale_from_its_first_day_in_the_shops_zone(tmp_path: Path) -> None:
    write_states(
        tmp_path,
        ("milk", BEFORE, 1.0, True, None, date(2017, 12, 3)),
        # in the shops it is still the third
        ("tea", BEFORE, 1.0, True, None, date(2017, 12, 4)),
    )
    availability = built(tmp_path)
    assert availability.is_active.tolist() == [True, False, True]
    assert availability.launched_days[0] == pytest.approx(days_since_epoch(datetime(2017, 12, 3, 5, tzinfo=UTC)))


def test_a_store_has_what_it_counted_last_and_none_of_what_only_others_count(tmp_path: Path) -> None:
    write_stock(
        tmp_path,
        ("milk", "north", 0.0, BEFORE),
        ("milk", "north", 3.0, AS_OF),
        ("milk", "north", 0.0, LATER),
        ("milk", "south", -1.0, BEFORE),
        ("tea", "south", 2.0, BEFORE),
        ("unknown", "north", 9.0, BEFORE),
    )
    availability = built(tmp_path)
    # nobody counts rum: it is taken to be everywhere
    assert availability.in_stock("north").tolist() == [True, False, True]
    assert availability.in_stock("south").tolist() == [False, True, True]
    assert availability.in_stock().tolist() == [True, True, True]
    assert availability.in_stock("counts nothing").tolist() == [True, True, True]


def test_what_no_store_has_cannot_be_delivered(tmp_path: Path) -> None:
    write_stock(tmp_path, ("milk", "north", 0.0, BEFORE), ("milk", "south", 0.0, BEFORE))
    assert built(tmp_path).in_stock().tolist() == [False, True, True]


def test_saved_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    write_states(tmp_path, ("milk", BEFORE, 1.0, False, False, date(2017, 1, 1)))
    write_stock(tmp_path, ("tea", "south", 2.0, BEFORE))
    availability = built(tmp_path)
    assert load_availability(tmp_path) is None
    availability.save(tmp_path)
    loaded = load_availability(tmp_path)
    assert loaded is not None
    for name in (
        "is_active",
        "can_be_delivered",
        "launched_days",
        "is_counted",
        "store_ids",
        "store_starts",
        "store_rows",
    ):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(availability, name))
    assert loaded.in_stock("south").tolist() == availability.in_stock("south").tolist()


def test_launched_goods_are_those_said_to_be_on_sale(tmp_path: Path) -> None:
    write_states(
        tmp_path,
        ("new", BEFORE, 2.5, None, None, date(2017, 12, 1)),
        ("active", BEFORE, None, True, None, None),
        ("later", BEFORE, 1.0, True, None, date(2017, 12, 4)),
        ("stopped", BEFORE, 1.0, False, None, date(2017, 1, 1)),
        ("unsaid", BEFORE, 1.0, None, True, None),
        ("petrol", BEFORE, 1.0, True, None, None),
        ("nameless", BEFORE, 1.0, True, None, None),
    )
    groupings = [(each, "b", "FOOD", "DAIRY", None) for each in ("new", "active", "later", "stopped", "unsaid")]
    groupings.append(("petrol", "b", "FOOD", "DAIRY", "GASOLINE-REG"))
    names = ["product_id", "brand", "department", "category", "subcategory"]
    pd.DataFrame(groupings, columns=names).to_parquet(tmp_path / "groupings.parquet")
    found = launched_products(
        tmp_path, tmp_path / "groupings.parquet", load_settings().features, as_of=AS_OF, zone=ZONE
    )
    assert found["product_id"].tolist() == ["active", "new"]
    assert found.loc[1, "price"] == 2.5
    assert np.isnan(found.loc[0, "price"])
