"""Draws members: each takes after a real one, its donor, and keeps a part of what the donor has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from training.protocol import Rows

ROWS_PER_CHUNK = 1_000_000
"""Rows made at once: bounds the memory whatever the number of members."""


@dataclass(frozen=True, kw_only=True)
class Draw:
    """Which donor each generated member takes after."""

    member_ids: pa.StringArray
    """(members,): in order."""
    donor_ids: pa.StringArray
    """(donors,): in order."""
    donors: Rows
    """int64 (members,): row of each member's donor."""
    seed: int

    def of_members(self, rows: pa.Table) -> Iterator[pa.Table]:
        """A table of one row per donor as one row per member, in chunks; members whose donor has none are left out."""
        at = _places(rows, self.donor_ids)[self.donors]
        for start in range(0, len(at), ROWS_PER_CHUNK):
            part = at[start : start + ROWS_PER_CHUNK]
            known = np.flatnonzero(part >= 0)
            yield _renamed(rows.take(pa.array(part[known])), self.member_ids.take(pa.array(start + known)))

    def of_pairs(self, rows: pa.Table, *, key: str, per_member: float) -> Iterator[pa.Table]:
        """A table of one row per donor and `key` as one per member and key, in chunks, by key and then by member.

        Of a donor's rows each member keeps its own part, drawn at random: `per_member` on average over all members.
        """
        random = np.random.default_rng(self.seed)
        rows = rows.sort_by([(key, "ascending"), ("member_id", "ascending")])
        donors = _rows_of(rows["member_id"], self.donor_ids)
        by_donor = np.argsort(self.donors, kind="stable")
        copies = np.bincount(self.donors, minlength=len(self.donor_ids))
        firsts = np.concatenate([[0], np.cumsum(copies)[:-1]])
        share = min(1.0, per_member * len(self.donors) / max(1, int(copies[donors].sum())))
        codes = _codes(rows[key])
        for start, end in _stretches(codes, (copies[donors] * share).astype(np.float64)):
            of = donors[start:end]
            kept = random.binomial(copies[of], share)
            source = np.repeat(np.arange(start, end), kept)
            members = by_donor[np.repeat(firsts[of], kept) + _some_of(copies[of], kept, random)]
            order = np.lexsort((members, codes[source]))
            yield _renamed(rows.take(pa.array(source[order])), self.member_ids.take(pa.array(members[order])))


def _some_of(sizes: Rows, kept: Rows, random: np.random.Generator) -> Rows:
    """For each ring of `sizes` places `kept` different ones of them: from a random one on, every so many."""
    every = np.repeat(sizes // np.maximum(kept, 1), kept)
    place = np.arange(int(kept.sum())) - np.repeat(np.cumsum(kept) - kept, kept)
    start = np.repeat((random.random(len(sizes)) * sizes).astype(np.int64), kept)
    found: Rows = (start + place * every) % np.repeat(sizes, kept)
    return found


def draw(donor_ids: list[str], *, members: int, seed: int) -> Draw:
    """`members` generated members, each with a donor drawn at random."""
    random = np.random.default_rng(seed)
    width = len(str(members))
    return Draw(
        member_ids=pa.array([f"synthetic-{number:0{width}d}" for number in range(1, members + 1)]),
        donor_ids=pa.array(sorted(donor_ids)),
        donors=random.integers(len(donor_ids), size=members),
        seed=seed,
    )


def _rows_of(ids: pa.ChunkedArray, known: pa.StringArray) -> Rows:
    found: npt.NDArray[np.int64] = pc.index_in(ids, value_set=known).to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def _places(rows: pa.Table, donor_ids: pa.StringArray) -> Rows:
    """int64 (donors,): row of each donor in the table, -1 where it has none."""
    at = pc.index_in(donor_ids, value_set=rows["member_id"].combine_chunks())
    return np.asarray(pc.fill_null(at, -1).to_numpy(zero_copy_only=False), dtype=np.int64)


def _codes(keys: pa.ChunkedArray) -> Rows:
    """int64 (rows,): number of each key, equal keys the same; keys that are sorted have numbers in their order."""
    codes: Rows = pc.index_in(keys, value_set=pc.unique(keys)).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes


def _stretches(codes: Rows, copies: npt.NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    """Stretches of whole keys that grow to about ROWS_PER_CHUNK rows each."""
    ends = np.append(np.flatnonzero(np.diff(codes)) + 1, len(codes))
    grown = np.cumsum(copies)[ends - 1]
    start, base = 0, 0
    for end, total in zip(ends.tolist(), grown.tolist(), strict=True):
        if total - base >= ROWS_PER_CHUNK:
            yield start, end
            start, base = end, total
    if start < len(codes):
        yield start, len(codes)


def _renamed(rows: pa.Table, member_ids: pa.StringArray) -> pa.Table:
    return rows.set_column(rows.schema.get_field_index("member_id"), "member_id", member_ids)
