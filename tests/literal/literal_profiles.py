"""A small shop's tables and features as files, for profiles and the stores' lists; campaigns are of literal_coupons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
from literal_coupons import write_coupon_files

from features.contracts.settings import Settings, load_settings
from features.groups.catalogue import GROUPS
from features.prepared import VISITS_FILE
from features.snapshots import FeatureBuild
from training.release.profile_tables import open_profile_tables

AS_OF = datetime(2017, 5, 10, 4, tzinfo=UTC)

MEMBER_IDS = (
    "('pos', '17', 'anna'), ('web', 'a/安', 'anna'), ('pos', '2', 'ben'), ('pos', '3', 'cleo'), ('pos', '9', 'new')"
)
MEMBERS = [
    # member, joined_at, joined_store, via, associate, referred source and id, is_staff, phone_hash, phone_encrypted
    "('anna', '2016-01-01T05:00:00Z', 's1', 'QR code', 'a1', 'pos', '2', NULL, 'h1', 'token')",
    "('ben', NULL, NULL, NULL, NULL, NULL, NULL, true, NULL, NULL)",
    "('cleo', NULL, 's2', NULL, 'a9', 'pos', 'nobody', NULL, 'h2', NULL)",
    "('new', '2017-05-09T20:00:00Z', 's2', 'app', NULL, NULL, NULL, NULL, NULL, NULL)",
    "('early', '2016-05-09T20:00:00Z', 's1', 'app', NULL, NULL, NULL, NULL, NULL, NULL)",
    "('tomorrow', '2017-05-10T04:00:00Z', 's1', 'app', NULL, NULL, NULL, NULL, NULL, NULL)",
    "('nowhere', NULL, 's1', NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
]
VISITS = [
    *(f"('anna', 'o{n}', 's1', '2017-04-{n:02}T12:00:00Z', {n}.5)" for n in range(1, 8)),
    "('anna', 'later', 's1', '2017-05-10T04:00:00Z', 99.0)",
    "('ben', 'b1', NULL, '2017-04-20T12:00:00Z', 'nan'::DOUBLE)",
]


@contextmanager
def literal_profile_tables(
    home: Path, *, tags: Sequence[tuple[str, list[str]]] = (), without: Sequence[str] = ()
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The connection that profiles are made with; `without` names tables and groups that there are none of."""
    settings = load_settings(home=home)
    build = _write(settings, without)
    told = pa.table(
        {
            "member_id": pa.array([member for member, _ in tags], pa.string()),
            "tags": pa.array([own for _, own in tags], pa.list_(pa.string())),
        }
    )
    with open_profile_tables(settings, build, told, as_of=AS_OF) as con:
        yield con


def _write(settings: Settings, without: Sequence[str]) -> FeatureBuild:
    tables, folder = settings.paths.tables / "000001-a", settings.paths.features / "000001-a-b"
    tables.mkdir(parents=True)
    folder.mkdir(parents=True)
    write_coupon_files(tables)
    for name in ("purchases", "product_groupings"):
        (tables / f"{name}.parquet").rename(folder / f"{name}.parquet")
    build = FeatureBuild(version=folder.name, folder=folder, tables_version=tables.name, as_of=AS_OF, moments=(AS_OF,))
    files = {name: tables / f"{name}.parquet" for name in _TABLES} | {
        name: build.snapshot(GROUPS[name], AS_OF) for name in _GROUPS
    }
    with closing(duckdb.connect()) as con:
        con.execute("SET TimeZone = 'UTC'")
        for name, file in (files | {"visits": folder / VISITS_FILE}).items():
            if name in without:
                continue
            file.parent.mkdir(exist_ok=True)
            rows, columns = _ROWS[name]
            con.execute(
                f"COPY (SELECT * REPLACE ({_casts(columns)}) FROM (VALUES {rows}) AS given({columns})) "
                f"TO '{file}' (FORMAT parquet)"
            )
    for name in without:
        (tables / f"{name}.parquet").unlink(missing_ok=True)
    return build


def _casts(columns: str) -> str:
    types = {
        name: "TIMESTAMPTZ" if name.endswith("_at") else _TYPES.get(name, "VARCHAR") for name in columns.split(", ")
    }
    return ", ".join(f"{name}::{type_} AS {name}" for name, type_ in types.items())


_TYPES = {
    "is_staff": "BOOLEAN",
    "gap_days": "DOUBLE",
    "spend": "DOUBLE",
    "spend_365d": "DOUBLE",
    "spend_share": "DOUBLE",
    "orders_365d": "BIGINT",
    **dict.fromkeys(("consent_sms", "consent_email", "consent_wechat"), "BOOLEAN"),
}
_ROWS: dict[str, tuple[str, str]] = {
    "member_ids": (MEMBER_IDS, "source, source_id, member_id"),
    "members": (
        ", ".join(MEMBERS),
        "member_id, joined_at, joined_store_id, joined_via, associate_id, referred_by_source, referred_by_id, "
        "is_staff, phone_hash, phone_encrypted",
    ),
    "member_records": (
        "('pos', '17', 'h1', NULL, true, NULL), ('web', 'a/安', NULL, 'e1', NULL, false), "
        "('pos', '3', 'h2', NULL, NULL, NULL)",
        "source, source_id, phone_hash, email_hash, consent_sms, consent_email",
    ),
    "associates": ("('a1', 's1', 'Bo')", "associate_id, store_id, name"),
    "stores": ("('s1', 'Downtown', '上海'), ('s7', 'Empty', NULL)", "store_id, name, city"),
    "member_mix": ("('anna', 's1'), ('ben', 's3')", "member_id, top_store_id"),
    "member_rhythm": (
        "('anna', '2017-05-01T12:00:00Z', 8.456, '2017-05-09T22:00:00Z'), ('ben', '2017-04-20T12:00:00Z', NULL, NULL)",
        "member_id, last_visited_at, gap_days, next_expected_at",
    ),
    "member_category": (
        ", ".join(f"('anna', 'C{n}', {n}, {n}.0, {n} / 21.0)" for n in range(1, 7)),
        "member_id, category, orders_365d, spend_365d, spend_share",
    ),
    "member_facts": (
        "('anna', 'points', '120', '2017-05-01T12:00:00Z'), ('anna', 'skin', '干性', '2017-05-02T12:00:00Z')",
        "member_id, fact, value, observed_at",
    ),
    "visits": (", ".join(VISITS), "member_id, order_id, store_id, ordered_at, spend"),
}
_TABLES = ("member_ids", "members", "member_records", "associates", "stores")
_GROUPS = ("member_mix", "member_rhythm", "member_category", "member_facts")
EVERYTHING: tuple[str, ...] = (*_TABLES[2:], *_GROUPS, "campaigns", "contacts", "coupons", "coupon_redemptions")
"""Tables and groups that a shop may lack."""
