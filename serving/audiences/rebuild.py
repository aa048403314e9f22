"""Makes an audience once more from its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.contracts.errors import Refused
from features.contracts.ids import ReleaseId
from features.contracts.settings import Settings
from features.snapshots import current_build
from serving.audiences.build import BuiltAudience, build_audience
from serving.audiences.manifest import members_checksum
from serving.audiences.rule import AudienceRule
from serving.audiences.world import World
from training.propensity.scorer import Progress


def rebuild_audience(
    settings: Settings, manifest: Mapping[str, Any], world: World | None = None, *, progress: Progress
) -> BuiltAudience:
    """The audience of a manifest (JSON, hence `Any`) once more.

    Raises Refused when what it was made of is no longer there, or when other members come out because lists, consent
    or exports have changed since.
    """
    rule = AudienceRule.from_json(manifest["rule"])
    build = current_build(settings.paths)
    now = {"feature_build": build.version, "tables_version": build.tables_version}
    changed = [f"{name} is {value}, was {manifest[name]}" for name, value in now.items() if value != manifest[name]]
    if changed:
        raise Refused(f"audience: it cannot be built again: {'; '.join(changed)}")
    built = build_audience(settings, rule, world, release_id=ReleaseId(manifest["release"]), progress=progress)
    if members_checksum(built.members) != manifest["members_sha256"]:
        raise Refused(
            "audience: other members come out now: the lists, audiences, consent or exports that its rule names "
            "have changed since"
        )
    return built
