"""What somebody without purchases is likely to buy: popularity, moved by the store and by who the member is.

Popularity counts weeks of purchase, not buyers: what a household buys every week is likelier in the next one. A segment
moves it by its lift over everybody of whom the same attribute is known, shrunken towards 1 where it has seen little.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts.settings import Settings
from features.tables.session import READ_MEMORY, open_session
from training.protocol import Ids, Rows
from training.release.segment_keys import STORE, store_key

SEGMENTS_FILE = "segments.npz"

MOST_PRODUCTS = 2_000
"""Products that are weighed: what is bought less is nobody's first guess."""
LEAST_MEMBERS = 20
"""Buying members that a segment needs."""
STORE_CAUTION = 30.0
"""Purchases as if seen at chance in every store, for each product."""
ATTRIBUTE_CAUTION = 60.0
"""The same for segments of attributes."""
ATTRIBUTE_WEIGHT = 0.5
"""Power of an attribute's lift: attributes of one member repeat each other."""
MOST_STORES = 64
"""Stores whose lists are kept in memory at once."""

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Segments:
    """Weighed products and the lifts of each segment."""

    rows: Rows
    """int64 (products,): rows of the shelf, most popular first."""
    popularity: Scores
    """float32 (products,): weeks in which members bought it, as a share of the largest."""
    keys: Ids
    """Segments, `attribute=value`, in order."""
    log_lifts: Scores
    """float32 (segments, products), to be added up."""
    _lists: dict[str, tuple[Rows, Scores]] = field(default_factory=dict, compare=False, repr=False)

    def for_store(self, store_id: str) -> tuple[Rows, Scores] | None:
        """Rows of the shelf and scores (0..1) in a store, best first; None for one that little is known of.

        The arrays are shared: do not write to them.
        """
        found = self._lists.get(store_id)
        if found is None and self._place(store_key(store_id)) is not None:
            found = self.best([store_key(store_id)])
            if len(self._lists) >= MOST_STORES:
                self._lists.clear()
            self._lists[store_id] = found
        return found

    def best(self, keys: Iterable[str], *, count: int | None = None) -> tuple[Rows, Scores]:
        """Rows of the shelf and scores (0..1) for a member of these segments, best first; unknown ones are left out."""
        scores = self.scores(keys)
        order = np.argsort(-scores, kind="stable")[:count]
        return self.rows[order], scores[order]

    def knows(self, keys: Iterable[str]) -> bool:
        """Whether one of the segments is known."""
        return any(self._place(key) is not None for key in keys)

    def scores(self, keys: Iterable[str]) -> Scores:
        """float32 (products,) in the order of `rows`, scaled so that the largest is 1."""
        places = [place for key in keys if (place := self._place(key)) is not None]
        lifted = self.popularity * np.exp(self.log_lifts[places].sum(axis=0))
        scores: Scores = (lifted / max(float(lifted.max(initial=0.0)), 1e-9)).astype(np.float32)
        return scores

    def _place(self, key: str) -> int | None:
        place = int(np.searchsorted(self.keys, key))
        return place if place < len(self.keys) and self.keys[place] == key else None

    def save(self, folder: Path) -> None:
        """Writes the segments into a release folder."""
        np.savez(
            folder / SEGMENTS_FILE,
            rows=self.rows,
            popularity=self.popularity,
            keys=self.keys,
            log_lifts=self.log_lifts,
        )


def load_segments(folder: Path) -> Segments | None:
    """The segments saved in a release folder, None where a release has none."""
    file = folder / SEGMENTS_FILE
    if not file.is_file():
        return None
    with np.load(file, allow_pickle=False) as arrays:
        return Segments(
            rows=arrays["rows"],
            popularity=arrays["popularity"],
            keys=arrays["keys"],
            log_lifts=arrays["log_lifts"],
        )


def build_segments(
    settings: Settings,
    purchases: Path,
    keys: pd.DataFrame,
    product_ids: Ids,
    *,
    as_of: datetime,
    without: Ids | None = None,
    least_members: int = LEAST_MEMBERS,
) -> Segments:
    """The segments as known at `as_of`, over the products in `product_ids`, from the window of the catalogue before it.

    `purchases` is a Parquet file of schema PURCHASES; `keys` has member_id and key. Nothing that the members in
    `without` bought is seen. Ties go to the earlier product of `product_ids`.
    """
    hidden = pd.DataFrame({"member_id": pd.Series([] if without is None else list(without), dtype=object)})
    shelf = pd.DataFrame({"product_id": product_ids.astype(object), "row": np.arange(len(product_ids))})
    with contextlib.closing(open_session(settings, zone="UTC", memory=READ_MEMORY)) as con:
        for name, frame in (("hidden", hidden), ("shelf", shelf), ("member_keys", keys)):
            con.register(name, frame)
        asked = {"purchases": str(purchases), "as_of": as_of, "days": settings.affinity.sold_within_days}
        con.execute(_BOUGHT, asked)
        con.execute(_WEIGHED, {"most": MOST_PRODUCTS})
        weighed = con.execute("SELECT row, weeks FROM weighed ORDER BY place").df()
        counted = con.execute(_COUNTED, {"least": least_members}).df()
    names, places = np.unique(counted["key"].to_numpy(dtype=np.str_), return_inverse=True)
    counts = np.zeros((len(names), len(weighed)), dtype=np.float64)
    counts[places, counted["place"].to_numpy(dtype=np.int64)] = counted["weeks"]
    weeks = weighed["weeks"].to_numpy(dtype=np.float32)
    return Segments(
        rows=weighed["row"].to_numpy(dtype=np.int64),
        popularity=np.asarray(weeks / max(1.0, float(weeks.max(initial=0.0))), dtype=np.float32),
        keys=names,
        log_lifts=_log_lifts(names, counts),
    )


_BOUGHT = """
CREATE TABLE bought AS
SELECT member_id, store_id, row, date_diff('second', ordered_at, $as_of::TIMESTAMPTZ) // 604800 AS week
FROM read_parquet($purchases) JOIN shelf USING (product_id)
WHERE ordered_at >= $as_of::TIMESTAMPTZ - to_days($days) AND ordered_at < $as_of
  AND member_id IS NOT NULL AND member_id NOT IN (SELECT member_id FROM hidden)
GROUP BY ALL
"""

_WEIGHED = """
CREATE TABLE weighed AS
SELECT row, weeks, row_number() OVER (ORDER BY weeks DESC, row) - 1 AS place
FROM (SELECT row, count(DISTINCT (member_id, week)) AS weeks FROM bought GROUP BY row) QUALIFY place < $most
"""

_COUNTED = f"""
WITH in_segments AS (
    SELECT DISTINCT '{STORE}=' || store_id AS key, member_id, row, week FROM bought WHERE store_id IS NOT NULL
    UNION ALL
    SELECT DISTINCT key, member_id, row, week FROM bought JOIN member_keys USING (member_id)
    WHERE NOT starts_with(key, '{STORE}=')
), large AS (
    SELECT key FROM in_segments GROUP BY key HAVING count(DISTINCT member_id) >= $least
)
SELECT key, place, count(*) AS weeks FROM in_segments SEMI JOIN large USING (key) JOIN weighed USING (row)
GROUP BY key, place ORDER BY key, place
"""


def _log_lifts(names: Ids, counts: npt.NDArray[np.float64]) -> Scores:
    attributes = np.array([str(name).split("=", 1)[0] for name in names], dtype=np.str_)
    log_lifts = np.zeros(counts.shape, dtype=np.float32)
    for attribute in np.unique(attributes):
        own = np.flatnonzero(attributes == attribute)
        share = counts[own].sum(axis=0) / max(1.0, counts[own].sum())
        by_chance = counts[own].sum(axis=1, keepdims=True) * share
        is_store = attribute == STORE
        caution = STORE_CAUTION if is_store else ATTRIBUTE_CAUTION
        lifts = (counts[own] + caution) / (by_chance + caution)
        log_lifts[own] = np.log(lifts) * (1.0 if is_store else ATTRIBUTE_WEIGHT)
    return log_lifts
