"""What one build leaves for the next of its process: everybody's scores for a target, and what was read of members.

A marketer who moves an audience's size asks for the same target again and again; nothing of that has to be read twice.
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import numpy.typing as npt

from serving.audiences.desk import Desk
from serving.audiences.member_columns import MemberColumns
from training.propensity.scored import ScoredMembers
from training.propensity.scorer import Progress
from training.propensity.stored_scores import SCORES_FOLDER
from training.propensity.target import Target
from training.protocol import Rows

MOST_CONTRIBUTIONS = 8
"""Samples of members whose contributions are held."""


class Kept:
    """The latest scores and columns, for as long as the files that they were read from stay as they are.

    One build at a time may use it. It holds one target's scores, so that the memory stays that of one build.
    """

    def __init__(self) -> None:
        self._files: Hashable = None
        self._asked: tuple[Target, int] | None = None
        self._scored: ScoredMembers | None = None
        self._columns: MemberColumns | None = None
        self._contributions: dict[bytes, npt.NDArray[np.float32]] = {}
        """By the rows that they are of."""

    def scored(self, desk: Desk, target: Target, *, horizon_days: int, progress: Progress) -> ScoredMembers:
        """Everybody scored for a target, as `Scorer.score` has it."""
        files = _files(desk)
        if files != self._files:
            self._files, self._columns = files, None
            self._forget_scores()
        if self._scored is None or self._asked != (target, horizon_days):
            # the scores of before go first: two targets at once would take twice the memory
            self._forget_scores()
            scored = desk.scorer.score(target, horizon_days=horizon_days, progress=progress)
            self._asked, self._scored = (target, horizon_days), scored
        return self._scored

    def columns(self, desk: Desk, scored: ScoredMembers) -> MemberColumns:
        """What can be asked of the scored members."""
        if self._columns is None or not np.array_equal(self._columns.member_ids, scored.member_ids):
            self._columns = MemberColumns(desk.shop, scored.member_ids)
        return self._columns

    def contributions(self, desk: Desk, scored: ScoredMembers, rows: Rows) -> npt.NDArray[np.float32]:
        """What each feature adds for some of the scored members, as `Scorer.contributions` has it."""
        asked = rows.tobytes()
        if asked not in self._contributions:
            while len(self._contributions) >= MOST_CONTRIBUTIONS:
                self._contributions.pop(next(iter(self._contributions)))
            self._contributions[asked] = desk.scorer.contributions(scored, rows)
        return self._contributions[asked]

    def _forget_scores(self) -> None:
        self._asked, self._scored = None, None
        self._contributions = {}


def _files(desk: Desk) -> Hashable:
    """Another value when the release, the moment or any file of the features or of the members is another one.

    A member who is forgotten is taken out of the files of a version that stays.
    """
    shop = desk.shop
    files = [file for file in shop.build.folder.rglob("*.parquet") if SCORES_FOLDER not in file.parts]
    files += shop.tables_folder.glob("member*.parquet")
    stats = [(file, file.stat()) for file in sorted(files)]
    told = tuple((file, stat.st_ino, stat.st_mtime_ns, stat.st_size) for file, stat in stats)
    return desk.release.release_id, shop.moment, told
