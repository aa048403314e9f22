"""Where the CPU time of a `home` recommendation goes, measured inside one process without HTTP."""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from unittest import mock

from features.contracts.ids import ReleaseId
from features.contracts.settings import Settings
from features.store.online import OnlineReader
from serving.api.answering import json_text
from serving.api.recommendation_bodies import RecommendationRequest, answer_json
from serving.new_ids import new_id
from serving.recommendations.engine import load_engine
from serving.recommendations.evidence import Witness
from serving.recommendations.product_offers import ProductOffers
from serving.recommendations.recommender import Recommender

READ = "Feast read, row unpacked"
CANDIDATES = "candidates, filters, features"
RANKER = "ranker"
RULES = "rules, order"
REASONS = "items, reasons"
BODY = "body checked"
ANSWER = "answer as JSON"


class _Stopwatch:
    """CPU seconds of this thread by part; what a part calls of another part is that one's."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._inner: list[float] = []

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        self._inner.append(0.0)
        started = time.thread_time()
        try:
            yield
        finally:
            taken = time.thread_time() - started
            self.seconds[name] += taken - self._inner.pop()
            if self._inner:
                self._inner[-1] += taken

    # `Any`: it takes and gives what the function does.
    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **named: Any) -> Any:
            with self.part(name):
                return function(*arguments, **named)

        return timed


def breakdown(settings: Settings, release_id: ReleaseId, members: Sequence[str], *, requests: int) -> dict[str, float]:
    """Microseconds of CPU a request by part, after as many requests to warm up."""
    engine = load_engine(settings, release_id)
    ranker = engine.recommender.ranker
    watch = _Stopwatch()
    patches = [
        (OnlineReader, "member", READ),
        (Recommender, "ask", CANDIDATES),
        (type(ranker), "scores", RANKER),
        (ProductOffers, "offer", RULES),
        (Witness, "items", REASONS),
    ]

    def answer(member: str) -> None:
        with watch.part(BODY):
            body = RecommendationRequest.model_validate({"member": {"member_id": member}, "scenario": "home"})
            query = body.query(default_count=settings.serving.default_count, max_count=settings.serving.max_count)
        recommendation = engine.recommend(query)
        with watch.part(ANSWER):
            json_text(answer_json(new_id(datetime.now(UTC)), recommendation, explain=True)).encode()

    with contextlib.ExitStack() as stack:
        for owner, name, part in patches:
            stack.enter_context(mock.patch.object(owner, name, watch.around(part, getattr(owner, name))))
        for number in range(2 * requests):
            if number == requests:
                watch.seconds.clear()
            answer(members[number % len(members)])
    return {
        part: watch.seconds[part] / requests * 1e6 for part in (BODY, READ, CANDIDATES, RANKER, RULES, REASONS, ANSWER)
    }
