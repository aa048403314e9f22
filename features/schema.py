"""The fingerprint of the declared features: a release and a feature build belong together only when it is the same."""

from __future__ import annotations

import hashlib
import inspect
import json
from types import ModuleType

from features.groups import declaration
from features.groups.catalogue import GROUPS
from features.groups.declaration import FeatureGroup
from features.tables import answers_to_coupons, purchases, relations, returns


def feature_schema() -> dict[str, list[str]]:
    """The columns, with their types, of each group that models read, in declared order."""
    return {group.name: _columns(group) for group in GROUPS.values() if group.is_read_by_models}


def feature_schema_hash() -> str:
    """SHA-256 (16 hex digits) of the names and types of what models read; a model reads this schema only."""
    return hashlib.sha256(json.dumps(feature_schema(), sort_keys=True).encode()).hexdigest()[:16]


def computation_hash() -> str:
    """SHA-256 (8 hex digits) of every group and of the code behind it; snapshots are reused while it is the same."""
    code = "".join(inspect.getsource(module) for module in sorted(_modules(), key=lambda m: m.__name__))
    others = {group.name: _columns(group) for group in GROUPS.values() if not group.is_read_by_models}
    told = feature_schema_hash() + json.dumps(others, sort_keys=True)
    return hashlib.sha256((told + code).encode()).hexdigest()[:8]


def _columns(group: FeatureGroup) -> list[str]:
    return [*group.keys, *(f"{feature.name}:{feature.type}" for feature in group.features)]


def _modules() -> list[ModuleType]:
    computing = {inspect.getmodule(group.compute) for group in GROUPS.values()}
    return [
        declaration,
        purchases,
        returns,
        answers_to_coupons,
        relations,
        *(module for module in computing if module is not None),
    ]
