"""The scenarios in service: taken anew from the settings file when it changes, without a restart."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from features.contracts.errors import SettingsError
from features.contracts.scenario_settings import ScenarioSettings

Scenarios = Mapping[str, ScenarioSettings]

log = logging.getLogger(__name__)


class CanCheck(Protocol):
    """An engine that knows whether scenarios can be served from its release."""

    def check_scenarios(self, scenarios: Scenarios) -> None:
        """Raises SettingsError naming the scenario that cannot."""


class ScenariosInService:
    """Holds the last good scenarios; a request reads them once."""

    def __init__(
        self,
        first: Scenarios,
        *,
        file: Path | None = None,
        load: Callable[[], Scenarios] | None = None,
        on_refused: Callable[[], None] = lambda: None,
    ) -> None:
        """`load` reads the settings anew, and raises SettingsError; without it and `file` nothing ever changes."""
        self._current = first
        self._file = file
        self._load = load
        self._on_refused = on_refused
        self._seen = self._edition()

    @property
    def current(self) -> Scenarios:
        """The scenarios by name."""
        return self._current

    def watch_refusals(self, on_refused: Callable[[], None]) -> None:
        """Calls `on_refused` from now on when a change is refused."""
        self._on_refused = on_refused

    def look(self, engine: CanCheck) -> bool:
        """Whether changed scenarios were taken; wrong ones are logged once and leave the last good ones."""
        edition = self._edition()
        if self._load is None or edition is None or edition == self._seen:
            return False
        self._seen = edition
        try:
            changed = self._load()
            engine.check_scenarios(changed)
        except SettingsError as error:
            log.error("scenarios_refused reason=%s", error)
            self._on_refused()
            return False
        if changed == self._current:
            return False
        self._current = changed
        log.info("scenarios_in_service names=%s", ",".join(sorted(changed)))
        return True

    def _edition(self) -> tuple[int, int, int] | None:
        """What differs after every change of the file, None while there is none: an editor may be replacing it."""
        try:
            status = self._file.stat() if self._file is not None else None
        except OSError:
            return None
        return None if status is None else (status.st_mtime_ns, status.st_size, status.st_ino)
