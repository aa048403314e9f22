"""A release folder of literal files, with a manifest that tells the truth about them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from features.contracts.ids import ReleaseId
from features.contracts.paths import ShopPaths
from features.schema import feature_schema_hash
from features.store.online import online_files
from features.store.packed_member import FORMAT
from training.release.manifest import Manifest, ModelInRelease, checksums, write_manifest
from training.release.shelf import release_folder

AS_OF = datetime(2017, 12, 31, 5, tzinfo=UTC)
FILES = {"affinity/factors.npz": b"factors", "propensity/model.lgb": b"tree\n", "products.parquet": b"products"}


def write_release(folder: Path, *, schema: str | None = None) -> Manifest:
    """Fills the folder and writes its manifest."""
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    model = ModelInRelease(name="main.product_affinity", number="3", run_id="r", metrics={"primary": 0.25})
    manifest = Manifest(
        release_id=ReleaseId(folder.name),
        as_of=AS_OF,
        feature_build="000001-aaaaaaaa-bbbbbbbb",
        feature_schema=schema or feature_schema_hash(),
        affinity=model,
        propensity=model.model_copy(update={"name": "main.purchase_propensity"}),
        products=3,
        members=2,
        bytes_per_member=100,
        online_format=FORMAT,
        settings={"seed": 7},
        files=checksums(folder),
    )
    write_manifest(folder, manifest)
    return manifest


def put_on_shelf(paths: ShopPaths, release_id: str) -> ReleaseId:
    """A release with its online rows, not in service."""
    write_release(release_folder(paths, ReleaseId(release_id)))
    online = online_files(paths, ReleaseId(release_id))
    online.rows.parent.mkdir(parents=True, exist_ok=True)
    online.rows.write_bytes(b"rows")
    online.registry.write_bytes(b"registry")
    return ReleaseId(release_id)
