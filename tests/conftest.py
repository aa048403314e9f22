"""A small real shop, taken through the whole way of the data once per test session."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Before Feast, as the service does: Feast would switch the metrics of the process to shared files.
import prometheus_client  # noqa: F401
import pytest
from hypothesis import settings as hypothesis_settings
from journey_slice import write_slice
from postgres_server import Postgres, running_postgres

from features.contracts.settings import Settings, load_settings

# A red run must be about the change, not about luck: the same examples each time. `--hypothesis-profile=seeking`
# looks for new ones.
hypothesis_settings.register_profile("seeking", derandomize=False)
hypothesis_settings.register_profile("same_each_time", derandomize=True)
hypothesis_settings.load_profile("same_each_time")

MEMBERS = 250
OVERRIDES = {
    "FACES_THREADS": "2",
    "FACES_AUDIENCES__DRY_RUN_SECONDS": "90",
    "FACES_AFFINITY__TEST_WEEKS": "[50]",
    "FACES_AFFINITY__FACTORS": "16",
    "FACES_RANKER__TRAIN_WEEKS": "[42]",
    "FACES_RANKER__ROUNDS": "40",
    "FACES_RANKER__LEAVES": "15",
    "FACES_RANKER__MIN_ROWS_IN_LEAF": "20",
    "FACES_PROPENSITY__TRAIN_WEEKS": "[30, 36, 42]",
    "FACES_PROPENSITY__TARGETS_PER_SNAPSHOT": "30",
    "FACES_PROPENSITY__ROUNDS": "60",
    "FACES_PROPENSITY__MIN_ROWS_IN_LEAF": "50",
}
"""Smaller models, so that the session's shop is made in well under a minute."""


@dataclass(frozen=True, kw_only=True)
class SmallShop:
    """A shop with tables, features, models and a release."""

    home: Path
    source: Path
    """The Complete Journey's files for a few households."""

    @property
    def environment(self) -> dict[str, str]:
        """Environment of a process that works on this shop."""
        return {**os.environ, **OVERRIDES, "FACES_HOME": str(self.home)}

    @property
    def settings(self) -> Settings:
        """Settings of this shop, for code that runs in the test's own process."""
        before = {name: os.environ.get(name) for name in OVERRIDES}
        os.environ.update(OVERRIDES)
        try:
            return load_settings(home=self.home)
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value

    def faces(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs a `faces` command on this shop."""
        return subprocess.run(
            [sys.executable, "-m", "serving.cli.main", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=check,
        )

    def copy_to(self, home: Path) -> SmallShop:
        """A copy that a test may damage."""
        shutil.copytree(self.home, home, ignore=shutil.ignore_patterns("locks", "spill"))
        return SmallShop(home=home, source=self.source)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL server of the session; a machine without one is an error, never a skipped test."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Complete Journey's files for MEMBERS households."""
    return write_slice(tmp_path_factory.mktemp("journey"), members=MEMBERS)


@pytest.fixture(scope="session")
def small_shop(tmp_path_factory: pytest.TempPathFactory, journey: Path) -> SmallShop:
    """The shop of the session; tests read it and never change it (they change a copy)."""
    shop = SmallShop(home=tmp_path_factory.mktemp("home"), source=journey)
    steps = (
        ("load", "--from", str(journey), "--with-synthetic-contacts"),
        ("features",),
        ("train",),
        ("promote",),
        ("release",),
    )
    for step in steps:
        done = shop.faces(*step, check=False)
        assert done.returncode == 0, f"faces {' '.join(step)}:\n{done.stdout}\n{done.stderr}"
    return shop
