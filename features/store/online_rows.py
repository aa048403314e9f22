"""The online rows of one release in one store: what the embedded store and Redis both can."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import AbstractContextManager
from typing import Protocol

from feast import FeatureStore

from features.contracts.ids import ReleaseId
from features.contracts.settings import Settings
from features.forgetting.names import Names


class OnlineRows(Protocol):
    """The rows of one release in one store."""

    @property
    def place(self) -> str:
        """Where the rows are, as an error names it."""

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """What the store raises when it cannot be read, beside Feast's own errors."""

    def writing(self) -> AbstractContextManager[FeatureStore]:
        """A store to write rows to; they count as whole only when the block ends without an error."""

    def reading(self) -> FeatureStore:
        """A store to read the rows from."""

    def edition(self) -> Hashable:
        """Another value once the rows have been replaced. Raises StoreUnavailable when they are gone."""

    def are_whole(self) -> bool:
        """Whether the rows were written to the end and are still there. Raises StoreUnavailable."""

    def remove(self) -> None:
        """Removes the rows; nothing happens when there are none. Raises StoreUnavailable."""

    def remove_members(self, names: Names) -> int:
        """How many rows were some people's and are gone, or named them and do so no more."""

    def stored_bytes(self, packed_bytes: int) -> int:
        """Bytes that the rows take, given those of the packed members."""


def online_rows(settings: Settings, release_id: ReleaseId) -> OnlineRows:
    """The release's rows in the store that the settings name."""
    if settings.online.store == "redis":
        # Imported when it is asked for: the embedded store has no need of a Redis client.
        from features.store.redis_rows import RedisRows

        return RedisRows(settings, release_id)
    from features.store.embedded_rows import EmbeddedRows

    return EmbeddedRows(settings, release_id)
