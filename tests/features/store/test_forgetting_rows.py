"""A member's online rows go, in SQLite and in Redis alike, and nobody else's."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pandas as pd
import pytest
from online_members import ANNA, AS_OF, EVERYBODY, RELEASE, WITHOUT_CANDIDATES
from processes import free_port
from redis import Redis
from redis_server import running_redis

from features.contracts.ids import ReleaseId
from features.contracts.settings import load_settings
from features.forgetting.names import Names
from features.store.forgetting import remove_members_online
from features.store.online import OnlineReader, are_online_rows_whole, identity_key, online_files, publish_members
from features.store.packed_profile import PackedProfile, pack_profile

ANNAS = Names(member_ids=frozenset({"anna", "old-anna"}), people=frozenset({("pos", "17")}), brought=frozenset({"ben"}))
KEYS = {
    identity_key(source="pos", source_id="17"): "anna",
    identity_key(phone_hash="ab12"): "anna",
    identity_key(source="web", source_id="17"): "ben",
}
PROFILES = [
    PackedProfile(member_id=ANNA.member_id, packed=pack_profile('{"home_store_id": "s1"}')),
    PackedProfile(
        member_id=WITHOUT_CANDIDATES.member_id,
        packed=pack_profile('{"joined": {"at": 1500000000, "brought_by": "anna"}}'),
    ),
]


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    port = free_port()
    with running_redis(tmp_path_factory.mktemp("redis"), port=port):
        yield port


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.slow)])
def settings(tmp_path, request):
    plain = load_settings(home=tmp_path)
    if request.param == "sqlite":
        return plain
    port = request.getfixturevalue("port")
    with Redis(port=port) as client:
        client.flushall()
    online = {**plain.online.model_dump(), "store": "redis", "redis": f"127.0.0.1:{port}"}
    return load_settings(home=tmp_path, online=online)


def publish(settings, release_id=RELEASE):
    identities = pd.DataFrame({"identity_key": list(KEYS), "member_id": list(KEYS.values())})
    publish_members(settings, release_id, [EVERYBODY], identities, as_of=AS_OF, profiles=[PROFILES])


def test_rows_profiles_and_every_key_that_leads_to_the_member_go(settings):
    publish(settings)
    reader = OnlineReader(settings, RELEASE)
    assert reader.member("anna") is not None
    # a row, a profile, two keys, and in the profile of Ben who brought him
    assert remove_members_online(settings, RELEASE, ANNAS) in (4, 5)
    assert (reader.member("anna"), reader.profile("anna")) == (None, None)
    assert reader.member_ids(list(KEYS)) == [None, None, "ben"]
    assert reader.member("ben").candidate_ids == WITHOUT_CANDIDATES.candidate_ids
    assert are_online_rows_whole(settings, RELEASE)


def test_who_was_brought_by_the_member_no_longer_knows_by_whom(settings):
    publish(settings)
    remove_members_online(settings, RELEASE, ANNAS)
    joined = OnlineReader(settings, RELEASE).profile("ben").joined
    assert (joined.brought_by, int(joined.at.timestamp())) == (None, 1_500_000_000)


def test_another_release_keeps_its_rows(settings):
    other = ReleaseId("r000002")
    publish(settings)
    publish(settings, other)
    remove_members_online(settings, RELEASE, ANNAS)
    assert OnlineReader(settings, other).member("anna") is not None


def test_the_second_time_there_is_nothing_left_to_remove(settings):
    publish(settings)
    remove_members_online(settings, RELEASE, ANNAS)
    assert remove_members_online(settings, RELEASE, ANNAS) == 0


def test_no_byte_of_the_file_tells_of_the_member(tmp_path):
    settings = load_settings(home=tmp_path)
    publish(settings)
    file: Path = online_files(settings.paths, RELEASE).rows
    assert b"anna" in file.read_bytes()
    remove_members_online(settings, RELEASE, ANNAS)
    assert b"anna" not in file.read_bytes()
    with sqlite3.connect(file) as con:
        indexes = con.execute("SELECT count(*) FROM sqlite_master WHERE type = 'index'").fetchone()
    assert indexes[0] >= 3


def test_a_release_without_rows_has_nothing_to_remove(settings):
    assert remove_members_online(settings, ReleaseId("r000009"), ANNAS) == 0
