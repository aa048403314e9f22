"""The merges of the tables in use: looked up, undone and redone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from features.contracts.atomic import exclusive
from features.contracts.errors import Refused
from features.contracts.settings import Settings
from features.identity.state import Undone, read_undone, write_undone
from features.sources.casting import literal_path
from features.tables.session import open_session
from features.tables.storage import current_tables

MEMORY = "300MB"


@dataclass(frozen=True, kw_only=True)
class Merge:
    """A person that joined a member, or came apart from it."""

    merge_id: str
    member_id: str
    """The member that the person joined."""
    old_member_id: str
    """The person's own id: what the member is called once they are apart."""
    person: tuple[str, str]
    """source and source_id."""
    first_person: tuple[str, str]
    """The person that gave the member its id."""
    rule: str
    """What they have in common."""
    state: str
    """`merged`, `split` or `undone`."""
    since: datetime


def find_merges(
    settings: Settings, *, member_id: str | None = None, merge_id: str | None = None, limit: int = 50
) -> list[Merge]:
    """The newest merges and splits, of one member or of all. Raises NothingLoaded."""
    file = current_tables(settings.paths).file("member_merges")
    if not file.is_file():
        return []
    asked = {"file": literal_path(file), "member": member_id, "merge": merge_id, "limit": limit}
    con = open_session(settings, zone="UTC", memory=MEMORY)
    try:
        rows = con.execute(
            "SELECT merge_id, member_id, old_member_id, source, source_id, first_source, first_source_id, rule, state, "
            "since FROM read_parquet($file) WHERE ($member IS NULL OR $member IN (member_id, old_member_id)) "
            "AND ($merge IS NULL OR merge_id = $merge) ORDER BY since DESC, member_id, merge_id LIMIT $limit",
            asked,
        ).to_arrow_table()
    except duckdb.Error as error:
        raise Refused(f"members: {file} cannot be read ({error}); run `faces load` again") from error
    finally:
        con.close()
    return [
        Merge(
            person=(row.pop("source"), row.pop("source_id")),
            first_person=(row.pop("first_source"), row.pop("first_source_id")),
            **row,
        )
        for row in rows.to_pylist()
    ]


def undo_merge(settings: Settings, merge_id: str, *, now: datetime) -> Merge:
    """The merge whose persons stay apart from the next load on. Raises Refused when there is none to undo, Busy."""
    with exclusive(settings.paths.locks, "load"):
        undone = read_undone(settings.paths)
        if any(each.merge_id == merge_id for each in undone):
            raise Refused(f"members: merge {merge_id} is undone already; `faces load` puts it into effect")
        found = [each for each in find_merges(settings, merge_id=merge_id) if each.state == "merged"]
        if not found:
            raise Refused(f"members: there is no merge {merge_id[:40]}; see `faces members merges`")
        merge = found[0]
        added = Undone(merge_id=merge_id, person=merge.person, first_person=merge.first_person, since=now)
        write_undone(settings.paths, [*undone, added])
    return merge


def redo_merge(settings: Settings, merge_id: str) -> Undone:
    """The merge that the rules may make again from the next load on. Raises Refused when it is not undone, Busy."""
    with exclusive(settings.paths.locks, "load"):
        undone = read_undone(settings.paths)
        found = [each for each in undone if each.merge_id == merge_id]
        if not found:
            raise Refused(f"members: merge {merge_id[:40]} is not undone; see `faces members merges`")
        write_undone(settings.paths, [each for each in undone if each.merge_id != merge_id])
    return found[0]
