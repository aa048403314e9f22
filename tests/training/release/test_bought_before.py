"""What a member bought beyond the candidates, as marks."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd
from literal_release import AS_OF

from features.contracts.ids import ProductId
from features.store.packed_member import mark_of
from training.release.bought_before import WINDOW, bought_marks, bought_products

PURCHASES = [
    ("anna", "tea", timedelta(days=3)),
    ("anna", "tea", timedelta(days=30)),
    ("anna", "milk", timedelta(days=300)),
    ("anna", "too long ago", WINDOW + timedelta(seconds=1)),
    ("anna", "at the moment itself", timedelta(0)),
    ("ben", "bread", timedelta(days=1)),
    (None, "nobody's", timedelta(days=1)),
]


def test_each_member_has_the_products_of_the_year_before_and_no_later_ones(tmp_path: Path) -> None:
    rows = [(member, product, AS_OF - ago) for member, product, ago in PURCHASES]
    frame = pd.DataFrame(rows, columns=["member_id", "product_id", "ordered_at"])
    frame.to_parquet(tmp_path / "purchases.parquet", index=False)
    found = bought_products(tmp_path, ["anna", "cleo"], as_of=AS_OF)
    assert found == {"anna": ["milk", "tea"]}


def test_candidates_have_no_mark() -> None:
    marks = bought_marks(["milk", "tea", "bread"], (ProductId("tea"), ProductId("salt")))
    assert marks.tolist() == sorted([mark_of("milk"), mark_of("bread")])
    assert bought_marks(["tea"], (ProductId("tea"),)).tolist() == []
