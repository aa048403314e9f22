"""What an audience was made of: enough to make the very same one again, and a checksum to see that it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa

from features.contracts.atomic import read_json
from features.contracts.clock import moment_text
from features.contracts.settings import Settings
from features.tables.storage import VERSION_FILE
from serving.audiences.rule import AudienceRule, HoldoutRule, PopulationRule
from serving.audiences.shop_at import ShopAt
from serving.audiences.target_rule import TargetRule
from training.protocol import Ids
from training.release.manifest import Manifest
from training.revision import code_revision

MOST_PRODUCTS = 20_000
"""Products that a manifest names; of a larger set it holds the checksum, and the rule finds them again."""

SALT_DIGITS = 16
"""Of the checksum of a target, in a salt."""


def default_salt(settings: Settings, target: TargetRule) -> str:
    """The salt of a target: asking for it again holds the same persons out, another target other ones."""
    rule = AudienceRule(target=target).to_json()["target"]
    named = _sha256(json.dumps(rule, sort_keys=True, ensure_ascii=False))[:SALT_DIGITS]
    return f"{settings.shop}/{settings.audiences.holdout_salt}/{named}"


def filled(rule: AudienceRule, shop: ShopAt, *, horizon_days: int, salt: str) -> AudienceRule:
    """The rule with everything said that it left to the settings."""
    population: PopulationRule = replace(
        rule.population,
        bought_within_days=rule.population.bought_within_days or shop.settings.propensity.active_within_days,
    )
    holdout = HoldoutRule(share=rule.holdout.share, salt=salt)
    return replace(rule, population=population, holdout=holdout, horizon_days=horizon_days, as_of=shop.moment)


def audience_manifest(
    rule: AudienceRule,
    shop: ShopAt,
    release: Manifest,
    *,
    product_ids: Ids,
    counts: Mapping[str, Any],
    members: pa.Table,
) -> dict[str, Any]:
    """The manifest of an audience built by a rule with nothing left to the settings; `Any` because JSON is."""
    version = read_json(shop.tables_folder / VERSION_FILE) or {}
    return {
        "rule": rule.to_json(),
        "as_of": moment_text(shop.moment),
        "release": release.release_id,
        "model": {"name": release.propensity.name, "version": release.propensity.number},
        "feature_build": shop.build.version,
        "feature_schema": release.feature_schema,
        "tables_version": shop.build.tables_version,
        "load_batch": version.get("batch"),
        "holdout_salt": rule.holdout.salt,
        "seed": shop.settings.seed,
        "code_revision": code_revision(),
        "target_products": {
            "count": len(product_ids),
            "sha256": _sha256("\n".join(product_ids.tolist())),
            "ids": product_ids.tolist() if len(product_ids) <= MOST_PRODUCTS else None,
        },
        "counts": dict(counts),
        "members_sha256": members_checksum(members),
    }


def members_checksum(members: pa.Table) -> str:
    """SHA-256 over rank, member id and whether held out, in order of rank."""
    columns = (members.column(name).to_pylist() for name in ("rank", "member_id", "is_held_out"))
    digest = hashlib.sha256()
    for rank, member_id, is_held_out in zip(*columns, strict=True):
        digest.update(f"{rank},{member_id},{int(is_held_out)}\n".encode())
    return digest.hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
