"""`faces keys`: who may call the service."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from features.contracts.settings import load_settings
from serving.cli.screen import say, show_table

app = typer.Typer(help="Make, list and revoke the keys that callers of the service send.", no_args_is_help=True)


@app.command("create")
def create(
    *,
    name: Annotated[str, typer.Option(help="who will use the key")],
    scope: Annotated[
        list[str],
        typer.Option(
            help="recommend, members, associate, events, audiences, export, privacy, releases or admin; several times"
        ),
    ],
    store: Annotated[str | None, typer.Option(help="bind the key to this store, as an associate's must be")] = None,
) -> None:
    """Make a key. It is shown once, alone on the last line, and stored only as a hash."""
    from serving.auth import Scope, create_key
    from serving.records.opening import open_records

    wanted = [each.strip() for given in scope for each in given.split(",")]
    unknown = [each for each in wanted if each not in set(Scope)]
    if unknown:
        raise typer.BadParameter(f"'{unknown[0]}' is no scope; there are {', '.join(Scope)}")
    records = open_records(load_settings())
    try:
        scopes = [Scope(each) for each in wanted]
        made = create_key(records, name=name, scopes=scopes, store_id=store, at=datetime.now(UTC))
    finally:
        records.close()
    bound = f", store {store}" if store is not None else ""
    say(f"key {made.key.key_id} for {name}, scopes {', '.join(sorted(wanted))}{bound}; it is shown only now:")
    print(made.text)


@app.command("list")
def list_() -> None:
    """List the keys, revoked ones too."""
    from serving.auth import list_keys
    from serving.records.opening import open_records

    records = open_records(load_settings())
    try:
        rows = [
            [
                key.key_id,
                key.name,
                ", ".join(sorted(key.scopes)),
                key.store_id or "",
                f"{key.created_at:%Y-%m-%d %H:%M}",
                "revoked" if key.revoked_at else "",
            ]
            for key in list_keys(records)
        ]
    finally:
        records.close()
    show_table("Keys", ["key", "name", "scopes", "store", "made (UTC)", ""], rows)


@app.command("revoke")
def revoke(key_id: Annotated[str, typer.Argument(help="the key's id, as `faces keys list` shows it")]) -> None:
    """Stop a key from working, within five seconds."""
    from serving.auth import revoke_key
    from serving.records.opening import open_records

    records = open_records(load_settings())
    try:
        key = revoke_key(records, key_id, at=datetime.now(UTC))
    finally:
        records.close()
    say(f"key {key.key_id} of {key.name} is revoked")
