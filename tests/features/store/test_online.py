"""The online rows: what was packed comes back, and nothing else does."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from online_members import (
    ANNA,
    EVERYBODY,
    NEARLY_UNKNOWN,
    RELEASE,
    WITHOUT_CANDIDATES,
    publish,
)

from features.contracts.clock import days_since_epoch, from_days_since_epoch
from features.contracts.ids import MemberId, ReleaseId
from features.contracts.settings import Settings, load_settings
from features.store.online import (
    ROWS_PER_WRITE,
    OnlineReader,
    PackedMember,
    identity_key,
    online_files,
    ordered_moments,
    remove_online,
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path)


def assert_same(found: PackedMember | None, packed: PackedMember) -> None:
    assert found is not None
    for field in dataclasses.fields(PackedMember):
        ours, theirs = getattr(found, field.name), getattr(packed, field.name)
        if isinstance(theirs, np.ndarray):
            assert ours.dtype == theirs.dtype, field.name
            assert ours.shape == theirs.shape, field.name
            np.testing.assert_array_equal(ours, theirs, err_msg=field.name)
        else:
            assert ours == theirs, field.name


@pytest.mark.parametrize("packed", [ANNA, WITHOUT_CANDIDATES, NEARLY_UNKNOWN], ids=lambda packed: packed.member_id)
def test_a_member_comes_back_as_packed(settings: Settings, packed: PackedMember) -> None:
    assert publish(settings) == 3
    assert_same(OnlineReader(settings, RELEASE).member(packed.member_id), packed)


def test_members_beyond_one_batch_are_all_written(settings: Settings) -> None:
    many = [dataclasses.replace(ANNA, member_id=MemberId(f"m{n}")) for n in range(2 * ROWS_PER_WRITE + 2)]
    assert publish(settings, members=many) == len(many)
    reader = OnlineReader(settings, RELEASE)
    for n in (0, 1, ROWS_PER_WRITE, ROWS_PER_WRITE + 1, 2 * ROWS_PER_WRITE, len(many) - 1):
        assert_same(reader.member(f"m{n}"), many[n])


@pytest.mark.parametrize("member_id", ["nobody", "", "ANNA", "anna ", "' OR 1=1 --"])
def test_an_unknown_member_is_none(settings: Settings, member_id: str) -> None:
    publish(settings)
    assert OnlineReader(settings, RELEASE).member(member_id) is None


def test_ids_of_channels_and_phone_hashes_name_members(settings: Settings) -> None:
    publish(settings)
    reader = OnlineReader(settings, RELEASE)
    assert reader.member_id(identity_key(source="pos", source_id="17")) == "anna"
    assert reader.member_id(identity_key(source="web", source_id="17")) == "ben"
    assert reader.member_id(identity_key(phone_hash="ab12")) == "anna"


@pytest.mark.parametrize(
    "key",
    [
        identity_key(source="pos", source_id="18"),
        identity_key(source="app", source_id="17"),
        identity_key(phone_hash="ab13"),
        identity_key(source="phone", source_id="ab12"),
    ],
)
def test_an_unknown_id_names_nobody(settings: Settings, key: str) -> None:
    publish(settings)
    assert OnlineReader(settings, RELEASE).member_id(key) is None


def test_a_colon_in_a_source_or_an_id_never_makes_another_key() -> None:
    pairs = [("a", "b:c"), ("a:b", "c"), ("a%3Ab", "c"), ("a", ":b:c"), ("a:", "b:c")]
    assert len({identity_key(source=source, source_id=own) for source, own in pairs}) == len(pairs)


def test_rows_of_one_release_are_not_seen_by_another(settings: Settings) -> None:
    publish(settings)
    other = ReleaseId("r000002")
    ours, theirs = online_files(settings.paths, RELEASE), online_files(settings.paths, other)
    shutil.copy(ours.rows, theirs.rows)
    shutil.copy(ours.registry, theirs.registry)
    reader = OnlineReader(settings, other)
    assert [reader.member(packed.member_id) for packed in EVERYBODY] == [None, None, None]
    assert reader.member_id(identity_key(source="pos", source_id="17")) is None


def test_nothing_but_the_two_files_of_the_release_remains(settings: Settings) -> None:
    publish(settings)
    files = online_files(settings.paths, RELEASE)
    assert sorted(settings.paths.online.iterdir()) == sorted([files.rows, files.registry])


def test_a_publication_that_fails_leaves_the_rows_of_before(settings: Settings) -> None:
    publish(settings)
    broken = dataclasses.replace(ANNA, candidate_ids=(object(),))  # type: ignore[arg-type]  # cannot be written
    with pytest.raises(Exception, match="object"):
        publish(settings, members=[dataclasses.replace(ANNA, texts=("new",)), broken])
    assert_same(OnlineReader(settings, RELEASE).member("anna"), ANNA)
    assert not list(settings.paths.online.glob(".partial-*"))


def test_removed_rows_are_gone(settings: Settings) -> None:
    publish(settings)
    remove_online(settings, RELEASE)
    assert list(settings.paths.online.iterdir()) == []
    remove_online(settings, RELEASE)


def test_moments_survive_packing_to_the_second() -> None:
    moments = tuple(from_days_since_epoch(day) for day in (6546.999988425926, 0.0, 6500.123456))
    assert ordered_moments(map(days_since_epoch, moments)) == moments
