"""The code revision that goes with a run."""

from __future__ import annotations

import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from training.revision import code_revision


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    identity = ["-c", "user.name=n", "-c", "user.email=n@example.com"]
    (tmp_path / "code.py").write_text("1\n")
    for arguments in (["init"], ["add", "."], [*identity, "commit", "-m", "first"]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


def test_a_clean_checkout_is_its_commit(checkout: Path) -> None:
    found = code_revision(checkout)
    assert len(found) == 40
    assert int(found, 16)


def test_a_changed_checkout_is_dirty(checkout: Path) -> None:
    clean = code_revision(checkout)
    (checkout / "code.py").write_text("2\n")
    assert code_revision(checkout) == f"{clean}-dirty"


def test_outside_a_checkout_it_is_the_installed_version(tmp_path: Path) -> None:
    assert code_revision(tmp_path) == version("thousand-faces")


def test_a_checkout_without_a_commit_is_the_installed_version(tmp_path: Path) -> None:
    subprocess.run(["git", "init"], cwd=tmp_path, check=True, capture_output=True)
    assert code_revision(tmp_path) == version("thousand-faces")
