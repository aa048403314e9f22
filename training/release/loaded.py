"""A release read back into memory, verified."""

from __future__ import annotations

from dataclasses import dataclass

from features.contracts.ids import ReleaseId
from features.contracts.settings import Settings
from training.affinity.model import AffinityModel
from training.affinity.model_files import load_affinity
from training.release.build import AFFINITY_FOLDER
from training.release.manifest import Manifest, verify
from training.release.products import ProductShelf, load_products
from training.release.shelf import release_folder


@dataclass(frozen=True, kw_only=True)
class LoadedRelease:
    """What a request needs of a release beside the member's online row."""

    manifest: Manifest
    products: ProductShelf
    affinity: AffinityModel


def load_release(settings: Settings, release_id: ReleaseId) -> LoadedRelease:
    """The release, once every file was found as it was written. Raises ReleaseDamaged."""
    folder = release_folder(settings.paths, release_id)
    manifest = verify(folder)
    return LoadedRelease(
        manifest=manifest,
        products=load_products(folder),
        affinity=load_affinity(folder / AFFINITY_FOLDER),
    )
