"""`faces members`: which persons of which channels are one member, and taking a merge back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from features.contracts.settings import load_settings
from serving.cli.options import JsonFile, write_figures
from serving.cli.screen import say, show_table

app = typer.Typer(help="List the merges of persons into members, and undo one.", no_args_is_help=True)

MergeId = Annotated[str, typer.Argument(help="the merge's id, as `faces members merges` shows it")]


@app.command("merges")
def merges(
    *,
    member: Annotated[str | None, typer.Option(help="only those of this member, by the id of now or of before")] = None,
    limit: Annotated[int, typer.Option(min=1, help="this many, the newest first")] = 50,
    json: JsonFile = None,
) -> None:
    """List which persons joined which member, by what they have in common, and what came apart again."""
    from features.identity.merges import find_merges

    found = find_merges(load_settings(), member_id=member, limit=limit)
    rows = [
        [
            each.merge_id,
            each.member_id,
            " ".join(each.person),
            each.old_member_id,
            each.rule,
            each.state,
            f"{each.since:%Y-%m-%d %H:%M}",
        ]
        for each in found
    ]
    show_table("Merges", ["merge", "member", "person", "own id", "in common", "state", "since (UTC)"], rows)
    write_figures(
        json,
        [
            {
                "merge_id": each.merge_id,
                "member_id": each.member_id,
                "old_member_id": each.old_member_id,
                "source": each.person[0],
                "source_id": each.person[1],
                "rule": each.rule,
                "state": each.state,
                "since": each.since.isoformat(),
            }
            for each in found
        ],
    )


@app.command("undo")
def undo(merge_id: MergeId) -> None:
    """Keep the two persons of a merge apart, in every later load, until it is redone."""
    from features.identity.merges import undo_merge

    merge = undo_merge(load_settings(), merge_id, now=datetime.now(UTC))
    say(f"merge {merge_id} is undone: the next `faces load` makes {merge.old_member_id} a member of its own")


@app.command("redo")
def redo(merge_id: MergeId) -> None:
    """Let the rules decide again about a merge that was undone."""
    from features.identity.merges import redo_merge

    redo_merge(load_settings(), merge_id)
    say(f"merge {merge_id} is no longer undone: the next `faces load` joins the two if the rules do")
