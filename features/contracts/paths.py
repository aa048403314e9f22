"""Where a shop's state lives: everything that is written stands below FACES_HOME/<shop>."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ShopPaths:
    """The folders of one shop."""

    root: Path

    @property
    def raw(self) -> Path:
        """Batches as they were handed over, in the contract's shape; append-only."""
        return self.root / "raw"

    @property
    def identity(self) -> Path:
        """Each person's own member id and the merges undone; `current` names the state in use."""
        return self.root / "identity"

    @property
    def tables(self) -> Path:
        """Validated tables by version; `current` names the version in use."""
        return self.root / "tables"

    @property
    def rejected(self) -> Path:
        """Rows of the last load that could not be used, with reasons."""
        return self.root / "rejected"

    @property
    def features(self) -> Path:
        """Feature snapshots by version; `current` names the version in use."""
        return self.root / "features"

    @property
    def mlflow(self) -> Path:
        """Runs, registered models and their artifacts."""
        return self.root / "mlflow"

    @property
    def releases(self) -> Path:
        """Releases; `active` names the one in service."""
        return self.root / "releases"

    @property
    def online(self) -> Path:
        """Online rows, one file per release."""
        return self.root / "online"

    @property
    def now(self) -> Path:
        """Online rows of what members just did; shared by all releases."""
        return self.root / "now"

    @property
    def records(self) -> Path:
        """Operational records: keys, audiences, logs, jobs."""
        return self.root / "records"

    @property
    def locks(self) -> Path:
        """Lock files, one per command."""
        return self.root / "locks"

    @property
    def console(self) -> Path:
        """Scripts that the console's pages load, made on this machine."""
        return self.root / "console"

    @property
    def secrets(self) -> Path:
        """Keys made on first use, readable by the owner alone."""
        return self.root / "secrets"
