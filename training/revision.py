"""Which code trained a model."""

from __future__ import annotations

import subprocess
from importlib.metadata import version
from pathlib import Path

DISTRIBUTION = "thousand-faces"


def code_revision(checkout: Path | None = None) -> str:
    """The commit of the checkout, with `-dirty` where files differ from it; without one the installed version.

    `checkout` defaults to the folder that holds the packages.
    """
    folder = checkout or Path(__file__).resolve().parents[1]
    if not (folder / ".git").exists():
        return version(DISTRIBUTION)
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return version(DISTRIBUTION)
    return f"{commit}-dirty" if _git(folder, "status", "--porcelain") else commit


def _git(folder: Path, *arguments: str) -> str | None:
    """What git answers, None where there is no git or no commit."""
    try:
        answer = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()
