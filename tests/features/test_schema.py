"""The fingerprint of the features changes with what they are, and with nothing else."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from features import schema
from features.groups.catalogue import GROUPS
from features.schema import computation_hash, feature_schema, feature_schema_hash


def test_every_group_stands_with_its_keys_and_typed_features() -> None:
    told = feature_schema()
    assert list(told) == [name for name, group in GROUPS.items() if group.is_read_by_models]
    assert told["member_value"][:4] == [
        "member_id",
        "first_ordered_at:moment",
        "last_ordered_at:moment",
        "orders_28d:count",
    ]


def test_hashes_are_the_same_in_another_process() -> None:
    code = "from features.schema import *; print(feature_schema_hash(), computation_hash())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [feature_schema_hash(), computation_hash()]


def test_a_renamed_a_retyped_and_a_removed_feature_each_change_both_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    value = GROUPS["member_value"]
    renamed = dataclasses.replace(value.features[0], name="other")
    retyped = dataclasses.replace(value.features[0], type=value.features[2].type)
    found = {(feature_schema_hash(), computation_hash())}
    for features in ((renamed, *value.features[1:]), (retyped, *value.features[1:]), value.features[1:]):
        changed = {**GROUPS, "member_value": dataclasses.replace(value, features=features)}
        monkeypatch.setattr(schema, "GROUPS", changed)
        found.add((feature_schema_hash(), computation_hash()))
    assert len({each[0] for each in found}) == len({each[1] for each in found}) == 4


def test_a_group_that_no_model_reads_asks_for_new_snapshots_and_for_no_new_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = feature_schema_hash(), computation_hash()
    standing = GROUPS["member_standing"]
    fewer = dataclasses.replace(standing, features=standing.features[1:])
    monkeypatch.setattr(schema, "GROUPS", {**GROUPS, "member_standing": fewer})
    assert feature_schema_hash() == before[0]
    assert computation_hash() != before[1]


def test_a_sentence_changes_no_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    before = feature_schema_hash()
    value = GROUPS["member_value"]
    reworded = dataclasses.replace(value.features[0], sentence="put otherwise")
    changed = {**GROUPS, "member_value": dataclasses.replace(value, features=(reworded, *value.features[1:]))}
    monkeypatch.setattr(schema, "GROUPS", changed)
    assert feature_schema_hash() == before
