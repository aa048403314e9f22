"""A shop in a temporary folder, small sources to load into it, and what stands there afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from features.contracts.settings import Settings, load_settings
from features.sources.complete_journey import package_folder
from features.tables.load import load_shop
from features.tables.summary import LoadSummary

Rows = list[dict[str, Any]]  # Any: literal values of a test
NOW = datetime(2018, 2, 1, tzinfo=UTC)
HOUSEHOLDS = 60

_SLICES = {
    "transactions": f"household_id IN (SELECT DISTINCT household_id FROM transactions ORDER BY 1 LIMIT {HOUSEHOLDS})",
    "products": "product_id IN (SELECT product_id FROM sliced_transactions)",
    "demographics": "household_id IN (SELECT household_id FROM sliced_transactions)",
    "campaigns": "household_id IN (SELECT household_id FROM sliced_transactions)",
    "campaign_descriptions": "true",
    "coupons": "product_id IN (SELECT product_id FROM sliced_products)",
    "coupon_redemptions": "household_id IN (SELECT household_id FROM sliced_transactions)",
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home", secrets={"contact_key": "key of the tests"})


@pytest.fixture
def load(settings: Settings) -> Callable[..., LoadSummary]:
    def run(source: Path, **options: Any) -> LoadSummary:  # Any: load_shop checks its own options
        chosen = {"with_synthetic_contacts": False, "as_of": None, "now": NOW, "progress": lambda _: None} | options
        return load_shop(chosen.pop("settings", settings), source=source, **chosen)

    return run


@pytest.fixture
def csv_folder(tmp_path: Path) -> Callable[..., Path]:
    """Writes CSV files: table name to lines, the first of which is the header."""

    def write(**tables: list[str]) -> Path:
        folder = tmp_path / "source"
        folder.mkdir(exist_ok=True)
        for table, lines in tables.items():
            (folder / f"{table}.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
        return folder

    return write


@pytest.fixture
def rows_in() -> Callable[[Path], Rows]:
    """The rows of a Parquet file, times in UTC."""

    def rows(file: Path) -> Rows:
        con = duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"})
        con.execute("SET TimeZone = 'UTC'")
        try:
            return con.execute("FROM read_parquet(?)", [str(file)]).to_arrow_table().to_pylist()
        finally:
            con.close()

    return rows


@dataclass(frozen=True)
class LoadedShop:
    """A shop after one load, with what was loaded into it."""

    settings: Settings
    summary: LoadSummary
    source: Path


@pytest.fixture(scope="session")
def loaded_slice(journey_slice: Path, tmp_path_factory: pytest.TempPathFactory) -> LoadedShop:
    """The slice, loaded once with synthetic contacts; shared, so only read."""
    chosen = load_settings(home=tmp_path_factory.mktemp("loaded"), secrets={"contact_key": "key of the tests"})
    summary = load_shop(
        chosen, source=journey_slice, with_synthetic_contacts=True, as_of=None, now=NOW, progress=lambda _: None
    )
    return LoadedShop(settings=chosen, summary=summary, source=journey_slice)


@pytest.fixture(scope="session")
def journey_slice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the package's, with the first households only; shared, so never written to."""
    folder = tmp_path_factory.mktemp("journey")
    con = duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"})
    for table, where in _SLICES.items():
        con.execute(f"CREATE VIEW {table} AS FROM read_parquet('{package_folder() / table}.parquet')")
        con.execute(f"CREATE TABLE sliced_{table} AS SELECT * FROM {table} WHERE {where}")
        con.execute(f"COPY sliced_{table} TO '{folder / table}.parquet' (FORMAT parquet)")
    con.close()
    return folder
