"""The shop at one cut-off, with everything that ranking and evaluating at it needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from features.contracts.clock import days_since_epoch
from features.contracts.settings import Settings
from features.encoding import Vectors
from features.prepared import PURCHASES_FILE
from features.store.history import EVENT_TIMESTAMP, History
from training.affinity.candidates import MemberCandidates, Sources, chunks
from training.affinity.model import AffinityModel, fit_affinity
from training.affinity.moment import read_moment
from training.cutoffs import Cutoff
from training.protocol import Holdout, catalogue_at, holdout_at
from training.release.members import ENCODING as MEMBER_ENCODING
from training.release.members import SERVICE as MEMBER_SERVICE
from training.release.products import ProductShelf, build_products, read_names


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A cut-off: what was known at it, what was learnt from that, and what its members bought in the week after."""

    cutoff: Cutoff
    history: History
    shelf: ProductShelf
    affinity: AffinityModel
    sources: Sources
    holdout: Holdout

    @property
    def as_of_days(self) -> float:
        """The cut-off in days since EPOCH."""
        return days_since_epoch(self.cutoff.at)

    @property
    def purchases(self) -> Path:
        """The purchases that the stage was cut from, later ones included."""
        return self.history.build.folder / PURCHASES_FILE

    @cached_property
    def member_vectors(self) -> Vectors:
        """float32 (members of the holdout, encoded features), as their online rows hold them."""
        asked = pd.DataFrame({"member_id": self.holdout.member_ids.astype(object)})
        rows = asked.assign(**{EVENT_TIMESTAMP: pd.Timestamp(self.cutoff.at)})
        return MEMBER_ENCODING.encode(self.history.features_at(MEMBER_SERVICE, rows))

    def unions(self) -> Iterator[tuple[int, MemberCandidates]]:
        """The uncut candidates of the holdout's members in chunks, with the position of each chunk's first member."""
        done = 0
        for ids, rows in chunks(self.holdout.member_ids, self.sources.pairs):
            yield done, self.sources.union_of(ids, rows)
            done += len(ids)


def stage_at(settings: Settings, history: History, cutoff: Cutoff, *, tables_folder: Path) -> Stage:
    """The stage of a cut-off that features were built for. Raises NothingLoaded when they were not."""
    purchases = history.build.folder / PURCHASES_FILE
    catalogue = catalogue_at(purchases, at=cutoff.at, settings=settings.affinity)
    shelf = build_products(history, read_names(tables_folder), as_of=cutoff.at)
    moment = read_moment(history, history.build.folder, shelf, catalogue, at=cutoff.at, tables_folder=tables_folder)
    affinity = fit_affinity(moment, settings, as_of=cutoff.at)
    return Stage(
        cutoff=cutoff,
        history=history,
        shelf=shelf,
        affinity=affinity,
        sources=affinity.sources(moment),
        holdout=holdout_at(purchases, catalogue, at=cutoff.at, settings=settings.affinity),
    )


def positions_of(union: MemberCandidates) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], ...]:
    """Rows and places of the candidates in a union's rectangle, each int64 (candidates,)."""
    rows, places = np.nonzero(union.product_rows >= 0)
    return rows, places
