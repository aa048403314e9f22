"""Lines that the settings take for no goods are counted and named."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from features.contracts.settings import FeatureSettings, load_settings
from features.tables.no_goods import no_goods
from features.tables.storage import TablesVersion


@pytest.fixture
def goods() -> FeatureSettings:
    return load_settings().features.model_copy(
        update={
            "not_goods_departments": ("FUEL",),
            "not_goods_categories": ("COUPON",),
            "not_goods_words": ("GIFT",),
        }
    )


def version(folder: Path, lines: list[str], *, with_products: bool = True) -> TablesVersion:
    pd.DataFrame({"product_id": lines}).to_parquet(folder / "order_lines.parquet")
    if with_products:
        products = pd.DataFrame(
            [
                ("petrol", "FUEL", None, None),
                ("voucher", None, "COUPON", None),
                ("card", "SHOP", "CARDS", "A GIFT CARD"),
                ("bread", "SHOP", "BREAD", "WHITE"),
                ("unknown", None, None, None),
            ],
            columns=["product_id", "department", "category", "subcategory"],
        )
        products.to_parquet(folder / "products.parquet")
    return TablesVersion(
        version="000001-x",
        folder=folder,
        latest_at=datetime(2025, 1, 1, tzinfo=UTC),
        counts={"order_lines": len(lines)},
    )


def test_lines_are_counted_by_department_else_category(tmp_path: Path, goods: FeatureSettings) -> None:
    lines = ["petrol", "petrol", "voucher", "card", "bread", "bread", "unknown"]
    found = no_goods(version(tmp_path, lines), goods)
    assert found.sentence == "no goods by features.not_goods_*: 4 of 7 order lines (FUEL 2, COUPON 1, SHOP 1)"


def test_where_nothing_is_left_out_nothing_is_said(tmp_path: Path, goods: FeatureSettings) -> None:
    assert no_goods(version(tmp_path, ["bread", "unknown"]), goods).sentence is None
    none = {"not_goods_departments": (), "not_goods_categories": (), "not_goods_words": ()}
    lines = ["petrol", "voucher", "card"]
    assert no_goods(version(tmp_path, lines), goods.model_copy(update=none)).sentence is None
    (tmp_path / "bare").mkdir()
    assert no_goods(version(tmp_path / "bare", lines, with_products=False), goods).sentence is None
