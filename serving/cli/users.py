"""`faces users`: who may sign in to the console."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from features.contracts.errors import Refused
from features.contracts.settings import load_settings
from serving.cli.screen import say, show_table

if TYPE_CHECKING:
    from serving.accounts.users import Users

app = typer.Typer(help="Add, list, disable and unlock the users of the console.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="the name that is typed at sign-in")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="read the password from standard input instead of asking twice")
]


@app.command("add")
def add(
    name: Name,
    *,
    role: Annotated[str, typer.Option(help="marketer, associate, analyst or admin")],
    store: Annotated[str | None, typer.Option(help="an associate's store")] = None,
    password_stdin: FromStdin = False,
) -> None:
    """Add a user; the password is asked for, never taken from the command line."""
    from serving.accounts.roles import Role

    if role not in set(Role):
        raise typer.BadParameter(f"'{role}' is no role; there are {', '.join(Role)}")
    password = _password(from_stdin=password_stdin)
    with _users() as users:
        user = users.add(name, role=Role(role), store_id=store, password=password, at=datetime.now(UTC))
    bound = f" of store {user.store_id}" if user.store_id is not None else ""
    say(f"{user.user_id} may sign in at /console, as {user.role}{bound}")


@app.command("list")
def list_() -> None:
    """List the users, disabled ones too."""
    with _users() as users:
        rows = [
            [
                user.user_id,
                user.role.value,
                user.store_id or "",
                "never" if user.signed_in_at is None else f"{user.signed_in_at:%Y-%m-%d %H:%M}",
                "disabled" if user.disabled_at else "locked" if user.locked_until else "",
            ]
            for user in users.all(at=datetime.now(UTC))
        ]
    show_table("Users", ["user", "role", "store", "signed in (UTC)", ""], rows)


@app.command("password")
def password(name: Name, *, password_stdin: FromStdin = False) -> None:
    """Give a user another password; whoever is signed in as the user is signed out."""
    chosen = _password(from_stdin=password_stdin)
    with _users() as users:
        users.set_password(name, chosen, at=datetime.now(UTC))
    say(f"{name} signs in with the new password now")


@app.command("disable")
def disable(name: Name) -> None:
    """Stop a user from signing in; sessions end within five seconds."""
    with _users() as users:
        users.disable(name, at=datetime.now(UTC))
    say(f"{name} cannot sign in any more")


@app.command("enable")
def enable(name: Name) -> None:
    """Let a disabled user sign in again."""
    with _users() as users:
        users.enable(name, at=datetime.now(UTC))
    say(f"{name} can sign in again")


@app.command("unlock")
def unlock(name: Name) -> None:
    """Let a user who failed too often try again at once."""
    with _users() as users:
        users.unlock(name, at=datetime.now(UTC))
    say(f"{name} can try again")


@contextlib.contextmanager
def _users() -> Iterator[Users]:
    from serving.accounts.lock_out import lock_out
    from serving.accounts.passwords import Passwords
    from serving.accounts.users import Users
    from serving.records.opening import open_records

    settings = load_settings()
    records = open_records(settings)
    try:
        yield Users(records=records, passwords=Passwords(), lock_out=lock_out(settings), who="command")
    finally:
        records.close()


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Refused("password: there is no terminal to ask at; give it on standard input, with --password-stdin")
    chosen: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return chosen
