"""What audiences are built from: a release, the shop at its moment, and the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from features.contracts.clock import moment_text
from features.contracts.errors import Refused
from features.contracts.ids import ReleaseId
from features.contracts.settings import Settings
from features.snapshots import current_build
from features.store.history import History, open_history
from serving.audiences.drivers import FeatureWords
from serving.audiences.rule import Channel
from serving.audiences.scoring import Scorer
from serving.audiences.shop_at import ShopAt
from serving.exports.consent import reachable_members
from training.propensity.feature_words import words_of
from training.propensity.scorer import open_scorer
from training.protocol import Ids
from training.release.manifest import Manifest, verify
from training.release.products import ProductShelf, load_products
from training.release.shelf import release_folder, require_active_release


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What audiences are built from: a release, the shop at its moment, and the model."""

    release: Manifest
    release_folder: Path
    shop: ShopAt
    history: History
    scorer: Scorer
    words: Callable[[str], FeatureWords]
    reachable: Callable[[Settings, Channel], Ids]
    """Who may be told through a channel."""

    @cached_property
    def shelf(self) -> ProductShelf:
        return load_products(self.release_folder)


def open_desk(settings: Settings, *, as_of: datetime | None, release_id: ReleaseId | None = None) -> Desk:
    """The desk of a release at a moment: the one asked for, else the settings', else the release's."""
    folder = release_folder(settings.paths, release_id or require_active_release(settings.paths))
    release = verify(folder)
    asked = as_of or settings.as_of or release.as_of
    if asked < release.as_of:
        raise Refused(
            f"release {release.release_id}: it knows what happened up to {release.as_of:%Y-%m-%d %H:%M} UTC, later "
            f"than {asked:%Y-%m-%d %H:%M}; make one with `faces release --as-of {moment_text(asked)}`"
        )
    history = open_history(settings, current_build(settings.paths))
    moment = min(asked, history.build.as_of)
    return Desk(
        release=release,
        release_folder=folder,
        shop=ShopAt(settings=settings, build=history.build, moment=moment),
        history=history,
        scorer=open_scorer(settings, folder / "propensity", history, at=moment),
        words=words_of,
        reachable=reachable_members,
    )
