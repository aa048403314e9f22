"""What tests ask of the session's small shop (`small_shop` in tests/conftest.py), for their annotations."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Protocol

from features.contracts.settings import Settings


class MadeShop(Protocol):
    """A shop with tables, features, models and a release; read it, and change a copy alone."""

    home: Path

    @property
    def settings(self) -> Settings: ...

    def faces(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]: ...

    def copy_to(self, home: Path) -> MadeShop: ...
