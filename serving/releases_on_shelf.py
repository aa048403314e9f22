"""The releases of a shop as a person looks at them: which one is in service, and what each changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from features.contracts.errors import Refused, ReleaseDamaged
from features.contracts.ids import ReleaseId
from features.contracts.paths import ShopPaths
from training.promotion import PRIMARY, PRIMARY_ERROR
from training.release.manifest import Manifest, ModelInRelease, read_manifest
from training.release.shelf import active_release, previous_release, release_folder, release_ids

Verdict = Literal["better", "worse", "alike", "unknown"]
"""How a model's first measure compares; `alike`: within its standard error, `unknown`: one of them was not measured."""


@dataclass(frozen=True, kw_only=True)
class ModelChange:
    """Another version of a model than in the release before."""

    model: str
    number: str
    number_before: str | None
    """None where the release before had no such model."""
    verdict: Verdict
    measured: float | None
    measured_before: float | None


@dataclass(frozen=True, kw_only=True)
class ReleaseChanges:
    """What a release changed against the one before it on the shelf."""

    against: ReleaseId
    models: tuple[ModelChange, ...]
    models_gone: tuple[str, ...]
    data: timedelta
    """By how much its data ends later; negative: earlier."""
    members: int
    products: int
    has_other_features: bool
    settings: tuple[str, ...]
    """Keys of the settings whose values differ."""


@dataclass(frozen=True, kw_only=True)
class ReleaseOnShelf:
    """A release, readable or not."""

    release_id: ReleaseId
    manifest: Manifest | None
    """None where it cannot be read."""
    is_in_service: bool
    is_previous: bool
    """In service before the one that is now: where the way back leads."""
    changes: ReleaseChanges | None
    """None for the first one, and where one of the two cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Pointer:
    """Which release should be in service, and which one was before."""

    active: ReleaseId | None
    previous: ReleaseId | None
    is_readable: bool


def pointer_of(paths: ShopPaths) -> Pointer:
    """What the shelf's pointer says; nothing where its file is damaged, for the release in service answers on."""
    try:
        return Pointer(active=active_release(paths), previous=previous_release(paths), is_readable=True)
    except (Refused, LookupError, TypeError):
        return Pointer(active=None, previous=None, is_readable=False)


def releases_on_shelf(paths: ShopPaths, *, in_service: ReleaseId) -> tuple[ReleaseOnShelf, ...]:
    """Every release, newest first; one that cannot be read is listed all the same."""
    previous = pointer_of(paths).previous
    manifests = {release_id: _readable(paths, release_id) for release_id in release_ids(paths)}
    before: Manifest | None = None
    found = []
    for release_id, manifest in manifests.items():
        found.append(
            ReleaseOnShelf(
                release_id=release_id,
                manifest=manifest,
                is_in_service=release_id == in_service,
                is_previous=release_id == previous,
                changes=None if manifest is None or before is None else changes_between(before, manifest),
            )
        )
        before = manifest or before
    return tuple(reversed(found))


def changes_between(before: Manifest, now: Manifest) -> ReleaseChanges:
    """What `now` changed against `before`."""
    ours, theirs = _models(now), _models(before)
    return ReleaseChanges(
        against=before.release_id,
        models=tuple(
            _change(name, model, theirs.get(name))
            for name, model in ours.items()
            if (known := theirs.get(name)) is None or known.run_id != model.run_id
        ),
        models_gone=tuple(name for name in theirs if name not in ours),
        data=now.as_of - before.as_of,
        members=now.members - before.members,
        products=now.products - before.products,
        has_other_features=now.feature_schema != before.feature_schema,
        settings=tuple(_differing(before.settings, now.settings)),
    )


def _readable(paths: ShopPaths, release_id: ReleaseId) -> Manifest | None:
    try:
        return read_manifest(release_folder(paths, release_id))
    except ReleaseDamaged:
        return None


def _models(manifest: Manifest) -> dict[str, ModelInRelease]:
    named = {
        "product_affinity": manifest.affinity,
        "purchase_propensity": manifest.propensity,
        "coupon_redemption": manifest.coupons,
    }
    return {name: model for name, model in named.items() if model is not None}


def _change(name: str, model: ModelInRelease, before: ModelInRelease | None) -> ModelChange:
    ours = model.metrics.get(PRIMARY)
    theirs = None if before is None else before.metrics.get(PRIMARY)
    return ModelChange(
        model=name,
        number=model.number,
        number_before=None if before is None else before.number,
        verdict=_verdict(ours, theirs, error=model.metrics.get(PRIMARY_ERROR, 0.0)),
        measured=ours,
        measured_before=theirs,
    )


def _verdict(ours: float | None, theirs: float | None, *, error: float) -> Verdict:
    if ours is None or theirs is None:
        return "unknown"
    if abs(ours - theirs) <= error:
        return "alike"
    return "better" if ours > theirs else "worse"


def _differing(before: Mapping[str, Any], now: Mapping[str, Any], above: Sequence[str] = ()) -> Iterator[str]:
    """Keys with their sections, as `affinity.factors`; `Any` because settings are JSON here."""
    for key in sorted({*before, *now}):
        old, new = before.get(key), now.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from _differing(old, new, (*above, key))
        elif old != new:
            yield ".".join((*above, key))
