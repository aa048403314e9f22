"""Builds an audience: every active member scored for the goods, the likeliest picked, the numbers added up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.contracts.clock import moment_text
from features.contracts.errors import BadRequest, Refused
from features.contracts.settings import Settings
from features.snapshots import current_build
from features.store.history import History, open_history
from serving.audiences.rule import AudienceRule
from training.propensity.model import SERVICE, PropensityModel, load_propensity
from training.propensity.rows import PairSource
from training.release.manifest import Manifest, verify
from training.release.shelf import release_folder, require_active_release

MEMBERS_PER_CHUNK = 200_000
"""Members scored at once: bounds the memory whatever the size of the shop."""

TOP_MEMBERS = 5

Progress = Callable[[int, int, str], None]

SCHEMA = pa.schema({"rank": pa.int64(), "member_id": pa.string(), "probability": pa.float64()})


@dataclass(frozen=True, kw_only=True)
class BuiltAudience:
    """The members of an audience, best first, and what can be said of it."""

    summary: dict[str, Any]
    """JSON figures; `Any` because JSON is."""
    members: pa.Table
    """One row per member: rank (from 1), member_id, probability."""


def build_audience(
    settings: Settings, rule: AudienceRule, *, as_of: datetime | None = None, progress: Progress
) -> BuiltAudience:
    """The audience of `rule` with the active release, as of its moment or a later one.

    Members with a purchase within `propensity.active_within_days` are scored; ties in probability go by member id.
    Raises NothingLoaded, ReleaseDamaged, Refused for a moment before the release, and BadRequest for a category that
    nobody ever bought.
    """
    folder = release_folder(settings.paths, require_active_release(settings.paths))
    manifest = verify(folder)
    asked = as_of or settings.as_of or manifest.as_of
    if asked < manifest.as_of:
        raise Refused(
            f"release {manifest.release_id}: it knows what happened up to {manifest.as_of:%Y-%m-%d %H:%M} UTC, later "
            f"than {asked:%Y-%m-%d %H:%M}; make one with `faces release --as-of {moment_text(asked)}`"
        )
    model = load_propensity(folder / "propensity")
    history = open_history(settings, current_build(settings.paths))
    moment = min(asked, history.build.as_of)
    scored = _score(settings, model, history, rule.category, moment=moment, progress=progress)
    ranked = scored.sort_values(["probability", "member_id"], ascending=[False, True], ignore_index=True)
    chosen = _cut(ranked, rule)
    progress(len(scored), len(scored), "done")
    members = pa.table(
        {
            "rank": np.arange(1, len(chosen) + 1, dtype=np.int64),
            "member_id": chosen["member_id"].to_numpy(dtype=object),
            "probability": chosen["probability"].to_numpy(dtype=np.float64),
        },
        schema=SCHEMA,
    )
    return BuiltAudience(
        summary=_summary(rule, model, manifest, moment=moment, ranked=ranked, chosen=chosen), members=members
    )


def _score(
    settings: Settings,
    model: PropensityModel,
    history: History,
    category: str,
    *,
    moment: datetime,
    progress: Progress,
) -> pd.DataFrame:
    source = PairSource(build=history.build, settings=settings.propensity)
    pairs = source.pairs_of_category(category, moment)
    if pairs.empty:
        raise BadRequest(f"audience: nobody ever bought from a category named '{category}'; see GET /v1/products?q=")
    parts = []
    for start in range(0, len(pairs), MEMBERS_PER_CHUNK):
        progress(start, len(pairs), "scoring members")
        features = history.features_at(SERVICE, pairs.iloc[start : start + MEMBERS_PER_CHUNK])
        parts.append(features[["member_id"]].assign(probability=model.probabilities(features)))
    return pd.concat(parts, ignore_index=True)


def _cut(ranked: pd.DataFrame, rule: AudienceRule) -> pd.DataFrame:
    if rule.size is not None:
        return ranked.head(rule.size)
    if rule.min_probability is not None:
        return ranked[ranked["probability"] >= rule.min_probability]
    return ranked


def _summary(
    rule: AudienceRule,
    model: PropensityModel,
    manifest: Manifest,
    *,
    moment: datetime,
    ranked: pd.DataFrame,
    chosen: pd.DataFrame,
) -> dict[str, Any]:
    everybody = float(ranked["probability"].mean())
    mean = float(chosen["probability"].mean()) if len(chosen) else 0.0
    top = chosen.head(TOP_MEMBERS)
    return {
        "target": {"category": rule.category},
        "as_of": moment_text(moment),
        "release": manifest.release_id,
        "model": f"{manifest.propensity.name} version {manifest.propensity.number}",
        "feature_schema": manifest.feature_schema,
        "horizon_days": model.horizon_days,
        "population": len(ranked),
        "size": len(chosen),
        "expected_buyers": round(float(chosen["probability"].sum()), 1),
        "mean_probability": round(mean, 6),
        "lift": round(mean / everybody, 2) if everybody else None,
        "top_members": [
            {"member_id": member_id, "probability": round(float(probability), 4)}
            for member_id, probability in zip(top["member_id"], top["probability"], strict=True)
        ],
    }
