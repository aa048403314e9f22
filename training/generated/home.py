"""Writes a home of generated members that audiences can be built over: tables, features at one moment and a release."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from features.contracts.atomic import new_folder, read_json, write_json
from features.contracts.clock import moment_text
from features.contracts.errors import Refused
from features.contracts.settings import Settings
from features.groups.catalogue import GROUPS
from features.prepared import CATEGORY_ORDERS_FILE, GROUPINGS_FILE, PURCHASES_FILE, VISITS_FILE
from features.snapshots import FeatureBuild, current_build
from features.tables.storage import POINTER as TABLES_POINTER
from features.tables.storage import VERSION_FILE, current_tables
from features.tags.stored import member_tags, tags_file
from training.generated.draw import Draw, draw
from training.release.manifest import verify, write_manifest
from training.release.shelf import POINTER as RELEASE_POINTER
from training.release.shelf import release_folder, require_active_release

MARK = "SYNTHETIC.txt"
WARNING = "Generated members, for benchmarks only: drawn from the members of another shop, none of them exists.\n"

CELLS_PER_MEMBER = 50.0
CATEGORIES_PER_MEMBER = 25.0
ROWS_PER_GROUP = 100_000
SOURCE = "synthetic"

CONTACT_COLUMNS = ("phone_hash", "phone_encrypted", "email_hash", "email_encrypted", "wechat_openid", "wechat_unionid")

Progress = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class GeneratedHome:
    """What was written."""

    folder: Path
    members: int
    cells: int
    """Rows of member and product."""
    as_of: datetime


def generate_home(
    settings: Settings,
    folder: Path,
    *,
    members: int,
    cells_per_member: float = CELLS_PER_MEMBER,
    progress: Progress = lambda _what: None,
) -> GeneratedHome:
    """A home in `folder` with `members` generated members after those of the settings' shop, as of its features.

    It appears whole or not at all, and holds no contact data. Audiences can be built over it; recommendations cannot,
    as it has no online rows. Raises Refused when the folder holds something, NothingLoaded.
    """
    build = current_build(settings.paths)
    release = release_folder(settings.paths, require_active_release(settings.paths))
    tables = current_tables(settings.paths)
    if folder.exists() and any(folder.iterdir()):
        raise Refused(f"generate: {folder} is not empty; name a new folder")
    moment = build.as_of
    value = pq.read_table(build.snapshot(GROUPS["member_value"], moment))
    drawn = draw(value["member_id"].to_pylist(), members=members, seed=settings.seed)
    with new_folder(folder) as partial:
        (partial / MARK).write_text(WARNING, encoding="utf-8")
        shop = partial / settings.shop
        progress("tables")
        _write_tables(tables.folder, shop / "tables", tables.version, drawn)
        cells = _write_features(build, shop / "features", drawn, cells_per_member=cells_per_member, progress=progress)
        tags = tags_file(settings.tags, build, moment).relative_to(build.folder)
        file = shop / "features" / build.version / tags
        file.parent.mkdir(parents=True)
        _write(file, drawn.of_members(member_tags(settings, build, at=moment)))
        progress("release")
        _write_release(release, shop / "releases", drawn)
    return GeneratedHome(folder=folder, members=members, cells=cells, as_of=moment)


def _write_tables(source: Path, tables: Path, version: str, drawn: Draw) -> None:
    target = tables / version
    target.mkdir(parents=True)
    shutil.copyfile(source / "products.parquet", target / "products.parquet")
    _write(target / "members.parquet", drawn.of_members(_without_contacts(pq.read_table(source / "members.parquet"))))
    ids = drawn.member_ids
    names = {"source": pa.repeat(SOURCE, len(ids)), "source_id": ids, "member_id": ids}
    _write(target / "member_ids.parquet", iter([pa.table(names)]))
    if (source / "member_records.parquet").is_file():
        records = drawn.of_members(_without_contacts(_records(source)))
        _write(target / "member_records.parquet", map(_as_generated, records))
    told = read_json(source / VERSION_FILE) or {}
    write_json(target / VERSION_FILE, {**told, "counts": {"members": len(drawn.member_ids)}, "note": WARNING.strip()})
    write_json(tables / TABLES_POINTER, {"version": version})


def _without_contacts(rows: pa.Table) -> pa.Table:
    for name in CONTACT_COLUMNS:
        if name in rows.column_names:
            field = rows.schema.field(name)
            rows = rows.set_column(rows.schema.get_field_index(name), field, pa.nulls(len(rows), field.type))
    return rows


def _records(tables: Path) -> pa.Table:
    """One record of each member, with its member_id."""
    with duckdb.connect() as con:
        return con.execute(
            """
            SELECT member_id, records.* FROM read_parquet($records) AS records
            JOIN read_parquet($ids) USING (source, source_id)
            QUALIFY row_number() OVER (PARTITION BY member_id ORDER BY source, source_id) = 1
            """,
            {"records": str(tables / "member_records.parquet"), "ids": str(tables / "member_ids.parquet")},
        ).to_arrow_table()


def _as_generated(records: pa.Table) -> pa.Table:
    """Records under the source of generated members, known there by their member's own id."""
    at = records.schema.get_field_index
    records = records.set_column(at("source"), "source", pa.repeat(SOURCE, len(records)))
    return records.set_column(at("source_id"), "source_id", records["member_id"]).drop_columns("member_id")


def _write_features(
    build: FeatureBuild, features: Path, drawn: Draw, *, cells_per_member: float, progress: Progress
) -> int:
    moment, target = build.as_of, features / build.version
    cells = 0
    for name, group in GROUPS.items():
        progress(name)
        file = target / build.snapshot(group, moment).relative_to(build.folder)
        file.parent.mkdir(parents=True)
        if "member" not in group.entities:
            shutil.copyfile(build.snapshot(group, moment), file)
            continue
        rows = pq.read_table(build.snapshot(group, moment))
        if not len(rows):
            # no donor was measured or brought anybody
            _write(file, iter([rows]))
            continue
        if group.entities == ("member",):
            _write(file, drawn.of_members(rows))
            continue
        key = next(key for key in group.keys if key != "member_id")
        per_member = cells_per_member if key == "product_id" else CATEGORIES_PER_MEMBER
        written = _write(file, drawn.of_pairs(rows, key=key, per_member=per_member))
        cells = written if key == "product_id" else cells
    for name in (PURCHASES_FILE, CATEGORY_ORDERS_FILE, GROUPINGS_FILE):
        shutil.copyfile(build.folder / name, target / name)
    _write(target / VISITS_FILE, drawn.of_members(_last_visits(build)))
    write_json(
        features / "current",
        {
            "version": build.version,
            "tables_version": build.tables_version,
            "as_of": moment_text(moment),
            "moments": [moment_text(moment)],
        },
    )
    return cells


def _last_visits(build: FeatureBuild) -> pa.Table:
    visits = pq.read_table(build.folder / VISITS_FILE).sort_by(
        [("member_id", "ascending"), ("ordered_at", "descending")]
    )
    ids = visits["member_id"].to_numpy()
    return visits.filter(pa.array([True, *(ids[1:] != ids[:-1])]))


def _write_release(source: Path, releases: Path, drawn: Draw) -> None:
    target = releases / source.name
    shutil.copytree(source, target)
    # its models are those of the shop that was drawn from: what is measured is their speed, not their quality
    write_manifest(target, verify(source).model_copy(update={"members": len(drawn.member_ids)}))
    write_json(releases / RELEASE_POINTER, {"release_id": source.name, "previous": None, "highest": source.name})


def _write(file: Path, parts: Iterator[pa.Table]) -> int:
    """Writes the parts one after the other; how many rows there were."""
    rows, writer = 0, None
    try:
        for part in parts:
            writer = writer or pq.ParquetWriter(file, part.schema, compression="zstd")
            writer.write_table(part, row_group_size=ROWS_PER_GROUP)
            rows += len(part)
    finally:
        if writer is not None:
            writer.close()
    return rows
