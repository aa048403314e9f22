"""Profiles online: written with a release's rows, read by member, absent in a release of before; in both stores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from online_members import AS_OF, EVERYBODY, IDENTITIES, RELEASE, publish
from processes import free_port
from redis_server import running_redis

from features.contracts.ids import MemberId
from features.contracts.settings import Settings, load_settings
from features.store import embedded_rows
from features.store.online import OnlineReader, are_online_rows_whole, publish_members, remove_online
from features.store.packed_profile import Identity, MemberProfile, PackedProfile, pack_profile

ANNA = MemberProfile(identities=(Identity(source="pos", source_id="17"),), tags=("active",))
PACKED = pack_profile('{"identities":[{"source":"pos","source_id":"17"}],"tags":["active"]}')


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.slow)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    plain = load_settings(home=tmp_path / "var")
    if request.param == "sqlite":
        yield plain
        return
    port = free_port()
    folder = tmp_path / "redis"
    folder.mkdir()
    with running_redis(folder, port=port, password="word"):
        online = {**plain.online.model_dump(), "store": "redis", "redis": f"127.0.0.1:{port}"}
        secrets = {"contact_key": "", "redis_password": "word"}
        yield load_settings(home=tmp_path / "var", online=online, secrets=secrets)


def publish_profiles(settings: Settings, *member_ids: str) -> None:
    chunks = [[PackedProfile(member_id=MemberId(each), packed=PACKED)] for each in member_ids]
    published = publish_members(settings, RELEASE, [EVERYBODY], IDENTITIES, as_of=AS_OF, profiles=chunks)
    assert (published.members, published.profiles) == (len(EVERYBODY), len(member_ids))
    assert published.profile_bytes == len(PACKED) * len(member_ids)
    assert published.bytes >= published.profile_bytes


def test_a_profile_is_read_by_its_member(settings: Settings) -> None:
    publish_profiles(settings, "anna", "会员 without purchases")
    reader = OnlineReader(settings, RELEASE)
    assert reader.profile("anna") == ANNA
    assert reader.profile("会员 without purchases") == ANNA
    assert reader.profile("nobody") is None
    assert reader.member("anna") is not None
    assert reader.are_known(["nobody", "anna", "会员 without purchases"]) == [False, True, True]


def test_profiles_go_with_their_release(settings: Settings) -> None:
    publish_profiles(settings, "anna")
    assert are_online_rows_whole(settings, RELEASE)
    remove_online(settings, RELEASE)
    assert not are_online_rows_whole(settings, RELEASE)
    publish(settings)
    assert OnlineReader(settings, RELEASE).profile("anna") is None


def test_a_release_of_before_has_no_profiles(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = tuple(each for each in embedded_rows.ONLINE_OBJECTS if each.name != "member_profile")
    monkeypatch.setattr(embedded_rows, "ONLINE_OBJECTS", objects)
    monkeypatch.setattr("features.store.redis_rows.ONLINE_OBJECTS", objects)
    publish(settings)
    reader = OnlineReader(settings, RELEASE)
    assert reader.profile("anna") is None
    assert reader.are_known(["anna", "nobody"]) == [True, False]


def test_many_keys_are_looked_up_at_once(settings: Settings) -> None:
    publish(settings)
    keys = ["id:web:17", "id:web:18", "phone:ab12", "id:pos:17"]
    assert OnlineReader(settings, RELEASE).member_ids(keys) == ["ben", None, "anna", "anna"]
    assert OnlineReader(settings, RELEASE).member_ids([]) == []
