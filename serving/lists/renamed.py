"""Ids of members from before a merge, as what they are now."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq

from features.contracts.errors import NothingLoaded
from features.contracts.settings import Settings
from features.tables.storage import current_tables
from training.protocol import Ids


class Renamed:
    """The old ids that the tables in use know; read once."""

    def __init__(self, settings: Settings) -> None:
        self._old, self._now = _aliases(settings)

    def of_now(self, ids: Ids) -> Ids:
        """str (ids,): the ids, each once, sorted; one from before a merge as the member that it is part of."""
        if not len(ids) or not len(self._old):
            return np.unique(ids)
        places = np.minimum(np.searchsorted(self._old, ids), len(self._old) - 1)
        return np.unique(np.where(self._old[places] == ids, self._now[places], ids))


def _aliases(settings: Settings) -> tuple[Ids, Ids]:
    nothing = np.empty(0, dtype=np.str_)
    try:
        file = current_tables(settings.paths).file("member_aliases")
    except NothingLoaded:
        return nothing, nothing
    if not file.is_file():
        return nothing, nothing
    table = pq.read_table(file, columns=["old_member_id", "member_id"])
    old, now = (np.asarray(table.column(name).to_pylist(), dtype=np.str_) for name in table.column_names)
    order = np.argsort(old)
    return old[order], now[order]
