"""The script that charts run on: Vega, Vega-Lite and vega-embed out of the package vl-convert-python.

Made once on this machine, kept in the shop's folder `console`, and served from memory.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from features.contracts.atomic import new_file, read_json, remove_partials, write_json
from features.contracts.errors import Refused
from features.contracts.settings import Settings

PACKAGE = "vl-convert-python"
ADDRESS = "/console/assets"
SECONDS = 60
"""After which the child that makes the script is ended; it takes three."""
LEAST_BYTES = 100_000
"""What is shorter is no Vega."""

log = logging.getLogger(__name__)


def vega_name() -> str:
    """The file's name, another one for another version."""
    return f"vega-{version(PACKAGE)}.js"


@lru_cache
def vega_address() -> str:
    """Where pages find the script; browsers may keep it for good."""
    return f"{ADDRESS}/{vega_name()}"


@dataclass(frozen=True, kw_only=True)
class Script:
    """The script, as it is and compressed."""

    plain: bytes
    packed: bytes


@dataclass(kw_only=True)
class VegaScript:
    """The script of one shop's folder; whoever asks while it is being made waits for it."""

    folder: Path
    command: tuple[str, ...] = (sys.executable, "-m", "serving.console.charts.vega_bundle")
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _script: Script | None = None

    def get(self) -> Script | None:
        """The script, made when it is not there or damaged; None when it cannot be made."""
        with self._lock:
            if self._script is None:
                self._script = self._kept() or self._made()
            return self._script

    @property
    def _file(self) -> Path:
        return self.folder / vega_name()

    @property
    def _digest_file(self) -> Path:
        return self._file.with_suffix(".json")

    def _kept(self) -> Script | None:
        try:
            packed = self._file.with_suffix(".js.gz").read_bytes()
            noted = read_json(self._digest_file)
            if not isinstance(noted, dict) or noted.get("sha256") != hashlib.sha256(packed).hexdigest():
                return None
            return Script(plain=gzip.decompress(packed), packed=packed)
        except (OSError, Refused):
            # not there, or damaged: it is made again
            return None

    def _made(self) -> Script | None:
        try:
            remove_partials(self.folder)
            with new_file(self._file) as partial:
                subprocess.run(
                    (*self.command, str(partial)), check=True, timeout=SECONDS, capture_output=True, cwd=_code()
                )
                plain = partial.read_bytes()
                if len(plain) < LEAST_BYTES:
                    raise OSError(f"{len(plain)} bytes")
            packed = gzip.compress(plain, compresslevel=9, mtime=0)
            with new_file(self._file.with_suffix(".js.gz")) as partial:
                partial.write_bytes(packed)
            write_json(self._digest_file, {"sha256": hashlib.sha256(packed).hexdigest()})
        except (OSError, subprocess.SubprocessError) as error:
            told = getattr(error, "stderr", None) or b""
            log.warning(
                "the script of the charts could not be made: %s %s", error, told[-500:].decode(errors="replace")
            )
            return None
        return Script(plain=plain, packed=packed)


@lru_cache(maxsize=8)
def vega_script(folder: Path) -> VegaScript:
    """The one script of a folder in this process."""
    return VegaScript(folder=folder)


def make_vega_ready(settings: Settings) -> None:
    """Makes the script unless it is kept, so that the first page with a chart finds it."""
    vega_script(settings.paths.console).get()


def _code() -> Path:
    return Path(__file__).parents[3]
