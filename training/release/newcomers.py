"""Packs the members who have bought nothing: known by their records, guessed by their segments."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from features.contracts.ids import MemberId, ProductId
from features.store.packed_member import PackedMember
from training.affinity.blend import CANDIDATE_FIELDS, CandidateValues, Field
from training.protocol import Ids
from training.release.members import ENCODING, MEMBERS_PER_CHUNK, TEXT_NAMES
from training.release.segments import Segments

NEWCOMER_CANDIDATES = 100
"""Candidates of a member without purchases: there may be many such members, and little tells one from another."""


def packed_newcomers(
    tables_folder: Path, segments: Segments, keys: pd.DataFrame, product_ids: Ids, *, known: Ids, as_of: datetime
) -> Iterator[list[PackedMember]]:
    """Every member of the tables who is not among the `known` ones, in chunks, ordered by id.

    `keys` has member_id and key. A member of no known segment has no candidates: nothing would be personal.
    """
    own_keys = {str(member): list(group) for member, group in keys.groupby("member_id")["key"]}
    newcomers = np.setdiff1d(_member_ids(tables_folder), known)
    vector = np.full(len(ENCODING.stored_names), np.nan, dtype=np.float32)
    for start in range(0, len(newcomers), MEMBERS_PER_CHUNK):
        chunk = []
        for member_id in newcomers[start : start + MEMBERS_PER_CHUNK]:
            candidate_ids, values = _candidates(segments, own_keys.get(str(member_id), []), product_ids)
            chunk.append(
                PackedMember(
                    member_id=MemberId(str(member_id)),
                    as_of=as_of,
                    vector=vector,
                    candidate_ids=candidate_ids,
                    candidate_values=values,
                    recent_product_ids=(),
                    recent_ordered_days=(),
                    texts=("",) * len(TEXT_NAMES),
                )
            )
        yield chunk


def _candidates(segments: Segments, keys: list[str], product_ids: Ids) -> tuple[tuple[ProductId, ...], CandidateValues]:
    if not segments.knows(keys):
        return (), np.empty((0, len(CANDIDATE_FIELDS)), dtype=np.float32)
    rows, scores = segments.best(keys, count=NEWCOMER_CANDIDATES)
    values = np.zeros((len(rows), len(CANDIDATE_FIELDS)), dtype=np.float32)
    values[:, [Field.LAST_ORDERED_DAYS, Field.GAP_DAYS]] = np.nan
    values[:, Field.POPULARITY] = scores
    return tuple(ProductId(str(product_ids[row])) for row in rows), values


def _member_ids(tables_folder: Path) -> Ids:
    with duckdb.connect() as con:
        found = con.execute(
            "SELECT member_id FROM read_parquet($file)", {"file": str(tables_folder / "members.parquet")}
        ).df()
    return found["member_id"].to_numpy(dtype=np.str_)
