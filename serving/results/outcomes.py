"""What each member did within a window: bought of the target, visited, joined, redeemed a coupon, or stayed away."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from features.contracts.settings import Settings
from features.prepared import GROUPINGS_FILE, PURCHASES_FILE, VISITS_FILE
from features.snapshots import FeatureBuild
from features.sources.casting import literal_path
from serving.results.window import Window
from training.propensity.target import EventTarget, EventType, LapseTarget, LaunchDescription, ProductsTarget, Target

_NOBODY = "SELECT NULL::VARCHAR AS member_id, NULL::DOUBLE AS revenue WHERE false"


def create_doers(
    con: duckdb.DuckDBPyConnection, target: Target, window: Window, *, settings: Settings, build: FeatureBuild
) -> None:
    """Creates `doers`: one row per member who did what the target is about, with `revenue` (null where none is meant).

    Of a lapse these are the members who did buy: whoever is not among them lapsed. Of a launch that is only described,
    the products that fit the description and were first sold in the window or later.
    """
    tables = settings.paths.tables / build.tables_version
    con.execute("SET VARIABLE from_at = $at::TIMESTAMPTZ", {"at": window.from_at.isoformat()})
    con.execute("SET VARIABLE until_at = $at::TIMESTAMPTZ", {"at": window.until_at.isoformat()})
    match target:
        case ProductsTarget(product_ids=product_ids):
            _create_wanted(con, product_ids)
            sql = _purchases(build)
        case LaunchDescription() as launch:
            _create_wanted(con, _launched(con, launch, build))
            sql = _purchases(build)
        case EventTarget(type=EventType.JOIN):
            sql = _happened(tables / "members.parquet", "joined_at")
        case EventTarget(type=EventType.COUPON_REDEEMED):
            sql = _happened(tables / "coupon_redemptions.parquet", "redeemed_at")
        case EventTarget() | LapseTarget():
            sql = _happened(build.folder / VISITS_FILE, "ordered_at")
    con.execute(f"CREATE TEMP TABLE doers AS {sql}")


def _create_wanted(con: duckdb.DuckDBPyConnection, product_ids: tuple[str, ...]) -> None:
    con.register("wanted_ids", pa.table({"product_id": pa.array(product_ids, pa.string())}))
    con.execute("CREATE TEMP TABLE wanted AS FROM wanted_ids")
    con.unregister("wanted_ids")


def _purchases(build: FeatureBuild) -> str:
    return (
        f"SELECT member_id, sum(spend) AS revenue FROM {_file(build.folder / PURCHASES_FILE)} "
        "WHERE member_id IS NOT NULL AND product_id IN (SELECT product_id FROM wanted) "
        "AND ordered_at >= getvariable('from_at') AND ordered_at < getvariable('until_at') GROUP BY member_id"
    )


def _happened(file: Path, moment: str) -> str:
    if not file.is_file():
        return _NOBODY
    return (
        f"SELECT member_id, NULL::DOUBLE AS revenue FROM {_file(file)} WHERE member_id IS NOT NULL "
        f"AND {moment} >= getvariable('from_at') AND {moment} < getvariable('until_at') GROUP BY member_id"
    )


def _launched(con: duckdb.DuckDBPyConnection, launch: LaunchDescription, build: FeatureBuild) -> tuple[str, ...]:
    named = {"category": launch.category, "subcategory": launch.subcategory, "brand": launch.brand}
    given = {name: value for name, value in named.items() if value is not None}
    fits = " AND ".join(f"{name} = ${name}" for name in given)
    found = con.execute(
        f"SELECT product_id FROM {_file(build.folder / PURCHASES_FILE)} "
        f"WHERE product_id IN (SELECT product_id FROM {_file(build.folder / GROUPINGS_FILE)} WHERE {fits}) "
        "GROUP BY product_id HAVING min(ordered_at) >= getvariable('from_at') ORDER BY product_id",
        given,
    ).fetchall()
    return tuple(product_id for (product_id,) in found)


def _file(file: Path) -> str:
    return "read_parquet('{}')".format(literal_path(file).replace("'", "''"))
