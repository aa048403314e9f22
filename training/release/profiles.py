"""Packs what the single view shows of each member beside the features: one row online for every member of the shop."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from features.contracts.ids import MemberId
from features.store.packed_profile import PackedProfile, pack_profile
from training.release.profile_sections import SECTIONS

PROFILES_PER_CHUNK = 2_000
"""Profiles packed at once: bounds the memory whatever the size of the shop."""


def packed_profiles(con: duckdb.DuckDBPyConnection) -> Iterator[list[PackedProfile]]:
    """The profile of every member, in chunks; `con` is one of `open_profile_tables`.

    A member without purchases has one too: it says who joined where, and through whom.
    """
    _write_sections(con)
    # a patch leaves out what is null: what a member does not have takes no room
    fields = ", ".join(f"'{name}': {name}" for name in SECTIONS)
    joins = " ".join(f"LEFT JOIN profile_{name} USING (member_id)" for name in SECTIONS)
    rows = con.execute(
        f"SELECT member_id, json_merge_patch('{{}}', to_json({{{fields}}})) AS profile "
        f"FROM (SELECT member_id FROM members) AS member {joins}"
    ).to_arrow_reader(PROFILES_PER_CHUNK)
    for batch in rows:
        members, texts = batch.column("member_id").to_pylist(), batch.column("profile").to_pylist()
        yield [
            PackedProfile(member_id=MemberId(member_id), packed=pack_profile(text))
            for member_id, text in zip(members, texts, strict=True)
        ]


def _write_sections(con: duckdb.DuckDBPyConnection) -> None:
    # one after the other, so that each has the memory for itself
    for name, sql in SECTIONS.items():
        con.execute(f"CREATE OR REPLACE TEMP TABLE profile_{name} AS {sql}")
