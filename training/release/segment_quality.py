"""How well members without purchases are served: the purchases of a random half are hidden, then recommended to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from features.contracts.settings import Settings
from training.cutoffs import Cutoff
from training.protocol import Catalogue, Holdout, Ids, catalogue_at, holdout_at
from training.ranking_metrics import hit_at, ndcg_at, precision_at, recall_at, standard_error
from training.release.segment_keys import STORE, store_key
from training.release.segments import Segments, build_segments

TOP = 10

METHODS = ("cold-popularity", "cold-weekly-popularity", "cold-attributes", "cold-store", "cold-attributes-and-store")
"""The plain popularity that an unknown member would get, the same by weeks of purchase, and what segments add to it."""

Metrics = dict[str, npt.NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True)
class ColdQuality:
    """What one method is worth to members whose purchases were hidden; week None is the mean over all cut-offs."""

    method: str
    week: int | None
    members: int
    recall: float
    recall_error: float
    """Standard error over members."""
    ndcg: float
    ndcg_error: float
    hit: float
    precision: float
    gain: float
    """Recall over that of METHODS[0], same members."""
    gain_error: float


@dataclass(frozen=True, kw_only=True)
class _Hidden:
    """The members whose purchases are not seen, and what they are known by."""

    member_ids: Ids
    keys: dict[str, list[str]]


def cold_quality(
    settings: Settings, purchases: Path, keys: pd.DataFrame, *, cutoffs: Sequence[Cutoff]
) -> tuple[ColdQuality, ...]:
    """The quality of each of METHODS at each cut-off, then the mean; empty without known attributes.

    Half of the members in `keys` (member_id, key), drawn by the settings' seed, are hidden: nothing they bought is seen
    by any method. The store that each of them visited last stands in for the store of joining. Members were chosen as
    frequent shoppers, so that the figures are those of newcomers who will stay.
    """
    hidden = _draw(keys, seed=settings.seed)
    found: list[tuple[int, str, Metrics]] = []
    for cutoff in cutoffs:
        at = cutoff.at
        catalogue = catalogue_at(purchases, at=at, settings=settings.affinity)
        holdout = holdout_at(purchases, catalogue, at=at, settings=settings.affinity)
        kept = np.flatnonzero(np.isin(holdout.member_ids, hidden.member_ids))
        if not len(kept):
            continue
        judged = Holdout(member_ids=holdout.member_ids[kept], truth=holdout.truth[kept])
        segments = build_segments(settings, purchases, keys, catalogue.product_ids, as_of=at, without=hidden.member_ids)
        stores = _last_stores(purchases, judged.member_ids, at=at)
        for method, lists in _lists(segments, catalogue, judged.member_ids, hidden.keys, stores).items():
            found.append((cutoff.week, method, _judged(np.stack(lists), judged)))
    return tuple(_summaries(found))


def _draw(keys: pd.DataFrame, *, seed: int) -> _Hidden:
    known = np.unique(keys.loc[~keys["key"].str.startswith(f"{STORE}="), "member_id"].to_numpy(dtype=np.str_))
    chosen = np.sort(np.random.default_rng(seed).permutation(known)[: len(known) // 2])
    own = keys[keys["member_id"].isin(chosen)]
    return _Hidden(
        member_ids=chosen, keys={str(member): list(group) for member, group in own.groupby("member_id")["key"]}
    )


def _last_stores(purchases: Path, member_ids: Ids, *, at: datetime) -> dict[str, str]:
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.register("asked", pd.DataFrame({"member_id": member_ids.astype(object)}))
        rows = con.execute(
            """
            SELECT member_id, arg_max(store_id, (ordered_at, order_id)) FROM read_parquet($purchases)
            SEMI JOIN asked USING (member_id) WHERE ordered_at < $at AND store_id IS NOT NULL GROUP BY member_id
            """,
            {"purchases": str(purchases), "at": at},
        ).fetchall()
    return {str(member): str(store) for member, store in rows}


def _lists(
    segments: Segments, catalogue: Catalogue, member_ids: Ids, keys: dict[str, list[str]], stores: dict[str, str]
) -> dict[str, list[npt.NDArray[np.int64]]]:
    """The first TOP catalogue rows of each member by each method."""
    own = {member: [key for key in keys[member] if not key.startswith(f"{STORE}=")] for member in map(str, member_ids)}
    at_store = {member: [store_key(stores[member])] if member in stores else [] for member in own}

    def best(of: Iterable[list[str]]) -> list[npt.NDArray[np.int64]]:
        return [segments.best(each, count=TOP)[0] for each in of]

    return {
        METHODS[0]: [np.arange(min(TOP, len(catalogue)))] * len(own),
        METHODS[1]: best([] for _ in own),
        METHODS[2]: best(own.values()),
        METHODS[3]: best(at_store.values()),
        METHODS[4]: best(own[member] + at_store[member] for member in own),
    }


def _judged(lists: npt.NDArray[np.int64], holdout: Holdout) -> Metrics:
    truth = np.asarray(holdout.truth.todense(), dtype=np.bool_)
    hits = np.take_along_axis(truth, lists, axis=1)
    relevant = truth.sum(axis=1)
    return {
        "recall": recall_at(hits, relevant, k=TOP),
        "ndcg": ndcg_at(hits, relevant, k=TOP),
        "hit": hit_at(hits, k=TOP),
        "precision": precision_at(hits, k=TOP),
    }


def _summaries(found: list[tuple[int, str, Metrics]]) -> Iterator[ColdQuality]:
    weeks: list[int | None] = [*dict.fromkeys(week for week, _, _ in found)]
    for week in [*weeks, None] if weeks else []:
        own = {
            method: _joined([metrics for at, each, metrics in found if each == method and week in (at, None)])
            for method in METHODS
        }
        for method, metrics in own.items():
            gain = metrics["recall"] - own[METHODS[0]]["recall"]
            yield ColdQuality(
                method=method,
                week=week,
                members=len(gain),
                recall=float(metrics["recall"].mean()),
                recall_error=standard_error(metrics["recall"]),
                ndcg=float(metrics["ndcg"].mean()),
                ndcg_error=standard_error(metrics["ndcg"]),
                hit=float(metrics["hit"].mean()),
                precision=float(metrics["precision"].mean()),
                gain=float(gain.mean()),
                gain_error=standard_error(gain),
            )


def _joined(parts: list[Metrics]) -> Metrics:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
