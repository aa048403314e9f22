"""The members' tags in their online rows."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_shop import MadeShop
from online_members import ANNA

from features.contracts.ids import MemberId
from features.snapshots import current_build
from features.store.online import OnlineReader
from features.tags.computing import SCHEMA
from features.tags.stored import member_tags
from features.tags.words import tag_in_group
from training.release.manifest import verify
from training.release.shelf import release_folder, require_active_release
from training.release.tagged import with_tags

NAMES = st.text("abé茶", max_size=3)


@given(
    tags=st.dictionaries(NAMES, st.lists(st.sampled_from(["active", "lover:茶", "new"]), min_size=1, unique=True)),
    members=st.lists(NAMES, unique=True, max_size=8),
)
def test_each_member_gets_their_own_tags_and_no_other(tags: dict[str, list[str]], members: list[str]) -> None:
    ids = sorted(tags)
    rows = pa.table({"member_id": ids, "tags": [tags[each] for each in ids]}, schema=SCHEMA)
    chunks = [[replace(ANNA, member_id=MemberId(each)) for each in part] for part in (members[:3], members[3:])]
    found = {member.member_id: member.tags for chunk in with_tags(chunks, rows) for member in chunk}
    assert found == {each: tuple(tags.get(each, ())) for each in members}


@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_the_tags_online_are_those_of_the_snapshots(small_shop: MadeShop, place: str) -> None:
    settings = small_shop.settings
    release_id = require_active_release(settings.paths)
    manifest = verify(release_folder(settings.paths, release_id))
    rows = member_tags(settings, current_build(settings.paths), at=manifest.as_of).to_pylist()
    row = rows[{"first": 0, "middle": len(rows) // 2, "last": -1}[place]]
    packed = OnlineReader(settings, release_id).member(row["member_id"])
    assert packed is not None
    assert list(packed.tags) == row["tags"]
    assert tag_in_group(settings.tags, packed.tags, "lifecycle") is not None
    assert tag_in_group(settings.tags, packed.tags, "value") is not None
