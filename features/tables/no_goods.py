"""How many order lines the settings take for no goods: they count for nothing, so it is said."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from features.contracts.settings import FeatureSettings
from features.tables.storage import TablesVersion

MOST_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class NoGoods:
    """Order lines of products that are no goods."""

    lines: int
    of: int
    """Order lines in all."""
    largest: tuple[tuple[str, int], ...]
    """The departments with most of them (categories where there is no department), and their lines."""

    @property
    def sentence(self) -> str | None:
        """What is left out and by which settings; None where nothing is."""
        if not self.lines:
            return None
        named = ", ".join(f"{name} {count:,}" for name, count in self.largest)
        return f"no goods by features.not_goods_*: {self.lines:,} of {self.of:,} order lines ({named})"


def no_goods(version: TablesVersion, goods: FeatureSettings) -> NoGoods:
    """The order lines of a tables version that features, models and recommendations do not see."""
    every = version.counts.get("order_lines", 0)
    if not version.file("products").is_file():
        return NoGoods(lines=0, of=every, largest=())
    with duckdb.connect() as con:
        found = con.execute(
            """
            SELECT coalesce(department, category, subcategory), count(*)
            FROM read_parquet($lines) JOIN read_parquet($products) USING (product_id)
            WHERE list_contains($departments::VARCHAR[], department)
                OR list_contains($categories::VARCHAR[], category)
                OR len(list_filter($words::VARCHAR[], word -> contains(subcategory, word))) > 0
            GROUP BY 1 ORDER BY 2 DESC, 1
            """,
            {
                "lines": str(version.file("order_lines")),
                "products": str(version.file("products")),
                "departments": list(goods.not_goods_departments),
                "categories": list(goods.not_goods_categories),
                "words": list(goods.not_goods_words),
            },
        ).fetchall()
    counts = [(str(name), int(count)) for name, count in found]
    return NoGoods(lines=sum(count for _, count in counts), of=every, largest=tuple(counts[:MOST_NAMED]))
