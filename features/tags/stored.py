"""Tags on disk, beside the snapshots that they were computed from."""

from __future__ import annotations

import hashlib
import inspect
import json
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.contracts.atomic import new_file, remove_partials
from features.contracts.clock import moment_slug
from features.contracts.settings import Settings
from features.contracts.tag_settings import TagSettings
from features.snapshots import FeatureBuild
from features.tags import computing
from features.tags.computing import tags_at

FOLDER = "member_tags"


def write_tags(settings: Settings, build: FeatureBuild) -> bool:
    """Computes the tags of the build's latest moment when they are not there; whether they were computed now.

    Tags of other declarations are removed. Raises SettingsError for a tag that cannot be computed.
    """
    file = tags_file(settings.tags, build, build.as_of)
    if file.is_file():
        return False
    rows = tags_at(settings, build, build.as_of)
    file.parent.mkdir(parents=True, exist_ok=True)
    remove_partials(file.parent)
    with new_file(file) as partial:
        pq.write_table(rows, partial, compression="zstd")
    for other in file.parent.parent.iterdir():
        if other != file.parent:
            shutil.rmtree(other, ignore_errors=True)
    return True


def member_tags(settings: Settings, build: FeatureBuild, *, at: datetime) -> pa.Table:
    """One row per member with a tag: member_id (string, sorted), tags (list of strings, sorted).

    As of a moment that was not kept they are computed from the snapshots up to it.
    """
    file = tags_file(settings.tags, build, at)
    return pq.read_table(file) if file.is_file() else tags_at(settings, build, at)


def tags_file(tags: Mapping[str, TagSettings], build: FeatureBuild, moment: datetime) -> Path:
    """File of the tags of a moment; it need not exist."""
    return build.folder / FOLDER / declared_hash(tags) / f"{moment_slug(moment)}.parquet"


def declared_hash(tags: Mapping[str, TagSettings]) -> str:
    """SHA-256 (12 hex digits) of what decides who has a tag: filters, groups and their order, and the code."""
    told = [(name, tag.when, tag.group, tag.per) for name, tag in tags.items()]
    return hashlib.sha256((json.dumps(told) + inspect.getsource(computing)).encode()).hexdigest()[:12]
