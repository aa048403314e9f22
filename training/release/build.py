"""Makes a release: champions, product matrix and members' rows, written whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from features.contracts.atomic import exclusive, new_folder
from features.contracts.clock import moment_text
from features.contracts.errors import NothingLoaded, Refused
from features.contracts.ids import ReleaseId
from features.contracts.settings import Settings
from features.schema import feature_schema, feature_schema_hash
from features.store.history import History
from features.store.online import publish_members
from features.store.packed_member import FORMAT, PackedMember
from features.tables.storage import current_tables
from features.tags.stored import member_tags
from training.affinity.model_files import load_affinity
from training.affinity.moment import read_moment
from training.propensity.taste import write_taste
from training.ranker.model import load_ranker, open_ranker
from training.ranker.order import blend_order, ranker_order
from training.release.coupon_offers import coupon_part
from training.release.manifest import Manifest, ModelInRelease, checksums, verify, write_manifest
from training.release.member_list import listed
from training.release.members import identities, packed_members
from training.release.people import people_part
from training.release.products import ProductShelf
from training.release.quality import write_quality
from training.release.quality_gathering import quality_of
from training.release.shelf import activate, clear_leftovers, next_release_id, prune, release_folder
from training.release.shop_parts import write_shop_parts
from training.release.tagged import with_tags
from training.tracking import Model, ModelVersion, Tracking

AFFINITY_FOLDER = "affinity"
PROPENSITY_FOLDER = "propensity"
SCHEMA_FILE = "feature_schema.json"

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, kw_only=True)
class MadeRelease:
    """A release that is now in service, and what had to go for it."""

    manifest: Manifest
    folder: Path
    removed: list[ReleaseId]


def make_release(
    settings: Settings,
    history: History,
    tracking: Tracking,
    *,
    as_of: datetime,
    made_at: datetime | None = None,
    progress: Progress = lambda _done, _all, _what: None,
) -> MadeRelease:
    """A new release of the champions as of a moment, put into service; `made_at` is what the clock says.

    The folder and the online rows appear whole, the pointer moves last: killed at any moment, the release before stays
    in service and a rerun clears what was left. Raises NothingLoaded without champions, Refused when a champion learnt
    from what came later, ReleaseDamaged, Busy.
    """
    paths = settings.paths
    with exclusive(paths.locks, "release"):
        clear_leftovers(settings)
        models: tuple[Model, ...] = ("product_affinity", "purchase_propensity")
        champions = {model: _champion(tracking, model, as_of=as_of) for model in models}
        if tracking.champion("coupon_redemption") is not None:
            champions["coupon_redemption"] = _champion(tracking, "coupon_redemption", as_of=as_of)
        release_id = next_release_id(paths)
        folder = release_folder(paths, release_id)
        with new_folder(folder) as partial:
            manifest = _fill(
                partial, settings, history, tracking, champions, release_id, as_of=as_of, progress=progress
            )
            manifest = manifest.model_copy(update={"made_at": made_at})
            write_manifest(partial, manifest)
            verify(partial)
        activate(settings, release_id)
        removed = prune(settings, keep=settings.serving.keep_releases)
    return MadeRelease(manifest=manifest, folder=folder, removed=removed)


def _champion(tracking: Tracking, model: Model, *, as_of: datetime) -> ModelVersion:
    champion = tracking.champion(model)
    if champion is None:
        raise NothingLoaded(f"release: {model} has no champion; run `faces train` and `faces promote` first")
    learnt_up_to = tracking.learnt_up_to(champion)
    if learnt_up_to > as_of:
        raise Refused(
            f"release: {champion.name} version {champion.number} learnt from what happened up to "
            f"{learnt_up_to:%Y-%m-%d %H:%M} UTC, later than {as_of:%Y-%m-%d %H:%M}; run "
            f"`faces train --as-of {moment_text(as_of)}` and `faces promote`, with --force where it asks for it"
        )
    return champion


def _fill(
    folder: Path,
    settings: Settings,
    history: History,
    tracking: Tracking,
    champions: dict[Model, ModelVersion],
    release_id: ReleaseId,
    *,
    as_of: datetime,
    progress: Progress,
) -> Manifest:
    shutil.copytree(tracking.folder_of(champions["product_affinity"]), folder / AFFINITY_FOLDER)
    shutil.copytree(tracking.folder_of(champions["purchase_propensity"]), folder / PROPENSITY_FOLDER)
    write_taste(settings, history, folder / PROPENSITY_FOLDER, as_of=as_of)
    (folder / SCHEMA_FILE).write_text(json.dumps(feature_schema(), indent=2), encoding="utf-8")
    tables = current_tables(settings.paths)
    parts = write_shop_parts(folder, settings, history, tables.folder, as_of=as_of, progress=progress)
    packed = packed_for_release(
        folder, settings, history, parts.products, tables.folder, as_of=as_of, progress=progress
    )
    coupons = champions.get("coupon_redemption")
    coupon_model = None if coupons is None else tracking.folder_of(coupons)
    with (
        coupon_part(folder, settings, history, coupon_model, parts.product_ids, as_of=as_of) as with_coupons,
        people_part(folder, settings, history.build, as_of=as_of) as profiles,
    ):
        online = publish_members(
            settings,
            release_id,
            listed(with_coupons(packed), folder),
            identities(tables.folder),
            as_of=as_of,
            profiles=profiles,
        )
    write_quality(folder, quality_of(settings, tracking, list(champions.values())))
    return Manifest(
        release_id=release_id,
        as_of=as_of,
        feature_build=history.build.version,
        feature_schema=feature_schema_hash(),
        affinity=_in_release(tracking, champions["product_affinity"]),
        propensity=_in_release(tracking, champions["purchase_propensity"]),
        coupons=None if coupons is None else _in_release(tracking, coupons),
        products=len(parts.products.table),
        members=online.members,
        online_format=FORMAT,
        bytes_per_member=round(online.bytes / max(1, online.members)),
        profiles=online.profiles,
        bytes_per_profile=round(online.profile_bytes / max(1, online.profiles)),
        settings=settings.model_dump(mode="json", exclude={"secrets", "home"}),
        files=checksums(folder),
    )


def packed_for_release(
    folder: Path,
    settings: Settings,
    history: History,
    products: ProductShelf,
    tables_folder: Path,
    *,
    as_of: datetime,
    progress: Progress,
) -> Iterator[list[PackedMember]]:
    """The online rows, with the candidates that the release's own models find for each member."""
    affinity = load_affinity(folder / AFFINITY_FOLDER)
    model = load_ranker(folder / AFFINITY_FOLDER)
    moment = read_moment(
        history, history.build.folder, products, affinity.catalogue, at=as_of, tables_folder=tables_folder
    )
    order = (
        blend_order(affinity, moment)
        if model is None
        else ranker_order(open_ranker(model, products, compiled=settings.ranker.compiled), moment)
    )
    packed = packed_members(
        history,
        affinity,
        affinity.sources(moment),
        order=order,
        as_of=as_of,
        progress=lambda done, every: progress(done, every, "members online"),
    )
    return with_tags(packed, member_tags(settings, history.build, at=as_of))


def _in_release(tracking: Tracking, version: ModelVersion) -> ModelInRelease:
    return ModelInRelease(
        name=version.name,
        number=str(version.number),
        run_id=version.run_id,
        metrics=dict(tracking.metrics_of(version)),
        fallbacks=tracking.fallbacks_of(version),
    )
