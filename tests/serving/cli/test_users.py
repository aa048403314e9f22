"""`faces users`, as it is typed."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from features.contracts.errors import AccountRefused, Refused
from serving.cli.main import app

PASSWORD = "river-lantern-42"


@pytest.fixture
def faces(monkeypatch, tmp_path):
    monkeypatch.setenv("FACES_HOME", str(tmp_path / "var"))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments, typed=None):
        ended = CliRunner().invoke(app, ["users", *arguments], input=typed)
        if isinstance(ended.exception, Refused):
            raise ended.exception
        return ended

    return run


def add(faces, name, *options, password=PASSWORD):
    return faces("add", name, *options, "--password-stdin", typed=f"{password}\n")


def test_a_user_is_added_listed_disabled_and_enabled(faces):
    assert "maria may sign in at /console, as admin" in add(faces, "Maria", "--role", "admin").output
    assert "as associate of store 309" in add(faces, "tablet", "--role", "associate", "--store", "309").output
    listed = faces("list").output
    assert all(word in listed for word in ("maria", "admin", "never", "tablet", "309"))
    assert "disabled" not in listed
    faces("disable", "maria")
    assert "disabled" in faces("list").output
    faces("enable", "maria")
    assert "disabled" not in faces("list").output
    assert "can try again" in faces("unlock", "maria").output
    assert "new password" in faces("password", "maria", "--password-stdin", typed="another-lantern-7\n").output


def test_the_password_is_never_shown(faces):
    shown = add(faces, "maria", "--role", "admin").output + faces("list").output
    assert PASSWORD not in shown
    with pytest.raises(AccountRefused) as refused:
        add(faces, "short", "--role", "admin", password="too-short-1")
    assert "too-short-1" not in str(refused.value)


def test_what_cannot_be_is_refused(faces):
    assert add(faces, "x", "--role", "boss").exit_code == 2
    for arguments in (("x", "--role", "associate"), ("a@b.example", "--role", "admin")):
        with pytest.raises(AccountRefused):
            add(faces, *arguments)
    with pytest.raises(AccountRefused, match="there is no 'nobody'"):
        faces("disable", "nobody")


def test_without_a_terminal_nothing_is_asked(faces):
    with pytest.raises(Refused, match="--password-stdin"):
        faces("add", "x", "--role", "admin", typed="typed\ntyped\n")
