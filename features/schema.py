"""The fingerprint of the declared features: a release and a feature build belong together only when it is the same."""

from __future__ import annotations

import hashlib
import inspect
import json
from types import ModuleType

from features.groups import declaration
from features.groups.catalogue import GROUPS
from features.tables import answers_to_coupons, purchases


def feature_schema() -> dict[str, list[str]]:
    """Each group's columns with their types, in declared order."""
    return {
        group.name: [*group.keys, *(f"{feature.name}:{feature.type}" for feature in group.features)]
        for group in GROUPS.values()
    }


def feature_schema_hash() -> str:
    """SHA-256 (16 hex digits) of the names and types of every feature; a model reads features of this schema only."""
    return hashlib.sha256(json.dumps(feature_schema(), sort_keys=True).encode()).hexdigest()[:16]


def computation_hash() -> str:
    """SHA-256 (8 hex digits) of the schema and of the code behind it; snapshots are reused while it is the same."""
    code = "".join(inspect.getsource(module) for module in sorted(_modules(), key=lambda m: m.__name__))
    return hashlib.sha256((feature_schema_hash() + code).encode()).hexdigest()[:8]


def _modules() -> list[ModuleType]:
    computing = {inspect.getmodule(group.compute) for group in GROUPS.values()}
    return [declaration, purchases, answers_to_coupons, *(module for module in computing if module is not None)]
