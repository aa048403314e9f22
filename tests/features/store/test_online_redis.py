"""Redis as the online store: the embedded one's answers, rows that are whole or do not count, and their removal."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from literal_release import write_release
from online_members import ANNA, EVERYBODY, RELEASE, publish
from processes import free_port
from redis import Redis
from redis_server import running_redis

from features.contracts.errors import ReleaseDamaged, StoreUnavailable
from features.contracts.ids import MemberId, ReleaseId
from features.contracts.settings import Settings, load_settings
from features.store.online import (
    ROWS_PER_WRITE,
    OnlineReader,
    PackedMember,
    are_online_rows_whole,
    identity_key,
    online_files,
    remove_online,
)
from training.release.shelf import activate, clear_leftovers, prune, release_folder

pytestmark = pytest.mark.slow

PASSWORD = "a,b=c d"
"""A password with all that is special in Feast's own connection text."""

PAUSE_SECONDS = 60
AT_ONCE_SECONDS = 20
"""Longer than a busy machine needs, and shorter than the pause."""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    port = free_port()
    with running_redis(tmp_path_factory.mktemp("redis"), port=port, password=PASSWORD):
        yield port


@pytest.fixture
def client(port: int) -> Iterator[Redis]:
    with Redis(port=port, password=PASSWORD) as client:
        client.flushall()
        yield client


@pytest.fixture
def settings(tmp_path: Path, port: int, client: Redis) -> Settings:  # noqa: ARG001 - each test finds it empty
    return settings_for(tmp_path, port)


def settings_for(home: Path, port: int, *, shop: str = "main", password: str = PASSWORD) -> Settings:
    plain = load_settings(home=home, shop=shop)
    online = {**plain.online.model_dump(), "store": "redis", "redis": f"127.0.0.1:{port}"}
    secrets = {"contact_key": "", "redis_password": password}
    return load_settings(home=home, shop=shop, online=online, secrets=secrets)


def assert_same(found: PackedMember | None, packed: PackedMember) -> None:
    assert found is not None
    for field in dataclasses.fields(PackedMember):
        np.testing.assert_array_equal(getattr(found, field.name), getattr(packed, field.name), err_msg=field.name)


def put_on_shelf(settings: Settings, release_id: str) -> ReleaseId:
    folder = release_folder(settings.paths, ReleaseId(release_id))
    write_release(folder)
    publish(settings, release_id=ReleaseId(release_id))
    return ReleaseId(release_id)


def test_members_come_back_as_packed_one_by_one_and_together(settings: Settings) -> None:
    assert publish(settings) == 3
    reader = OnlineReader(settings, RELEASE)
    for packed in EVERYBODY:
        assert_same(reader.member(packed.member_id), packed)
    assert reader.member("nobody") is None
    found = reader.members(["nobody", *(each.member_id for each in reversed(EVERYBODY)), "anna"])
    assert found[0] is None
    for row, packed in zip(found[1:], [*reversed(EVERYBODY), ANNA], strict=True):
        assert_same(row, packed)


def test_ids_of_channels_and_phone_hashes_name_members(settings: Settings) -> None:
    publish(settings)
    reader = OnlineReader(settings, RELEASE)
    assert reader.member_id(identity_key(source="web", source_id="17")) == "ben"
    assert reader.member_id(identity_key(phone_hash="ab12")) == "anna"
    assert reader.member_id(identity_key(phone_hash="ab13")) is None


def test_members_beyond_one_batch_are_all_written(settings: Settings) -> None:
    many = [dataclasses.replace(ANNA, member_id=MemberId(f"m{n}")) for n in range(ROWS_PER_WRITE + 2)]
    assert publish(settings, members=many) == len(many)
    found = OnlineReader(settings, RELEASE).members([member.member_id for member in many])
    assert [None if each is None else each.member_id for each in found] == [member.member_id for member in many]


def test_no_rows_stand_on_disk_but_the_registry(settings: Settings) -> None:
    publish(settings)
    assert list(settings.paths.online.iterdir()) == [online_files(settings.paths, RELEASE).registry]


def test_rows_whose_writing_failed_are_not_whole_and_are_cleared(settings: Settings, client: Redis) -> None:
    broken = dataclasses.replace(ANNA, candidate_ids=(object(),))  # type: ignore[arg-type]  # cannot be written
    with pytest.raises(TypeError):
        publish(settings, members=[ANNA, broken])
    assert client.dbsize() == 1
    assert not are_online_rows_whole(settings, RELEASE)
    clear_leftovers(settings)
    assert client.dbsize() == 0
    assert list(settings.paths.online.iterdir()) == []
    publish(settings)
    assert are_online_rows_whole(settings, RELEASE)


def test_a_release_whose_rows_are_not_whole_is_not_put_into_service(settings: Settings, client: Redis) -> None:
    release_id = put_on_shelf(settings, "r000001")
    assert activate(settings, release_id).release_id == release_id
    client.flushall()
    with pytest.raises(ReleaseDamaged, match="its online rows are gone"):
        activate(settings, release_id)


def test_pruning_removes_the_keys_of_a_release_and_no_other(settings: Settings, client: Redis, tmp_path: Path) -> None:
    other = settings_for(tmp_path, int(settings.online.redis.split(":")[1]), shop="x_faces_main")
    publish(other)
    theirs = client.dbsize()
    for number in (1, 2, 3):
        activate(settings, put_on_shelf(settings, f"r00000{number}"))
    ours = (client.dbsize() - theirs) // 3
    assert ours == len(EVERYBODY) + 3 + 1
    assert prune(settings, keep=2) == ["r000001"]
    assert client.dbsize() == theirs + 2 * ours
    assert OnlineReader(settings, ReleaseId("r000002")).member("anna") is not None
    remove_online(settings, ReleaseId("r000002"))
    assert OnlineReader(settings, ReleaseId("r000003")).member("anna") is not None
    assert OnlineReader(other, RELEASE).member("anna") is not None


def test_rows_of_one_release_are_not_seen_by_another(settings: Settings) -> None:
    publish(settings)
    later = ReleaseId("r000002")
    publish(settings, release_id=later, members=EVERYBODY[1:])
    assert OnlineReader(settings, later).member("anna") is None
    assert OnlineReader(settings, RELEASE).member("anna") is not None


def test_a_row_that_was_cut_in_redis_is_no_answer(settings: Settings, client: Redis) -> None:
    publish(settings, members=[ANNA])
    (key,) = [key for key in client.keys("*") if b"anna" in key]
    for name, value in client.hgetall(key).items():
        client.hset(key, name, value[: len(value) // 2])
    with pytest.raises(StoreUnavailable):
        OnlineReader(settings, RELEASE).member("anna")


def test_a_wrong_password_is_refused_without_naming_it(settings: Settings, tmp_path: Path) -> None:
    publish(settings)
    wrong = settings_for(tmp_path, int(settings.online.redis.split(":")[1]), password="opensesame")
    with pytest.raises(StoreUnavailable) as failed:
        OnlineReader(wrong, RELEASE).member("anna")
    assert "opensesame" not in str(failed.value)
    assert PASSWORD not in online_files(settings.paths, RELEASE).registry.read_bytes().decode("latin-1")


def test_a_reader_says_that_redis_is_away_and_reads_again_once_it_is_back(tmp_path: Path) -> None:
    port = free_port()
    settings = settings_for(tmp_path, port, password="")
    with running_redis(tmp_path, port=port):
        publish(settings)
        reader = OnlineReader(settings, RELEASE)
        assert reader.member("anna") is not None
    started = time.monotonic()
    with pytest.raises(StoreUnavailable, match=f"redis at 127.0.0.1:{port}"):
        reader.member("anna")
    assert time.monotonic() - started < AT_ONCE_SECONDS
    with running_redis(tmp_path, port=port):
        assert reader.member("anna") is None
        publish(settings)
        assert reader.member("anna") is not None


def test_a_redis_that_does_not_answer_costs_a_request_no_more_than_the_settings_say(settings: Settings) -> None:
    publish(settings)
    reader = OnlineReader(settings, RELEASE)
    assert reader.member("anna") is not None
    with Redis.from_url(f"redis://{settings.online.redis}", password=PASSWORD) as admin:
        admin.client_pause(PAUSE_SECONDS * 1000)
        started = time.monotonic()
        try:
            with pytest.raises(StoreUnavailable):
                reader.member("anna")
            assert time.monotonic() - started < AT_ONCE_SECONDS
        finally:
            admin.client_unpause()
    assert reader.member("anna") is not None


def test_keys_that_cannot_be_removed_now_are_removed_next_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    settings = settings_for(tmp_path, port, password="")
    with running_redis(tmp_path, port=port):
        for number in (1, 2, 3):
            activate(settings, put_on_shelf(settings, f"r00000{number}"))
    with caplog.at_level(logging.WARNING):
        assert prune(settings, keep=2) == ["r000001"]
    assert "its online rows stay for now" in caplog.text
    registry = online_files(settings.paths, ReleaseId("r000001")).registry
    assert registry.is_file()
    with running_redis(tmp_path, port=port):
        clear_leftovers(settings)
    assert not registry.exists()
