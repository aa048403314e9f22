"""The product matrix: one row per product in order of popularity, saved and read back the same."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.contracts.ids import ProductId
from features.groups.catalogue import GROUPS
from features.groups.declaration import FeatureType
from training.release.products import ENCODING, ProductShelf, build_products, load_products, read_names

AS_OF = datetime(2017, 12, 4, 5, tzinfo=UTC)

BUYERS = {
    # product: buyers of 28 and of 91 days; None where it did not sell
    "old": (None, None),
    "milk": (9, 20),
    "tea": (9, 30),
    "ale": (2, 50),
    "rum": (2, 50),
    "gin": (0, 60),
}
ORDER = ["tea", "milk", "ale", "rum", "gin", "old"]


class LiteralHistory:
    """Features of the product matrix, made of the place of a product in BUYERS."""

    def keys_at(self, group: str, moment: datetime) -> pd.DataFrame:
        assert (group, moment) == ("product_facts", AS_OF)
        return pd.DataFrame({"product_id": sorted(BUYERS)})

    def features_at(self, service: str, rows: pd.DataFrame) -> pd.DataFrame:
        assert service == "product_matrix"
        assert set(rows["event_timestamp"]) == {pd.Timestamp(AS_OF)}
        place = rows["product_id"].map(list(BUYERS).index)
        columns: dict[str, object] = {"product_id": rows["product_id"]}
        for name in ("product_facts", "product_demand"):
            for feature in GROUPS[name].features:
                values: object = place.astype(float)
                if feature.type is FeatureType.MOMENT:
                    values = pd.Timestamp("2000-01-01", tz="UTC") + pd.to_timedelta(place, unit="D")
                elif feature.type is FeatureType.TEXT:
                    values = f"{feature.name} of " + rows["product_id"]
                columns[f"{name}__{feature.name}"] = values
        frame = pd.DataFrame(columns)
        for days, part in ((28, 0), (91, 1)):
            buyers = rows["product_id"].map(lambda product, part=part: BUYERS[product][part])
            frame[f"product_demand__buyers_{days}d"] = buyers.astype("Int64")
        return frame


@pytest.fixture
def shelf() -> ProductShelf:
    names = pd.DataFrame({"product_id": ["tea", "milk", "unsold"], "name": ["Green tea", None, "Never sold"]})
    return build_products(LiteralHistory(), names, as_of=AS_OF)  # type: ignore[arg-type]  # literal rows


def test_products_stand_in_order_of_their_buyers_then_of_their_id(shelf: ProductShelf) -> None:
    assert shelf.table["product_id"].tolist() == ORDER


def test_each_row_of_the_matrix_is_of_the_product_in_the_same_row_of_the_table(shelf: ProductShelf) -> None:
    assert shelf.matrix.dtype == np.float32
    assert shelf.matrix.shape == (6, len(ENCODING.stored_names))
    price = shelf.matrix[:, ENCODING.stored_names.index("product_facts__price")]
    assert price.tolist() == [list(BUYERS).index(product) for product in ORDER]
    assert shelf.table["price"].tolist() == price.tolist()
    first_sold = shelf.matrix[:, ENCODING.stored_names.index("product_facts__first_sold_at")]
    assert first_sold.tolist() == price.tolist()
    assert shelf.table["category"].tolist() == [f"category of {product}" for product in ORDER]
    demand = shelf.matrix[:, ENCODING.stored_names.index("product_demand__buyers_28d")]
    np.testing.assert_array_equal(demand, [9, 9, 2, 2, 0, np.nan])


def test_rows_and_names_are_found_by_id(shelf: ProductShelf) -> None:
    assert [shelf.row_of[ProductId(product)] for product in ORDER] == list(range(6))
    assert ProductId("unsold") not in shelf.row_of
    assert shelf.name(ProductId("tea")) == "Green tea"
    assert shelf.name(ProductId("milk")) == "milk"
    assert shelf.name(ProductId("unsold")) == "unsold"


def test_saved_and_loaded_it_is_the_same(shelf: ProductShelf, tmp_path: Path) -> None:
    shelf.save(tmp_path)
    loaded = load_products(tmp_path)
    pd.testing.assert_frame_equal(loaded.table.fillna("none"), shelf.table.fillna("none"))
    np.testing.assert_array_equal(loaded.matrix, shelf.matrix)
    assert loaded.names == shelf.names


def test_names_are_read_from_the_tables(tmp_path: Path) -> None:
    pd.DataFrame({"product_id": ["a", "b"], "name": ["A", None], "brand": ["x", "y"]}).to_parquet(
        tmp_path / "products.parquet"
    )
    names = read_names(tmp_path)
    assert list(names.columns) == ["product_id", "name"]
    assert names["product_id"].tolist() == ["a", "b"]


LAUNCHED = pd.DataFrame(
    [
        ("yak", 9.5, "b", "FOOD", "DAIRY", None),
        ("kvass", np.nan, None, "FOOD", None, None),
        ("tea", 1.0, "x", "y", "z", "w"),
    ],
    columns=["product_id", "price", "brand", "department", "category", "subcategory"],
)


def test_launched_products_without_a_sale_stand_at_the_end_with_nothing_known_but_price_and_groups() -> None:
    names = pd.DataFrame({"product_id": ["yak"], "name": ["Yak milk"]})
    shelf = build_products(LiteralHistory(), names, as_of=AS_OF, launched=LAUNCHED)  # type: ignore[arg-type]  # literal
    assert shelf.table["product_id"].tolist() == [*ORDER, "kvass", "yak"]
    assert shelf.table["category"].tolist()[-2:] == [None, "DAIRY"]
    assert shelf.names[-2:] == ["kvass", "Yak milk"]
    assert shelf.prices[-2:] == [None, 9.5]
    # a product that sells keeps what its sales say
    assert shelf.table["brand"].tolist()[0] == "brand of tea"
    known = [name for name, value in zip(ENCODING.stored_names, shelf.matrix[-1], strict=True) if not np.isnan(value)]
    assert known == ["product_facts__price"]
    assert np.isnan(shelf.matrix[-2]).all()


def test_nothing_unsold_changes_nothing(shelf: ProductShelf) -> None:
    names = pd.DataFrame({"product_id": ["tea", "milk", "unsold"], "name": ["Green tea", None, "Never sold"]})
    same = build_products(
        LiteralHistory(),  # type: ignore[arg-type]  # literal rows
        names,
        as_of=AS_OF,
        launched=LAUNCHED[LAUNCHED["product_id"] == "tea"],
    )
    pd.testing.assert_frame_equal(same.table, shelf.table)
    np.testing.assert_array_equal(same.matrix, shelf.matrix)
