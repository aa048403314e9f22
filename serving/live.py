"""The service with its real parts: the shop's active release, the job queue and the wall clock."""

from __future__ import annotations

# before Feast, which would else switch every metric of the process to files in a folder that a kill leaves behind
import prometheus_client  # noqa: F401

from features.contracts.settings import Settings, load_settings
from features.contracts.settings_files import settings_file
from serving.forgetting.watch import open_watch
from serving.jobs import JobQueue
from serving.live_clock import wall_clock
from serving.recommendations.engine import load_engine
from serving.records.opening import open_records
from serving.scenarios_in_service import ScenariosInService
from serving.state import ServiceState, open_state
from training.release.shelf import active_release, require_active_release


def open_live_state(settings: Settings) -> ServiceState:
    """The parts of the shop's service. Raises NothingLoaded or ReleaseDamaged."""
    scenarios = ScenariosInService(settings.scenarios, file=settings_file(), load=lambda: load_settings().scenarios)
    records = open_records(settings)
    watch = open_watch(settings, records)
    return open_state(
        settings,
        active=lambda: active_release(settings.paths),
        load=lambda release_id: load_engine(
            settings, release_id, scenarios=lambda: scenarios.current, forgotten=lambda: watch.forgotten
        ),
        scenarios=scenarios,
        records=records,
        forgotten=watch,
        open_queue=JobQueue,
        now=wall_clock,
    )


def check_release(settings: Settings) -> None:
    """Raises NothingLoaded or ReleaseDamaged when the service could not start; writes nothing."""
    load_engine(settings, require_active_release(settings.paths))
