"""The release in service: swapped for a newer one without a failed request."""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable

from features.contracts.errors import FacesError, NothingLoaded
from features.contracts.ids import ReleaseId
from serving.metrics import Metrics
from serving.ports import ActiveRelease, Engine, LoadEngine

KEEP_SECONDS = 5.0
"""How long the release before is kept, for requests that began with it."""

RETRY_SECONDS = 30.0
"""Pause before a release that could not be loaded is tried again."""

log = logging.getLogger(__name__)


class ReleasesInService:
    """Holds the engine that answers and watches for another release.

    `also` is called at each look with the engine in service: what else may change while the service runs.
    """

    def __init__(
        self,
        *,
        active: ActiveRelease,
        load: LoadEngine,
        metrics: Metrics,
        poll_seconds: float,
        also: Callable[[Engine], object] = lambda _engine: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._active = active
        self._load = load
        self._metrics = metrics
        self._poll_seconds = poll_seconds
        self._also = also
        self._clock = clock
        self._engine: Engine | None = None
        self._before: Engine | None = None
        self._swapped_at = 0.0
        self._refused: ReleaseId | None = None
        self._refused_at = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="release-watcher", daemon=True)

    @property
    def engine(self) -> Engine:
        """The engine that answers now; hold on to it for one request and no longer."""
        if self._engine is None:
            raise NothingLoaded("service: no release is in service")
        return self._engine

    def open(self) -> None:
        """Loads the active release. Raises NothingLoaded or ReleaseDamaged."""
        release_id = self._active()
        if release_id is None:
            raise NothingLoaded(
                "service: there is no active release for this shop; make one first with `faces release`"
            )
        self._put_in_service(self._load(release_id))

    def start(self) -> None:
        """Starts to watch for another release."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the watch."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(self._poll_seconds + 5)

    def look(self) -> bool:
        """Whether another release was taken into service; one that cannot be loaded leaves the last good one."""
        self._let_go_of_the_one_before()
        release_id = self._active()
        if release_id is None or release_id == self.engine.release_id or self._was_just_refused(release_id):
            return False
        try:
            self._put_in_service(self._load(release_id))
        except (FacesError, OSError) as error:
            self._refuse(release_id, error)
            return False
        self._refused = None
        log.info("release_in_service release=%s", release_id)
        return True

    def _watch(self) -> None:
        while not self._stopping.wait(self._poll_seconds):
            try:
                self.look()
                self._also(self.engine)
            except Exception:
                # the watch must go on: the release in service still answers
                log.exception("release_watch failed; release %s stays in service", self.engine.release_id)

    def _put_in_service(self, engine: Engine) -> None:
        # frozen before the swap: the collector then never walks the release's many objects during a request
        _freeze()
        self._before, self._engine, self._swapped_at = self._engine, engine, self._clock()
        self._metrics.release_in_service(engine.release_id)

    def _let_go_of_the_one_before(self) -> None:
        if self._before is not None and self._clock() - self._swapped_at >= KEEP_SECONDS:
            self._before = None
            gc.unfreeze()
            _freeze()

    def _was_just_refused(self, release_id: ReleaseId) -> bool:
        return release_id == self._refused and self._clock() - self._refused_at < RETRY_SECONDS

    def _refuse(self, release_id: ReleaseId, error: Exception) -> None:
        if release_id != self._refused:
            log.error("release_refused release=%s stays=%s reason=%s", release_id, self.engine.release_id, error)
        self._refused, self._refused_at = release_id, self._clock()
        self._metrics.release_refused()


def _freeze() -> None:
    gc.collect()
    gc.freeze()
