"""An empty BentoML service with every default: what `benchmarks.serving` compares with."""

from __future__ import annotations

import bentoml


@bentoml.service
class Empty:
    """One synchronous endpoint, `POST /empty`."""

    @bentoml.api  # type: ignore[untyped-decorator]  # bentoml has no types for it
    def empty(self) -> dict[str, str]:
        """Answers `{}`."""
        return {}
