"""Everything a running service holds, opened once and handed to the routes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from features.contracts.settings import Settings
from features.store.now_rows import NowRows
from serving.accounts.accounts import Accounts
from serving.accounts.passwords import Passwords
from serving.api.event_bodies import EventCheck
from serving.auth import KeyRing
from serving.events.intake import EventIntake
from serving.events.member_keys import MemberKeys
from serving.events.now_writer import NowWriter
from serving.forgetting.watch import ForgottenWatch, open_watch
from serving.metrics import Metrics
from serving.ports import ActiveRelease, AudienceQueue, LoadEngine
from serving.recommendations.log import RecommendationLog
from serving.records.audiences import count_by_state
from serving.records.opening import Records, open_records
from serving.releases_in_service import ReleasesInService
from serving.reports.kept import KeptReports
from serving.scenarios_in_service import ScenariosInService

ANSWERED_FOLDER = "answered"


@dataclass(frozen=True, kw_only=True)
class ServiceState:
    """The parts of a running service."""

    settings: Settings
    records: Records
    keys: KeyRing
    accounts: Accounts
    releases: ReleasesInService
    scenarios: ScenariosInService
    forgotten: ForgottenWatch
    log: RecommendationLog
    metrics: Metrics
    queue: AudienceQueue
    event_check: EventCheck
    intake: EventIntake
    now_writer: NowWriter
    now: Callable[[], datetime]
    reports: KeptReports = field(default_factory=KeptReports)

    def start(self) -> None:
        """Starts the threads: the log's writer, those of the events, and the watch for releases."""
        self.log.start(at=self.now())
        self.intake.start()
        self.now_writer.start()
        self.forgotten.start()
        self.releases.start()

    def close(self) -> None:
        """Stops the threads, stores what waits and closes every connection."""
        self.releases.stop()
        self.forgotten.stop()
        self.intake.stop()
        self.now_writer.stop()
        self.log.stop(at=self.now())
        self.accounts.close()
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
    records: Records | None = None,
    forgotten: ForgottenWatch | None = None,
    passwords: Passwords | None = None,
) -> ServiceState:
    """The parts of a service with its release loaded; call `start` next. Raises NothingLoaded or ReleaseDamaged.

    Without `scenarios`, those of the settings are served for good.
    """
    metrics = Metrics()
    serving = settings.serving
    scenarios = scenarios or ScenariosInService(settings.scenarios)
    scenarios.watch_refusals(metrics.scenarios_refused)
    records = records or open_records(settings)
    watch = forgotten or open_watch(settings, records)
    releases = ReleasesInService(
        active=active,
        load=load,
        metrics=metrics,
        poll_seconds=serving.release_poll_seconds,
        also=scenarios.look,
    )
    releases.open()
    metrics.watch_records(settings.records.store, records.can_be_read)
    metrics.watch_audiences(lambda: _count_audiences(records))
    member_keys = MemberKeys(lambda: releases.engine)
    now_writer = NowWriter(settings, records, NowRows(settings), member_keys, now=now)
    keys = KeyRing(records)
    return ServiceState(
        settings=settings,
        records=records,
        keys=keys,
        accounts=Accounts(settings, records, keys, now=now, passwords=passwords),
        releases=releases,
        scenarios=scenarios,
        forgotten=watch,
        log=RecommendationLog(
            records,
            folder=settings.paths.records / ANSWERED_FOLDER,
            queue_size=serving.log_queue_size,
            flush_seconds=serving.log_flush_seconds,
            on_unlogged=metrics.unlogged,
            forgotten=lambda: watch.forgotten,
        ),
        metrics=metrics,
        queue=open_queue(settings),
        event_check=EventCheck(settings, forgotten=lambda: watch.forgotten),
        intake=EventIntake(records, member_keys, queue_size=settings.events.queue_size, on_stored=now_writer.wake),
        now_writer=now_writer,
        now=now,
    )


def _count_audiences(records: Records) -> dict[str, int]:
    try:
        with records.reading() as transaction:
            return {state.value: number for state, number in count_by_state(transaction).items()}
    except SQLAlchemyError:
        # the other figures are told all the same; that the records are away is one of them
        return {}
