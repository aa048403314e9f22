"""What the service tells Prometheus; every label has few values, so /metrics stays small.

The registry is the service's own: BentoML's per-request metrics carry the raw path as a label, which product and
audience ids in paths would make grow without end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from features.contracts.ids import ReleaseId

SECONDS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 1.0)
"""Bounds of the histogram; the goal for a recommendation is 15 ms."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The service's counters and gauges."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._recommendations = Counter(
            "faces_recommendations",
            "Recommendations answered, by scenario and fallback (none: personal).",
            ["scenario", "fallback"],
            registry=self.registry,
        )
        self._recommendation_seconds = Histogram(
            "faces_recommendation_seconds",
            "Seconds from a checked request to its answer.",
            buckets=SECONDS,
            registry=self.registry,
        )
        self._unlogged = Counter(
            "faces_recommendations_unlogged",
            "Recommendations answered but not logged: dropped by a full queue, or lost when a process was killed.",
            registry=self.registry,
        )
        self._release: ReleaseId | None = None
        self.registry.register(_Asked("faces_release_in_service", "1 for the release.", "release", self._release_now))
        self._releases_refused = Counter(
            "faces_releases_refused", "Releases that were not taken into service.", registry=self.registry
        )
        self._scenarios_refused = Counter(
            "faces_scenarios_refused",
            "Changes of the scenarios that were not taken into service.",
            registry=self.registry,
        )
        self._events = Counter(
            "faces_events", "Events told, by what became of them.", ["outcome"], registry=self.registry
        )
        self._errors = Counter(
            "faces_unexpected_errors", "Requests that ended in an unexpected error.", registry=self.registry
        )

    def recommended(self, *, scenario: str, fallback: str | None, seconds: float) -> None:
        """Counts an answered recommendation."""
        self._recommendations.labels(scenario, fallback or "none").inc()
        self._recommendation_seconds.observe(seconds)

    def unlogged(self, number: int) -> None:
        """Counts recommendations that were answered but will never be logged."""
        self._unlogged.inc(number)

    def release_in_service(self, release_id: ReleaseId) -> None:
        """Names the release in service; the one before is no longer reported."""
        self._release = release_id

    def release_refused(self) -> None:
        """Counts a release that was not taken into service."""
        self._releases_refused.inc()

    def scenarios_refused(self) -> None:
        """Counts a change of the scenarios that was not taken into service."""
        self._scenarios_refused.inc()

    def took_events(self, *, accepted: int, duplicates: int, rejected: int) -> None:
        """Counts the events of a request."""
        for outcome, number in (("accepted", accepted), ("duplicate", duplicates), ("rejected", rejected)):
            if number:
                self._events.labels(outcome).inc(number)

    def unexpected_error(self) -> None:
        """Counts a request that ended in an unexpected error."""
        self._errors.inc()

    def watch_records(self, store: str, is_reachable: Callable[[], bool]) -> None:
        """Reports whether the record store answers, asked when Prometheus asks."""
        name, sentence = "faces_records_reachable", "1 while the record store answers, 0 while it does not."
        self.registry.register(_Asked(name, sentence, "store", lambda: {store: int(is_reachable())}))

    def watch_audiences(self, count: Callable[[], Mapping[str, int]]) -> None:
        """Reports the audiences by state, counted when Prometheus asks."""
        self.registry.register(_Asked("faces_audience_jobs", "Audiences by state.", "state", count))

    def text(self) -> bytes:
        """Everything in Prometheus' text form."""
        return generate_latest(self.registry)

    def _release_now(self) -> dict[str, int]:
        return {self._release: 1} if self._release else {}


class _Asked(Collector):
    """A gauge whose values are asked for when Prometheus asks; a label that is gone is reported no longer."""

    def __init__(self, name: str, sentence: str, label: str, values: Callable[[], Mapping[str, int]]) -> None:
        self._name, self._sentence, self._label, self._values = name, sentence, label, values

    def describe(self) -> list[GaugeMetricFamily]:
        # without it, registering would ask at once
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily(self._name, self._sentence, labels=[self._label])
        for label, value in self._values().items():
            family.add_metric([label], value)
        yield family
