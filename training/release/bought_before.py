"""What each member has bought beyond the candidates, as marks: a request must not call it new."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from features.contracts.ids import ProductId
from features.prepared import PURCHASES_FILE
from features.store.packed_member import Marks, mark_of

WINDOW = timedelta(days=365)
"""What was bought before it is not known to candidates either."""


def bought_products(build_folder: Path, member_ids: list[str], *, as_of: datetime) -> dict[str, list[str]]:
    """Every product that each of the members bought in the WINDOW before `as_of`, by member, in order of its id."""
    with duckdb.connect() as con:
        con.register("asked", pd.DataFrame({"member_id": member_ids}))
        found = con.execute(
            """
            SELECT member_id, list(DISTINCT product_id ORDER BY product_id) AS product_ids
            FROM read_parquet($purchases) SEMI JOIN asked USING (member_id)
            WHERE ordered_at < $as_of AND ordered_at >= $since GROUP BY member_id
            """,
            {"purchases": str(build_folder / PURCHASES_FILE), "as_of": as_of, "since": as_of - WINDOW},
        ).df()
    return dict(zip(found["member_id"], (list(each) for each in found["product_ids"]), strict=True))


def bought_marks(bought: list[str], candidate_ids: tuple[ProductId, ...]) -> Marks:
    """uint32 (products,): marks of the products bought that are no candidates, in order."""
    beyond = set(bought).difference(candidate_ids)
    return np.sort(np.fromiter((mark_of(each) for each in beyond), dtype=np.uint32, count=len(beyond)))
