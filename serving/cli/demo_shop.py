"""What the demo shows of a shop: a member, something to sell and how many to tell, chosen from the shop's own data."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from features.contracts.errors import Refused
from features.contracts.settings import PREFIX, Settings, load_settings

if TYPE_CHECKING:
    import duckdb

    from features.snapshots import FeatureBuild

DEFAULT_SHOP = "main"
"""Shop of the default data."""
OWN_SHOP = "own"
"""Shop of tables that are not the default data, where no other is named."""
SHOP_VARIABLE = f"{PREFIX}SHOP"
MOST_TOLD = 200
TOLD_SHARE = 0.2
BOUGHT_SHARE = 0.2
"""Share of the members who lately bought what the demo sells: neither bread nor truffles."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Whom the demo recommends to, and what it looks for buyers of."""

    member_id: str
    words: str
    target: dict[str, Any]
    """As in a request for an audience; `Any` because JSON is."""
    option: str
    """The same as an option of `faces audience`."""
    size: int


@contextlib.contextmanager
def shop_of_own(*, is_own: bool) -> Iterator[None]:
    """For as long as the block runs, tables of one's own go into OWN_SHOP, unless the settings name a shop.

    By the environment, so that the service and every step agree.
    """
    is_named = SHOP_VARIABLE in os.environ or load_settings().shop != DEFAULT_SHOP
    if not is_own or is_named:
        yield
        return
    os.environ[SHOP_VARIABLE] = OWN_SHOP
    try:
        yield
    finally:
        del os.environ[SHOP_VARIABLE]


def demo_subject(settings: Settings) -> Subject:
    """A member who orders as often as the median one, and a category that about a fifth of the members buy.

    In a shop without categories it is a brand, in one without brands a product. Raises Refused where no member bought
    anything.
    """
    import duckdb

    from features.groups.catalogue import GROUPS
    from features.snapshots import current_build

    build = current_build(settings.paths)
    members = str(build.snapshot(GROUPS["member_value"], build.as_of))
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        member = con.execute(
            "SELECT member_id FROM read_parquet($file) ORDER BY orders_28d > 0 DESC, orders_91d > 0 DESC, "
            "abs(orders_91d - (SELECT median(orders_91d) FROM read_parquet($file))), member_id LIMIT 1",
            {"file": members},
        ).fetchone()
        counted = con.execute("SELECT count(*) FROM read_parquet($file)", {"file": members}).fetchone()
        sold = _category(con, build, members) or _brand(con, build) or _product(con, build, settings)
    if member is None or counted is None or sold is None:
        raise Refused("demo: the data holds no member with an order, so there is nobody to show anything of")
    kind, words, value = sold
    return Subject(
        member_id=str(member[0]),
        words=words,
        target={"product_ids": [value]} if kind == "product" else {kind: value},
        option=f"--{kind} {quote(value)}",
        size=min(MOST_TOLD, max(1, round(TOLD_SHARE * int(counted[0])))),
    )


def _category(con: duckdb.DuckDBPyConnection, build: FeatureBuild, members: str) -> tuple[str, str, str] | None:
    from features.groups.catalogue import GROUPS

    found = con.execute(
        "SELECT category FROM read_parquet($categories) WHERE buyers_91d > 0 "
        "ORDER BY abs(buyers_91d - $share * (SELECT count(*) FROM read_parquet($members))), category LIMIT 1",
        {
            "categories": str(build.snapshot(GROUPS["category_demand"], build.as_of)),
            "members": members,
            "share": BOUGHT_SHARE,
        },
    ).fetchone()
    return None if found is None else ("category", str(found[0]), str(found[0]))


def _brand(con: duckdb.DuckDBPyConnection, build: FeatureBuild) -> tuple[str, str, str] | None:
    found = _bought_by_a_fifth(con, build, "brand")
    return None if found is None else ("brand", found, found)


def _product(con: duckdb.DuckDBPyConnection, build: FeatureBuild, settings: Settings) -> tuple[str, str, str] | None:
    found = _bought_by_a_fifth(con, build, "product_id")
    if found is None:
        return None
    file = settings.paths.tables / build.tables_version / "products.parquet"
    return "product", (_name(con, file, found) or f"product {found}"), found


def _bought_by_a_fifth(con: duckdb.DuckDBPyConnection, build: FeatureBuild, column: str) -> str | None:
    from features.prepared import PURCHASES_FILE

    found = con.execute(
        f"""
        WITH bought AS (
            SELECT DISTINCT member_id, {column} AS sold FROM read_parquet($purchases)
            WHERE member_id IS NOT NULL AND ordered_at >= $as_of - to_days(91) AND {column} IS NOT NULL
        )
        SELECT sold FROM bought GROUP BY sold
        ORDER BY abs(count(*) - $share * (SELECT count(DISTINCT member_id) FROM bought)), sold LIMIT 1
        """,
        {"purchases": str(build.folder / PURCHASES_FILE), "as_of": build.as_of, "share": BOUGHT_SHARE},
    ).fetchone()
    return None if found is None else str(found[0])


def _name(con: duckdb.DuckDBPyConnection, file: Path, product_id: str) -> str | None:
    if not file.is_file():
        return None
    found = con.execute(
        "SELECT name FROM read_parquet($file) WHERE product_id = $product", {"file": str(file), "product": product_id}
    ).fetchone()
    return None if found is None or found[0] is None else str(found[0])
