"""What a release says of itself, and the proof that it is whole."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from features.contracts.atomic import write_text
from features.contracts.errors import ReleaseDamaged
from features.contracts.ids import ReleaseId
from features.schema import feature_schema_hash
from features.store.packed_member import FORMAT

MANIFEST_FILE = "manifest.json"


class ModelInRelease(BaseModel):
    """Which registered version a release serves."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    number: str
    run_id: str
    metrics: dict[str, float]
    fallbacks: tuple[str, ...] = ()
    """What answers in the place of models that the shop was too small for, in sentences."""


class Manifest(BaseModel):
    """The contents of manifest.json."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    release_id: ReleaseId
    as_of: datetime
    made_at: datetime | None = None
    """None in a release of before this was kept."""
    feature_build: str
    feature_schema: str
    affinity: ModelInRelease
    propensity: ModelInRelease
    coupons: ModelInRelease | None = None
    """None in a shop without coupons."""
    products: int
    members: int
    bytes_per_member: int
    profiles: int = 0
    """Members with a profile: everybody, those without purchases too."""
    bytes_per_profile: int = 0
    """Of `bytes_per_member`, what a profile takes by itself."""
    online_format: int = 1
    """Form of the members' online rows."""
    settings: dict[str, Any]
    """The settings that the release was made with, secrets left out; `Any` because JSON is."""
    files: dict[str, str]
    """SHA-256 of every other file of the release by its relative path."""

    @property
    def models(self) -> tuple[ModelInRelease, ...]:
        """Every model that the release serves."""
        return tuple(model for model in (self.affinity, self.propensity, self.coupons) if model is not None)


def checksums(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below `folder` but the manifest, by relative path."""
    return {
        str(file.relative_to(folder)): _sha256(file)
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != MANIFEST_FILE
    }


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Writes manifest.json."""
    write_text(folder / MANIFEST_FILE, manifest.model_dump_json(indent=2) + "\n")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a release folder. Raises ReleaseDamaged."""
    file = folder / MANIFEST_FILE
    try:
        return Manifest.model_validate_json(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ReleaseDamaged(f"release {folder.name}: {MANIFEST_FILE} is missing; run `faces release`") from error
    except (ValidationError, UnicodeDecodeError) as error:
        raise ReleaseDamaged(f"release {folder.name}: {MANIFEST_FILE} cannot be read; run `faces release`") from error


def verify(folder: Path) -> Manifest:
    """The manifest, once every file was found as it was written. Raises ReleaseDamaged naming the first that is not."""
    manifest = read_manifest(folder)
    for name, expected in manifest.files.items():
        file = folder / name
        if not file.is_file():
            raise ReleaseDamaged(f"release {folder.name}: {name} is missing; run `faces release`")
        if _sha256(file) != expected:
            raise ReleaseDamaged(f"release {folder.name}: {name} is damaged (checksum differs); run `faces release`")
    if manifest.feature_schema != feature_schema_hash():
        raise ReleaseDamaged(
            f"release {folder.name}: built for feature schema {manifest.feature_schema}, this code computes "
            f"{feature_schema_hash()}; run `faces features`, `faces train` and `faces release`"
        )
    if manifest.online_format != FORMAT:
        raise ReleaseDamaged(f"release {folder.name}: its online rows have another form; run `faces release`")
    return manifest


def _sha256(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
