"""The part of a release that knows people and stores: profiles, stores' lists and the coupons of campaigns."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from features.contracts.settings import Settings
from features.snapshots import FeatureBuild
from features.store.packed_profile import PackedProfile
from features.tags.stored import member_tags
from training.release.campaign_coupons import write_campaign_coupons
from training.release.profile_tables import open_profile_tables
from training.release.profiles import packed_profiles
from training.release.stores import write_stores


@contextlib.contextmanager
def people_part(
    folder: Path, settings: Settings, build: FeatureBuild, *, as_of: datetime
) -> Iterator[Iterable[Sequence[PackedProfile]]]:
    """The profiles to publish, for as long as it is open; the rest is written into a release folder."""
    tags = member_tags(settings, build, at=as_of)
    with open_profile_tables(settings, build, tags, as_of=as_of) as con:
        write_stores(con, folder)
        write_campaign_coupons(con, folder)
        yield packed_profiles(con)
