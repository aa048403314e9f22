"""Everything a running service holds, opened once and handed to the routes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from features.contracts.settings import Settings
from serving.auth import KeyRing
from serving.metrics import Metrics
from serving.ports import ActiveRelease, AudienceQueue, LoadEngine
from serving.recommendations.log import RecommendationLog
from serving.records.audiences import count_by_state
from serving.records.opening import Records, open_records
from serving.releases_in_service import ReleasesInService
from serving.scenarios_in_service import ScenariosInService

ANSWERED_FOLDER = "answered"


@dataclass(frozen=True, kw_only=True)
class ServiceState:
    """The parts of a running service."""

    settings: Settings
    records: Records
    keys: KeyRing
    releases: ReleasesInService
    scenarios: ScenariosInService
    log: RecommendationLog
    metrics: Metrics
    queue: AudienceQueue
    now: Callable[[], datetime]

    def start(self) -> None:
        """Starts the threads: the log's writer and the watch for releases."""
        self.log.start(at=self.now())
        self.releases.start()

    def close(self) -> None:
        """Stops the threads, stores what waits and closes every connection."""
        self.releases.stop()
        self.log.stop(at=self.now())
        self.queue.close()
        self.records.close()


def open_state(
    settings: Settings,
    *,
    active: ActiveRelease,
    load: LoadEngine,
    open_queue: Callable[[Settings], AudienceQueue],
    now: Callable[[], datetime],
    scenarios: ScenariosInService | None = None,
) -> ServiceState:
    """The parts of a service with its release loaded; call `start` next. Raises NothingLoaded or ReleaseDamaged.

    Without `scenarios`, those of the settings are served for good.
    """
    metrics = Metrics()
    serving = settings.serving
    scenarios = scenarios or ScenariosInService(settings.scenarios)
    scenarios.watch_refusals(metrics.scenarios_refused)
    releases = ReleasesInService(
        active=active,
        load=load,
        metrics=metrics,
        poll_seconds=serving.release_poll_seconds,
        also=scenarios.look,
    )
    releases.open()
    records = open_records(settings)
    metrics.watch_audiences(lambda: _count_audiences(records))
    return ServiceState(
        settings=settings,
        records=records,
        keys=KeyRing(records),
        releases=releases,
        scenarios=scenarios,
        log=RecommendationLog(
            records,
            folder=settings.paths.records / ANSWERED_FOLDER,
            queue_size=serving.log_queue_size,
            flush_seconds=serving.log_flush_seconds,
            on_unlogged=metrics.unlogged,
        ),
        metrics=metrics,
        queue=open_queue(settings),
        now=now,
    )


def _count_audiences(records: Records) -> dict[str, int]:
    with records.reading() as transaction:
        return {state.value: number for state, number in count_by_state(transaction).items()}
