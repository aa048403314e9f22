"""Attributes of products: one typed column each, in the order of the shelf."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from training.release.attributes import MOST_ATTRIBUTES, ProductAttributes, build_attributes, load_attributes

PRODUCTS = {
    "tea": '{"organic": true, "grams": 100, "品种": "绿茶", "mixed": 1, "nested": {"a": 1}}',
    "milk": '{"organic": null, "grams": 1000.5, "mixed": "two"}',
    "bread": None,
    "salt": "no json",
    "soap": "[1, 2]",
}


def build(folder: Path, given: dict[str, str | None], shelf: list[str]) -> ProductAttributes:
    frame = pd.DataFrame({"product_id": list(given), "attributes": pd.Series(list(given.values()), dtype=object)})
    frame.to_parquet(folder / "products.parquet", index=False)
    return build_attributes(folder, pd.Series(shelf))


def test_columns_are_typed_and_stand_in_the_order_of_the_shelf(tmp_path: Path) -> None:
    table = build(tmp_path, PRODUCTS, ["milk", "soap", "tea", "unknown"]).table
    assert list(table) == ["grams", "mixed", "nested", "organic", "品种"]
    assert table["organic"].tolist() == [pd.NA, pd.NA, True, pd.NA]
    assert table["grams"].fillna(-1).tolist() == [1000.5, -1, 100, -1]
    assert table["mixed"].tolist() == ["two", None, "1", None]
    assert table["nested"].tolist()[2] == '{"a": 1}'
    assert table["品种"].tolist() == [None, None, "绿茶", None]


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    built = build(tmp_path, PRODUCTS, list(PRODUCTS))
    built.save(tmp_path)
    loaded = load_attributes(tmp_path)
    assert loaded is not None
    pd.testing.assert_frame_equal(loaded.table, built.table)
    assert load_attributes(tmp_path / "elsewhere") is None


def test_products_without_attributes_have_no_columns_and_still_their_rows(tmp_path: Path) -> None:
    built = build(tmp_path, {"tea": None, "milk": None}, ["tea", "milk"])
    assert built.table.shape == (2, 0)


def test_a_number_too_large_for_a_float_is_missing(tmp_path: Path) -> None:
    table = build(tmp_path, {"tea": '{"n": 1' + "0" * 400 + "}", "milk": '{"n": 2}'}, ["tea", "milk"]).table
    assert np.isnan(table["n"][0])
    assert table["n"][1] == 2


def test_only_the_most_frequent_names_are_kept(tmp_path: Path) -> None:
    many = ", ".join(f'"n{number:03}": 1' for number in range(MOST_ATTRIBUTES + 5))
    table = build(tmp_path, {"tea": "{" + many + "}", "milk": '{"n204": 1}'}, ["tea", "milk"]).table
    assert table.shape[1] == MOST_ATTRIBUTES
    assert "n204" in table
    assert "n203" not in table
