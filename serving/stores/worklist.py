"""A store's worklist: whom an associate should talk to today, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.contracts.ids import MemberId
from serving.members.coupons_held import CouponBook, Locale
from serving.stores.sentences import sentence
from training.release.stores import Stores


class WorkReason(StrEnum):
    """Why a member stands on the list, in the order of the list."""

    HERE_NOW = "here_now"
    JOINED_TODAY = "joined_today"
    DUE = "due"
    BENEFIT_UNCLAIMED = "benefit_unclaimed"


FIRST: Final = "first"
Wanted = WorkReason | Literal["first"] | None
"""A reason, the first one for which somebody stands on the list, or all of them."""


@dataclass(frozen=True, kw_only=True)
class WorkItem:
    """One member, and why."""

    member_id: str
    reason: WorkReason
    sentence: str
    at: datetime | None
    """When the member came, joined, or is expected."""


@dataclass(frozen=True, kw_only=True)
class MemberHere:
    """A member who is in the store."""

    member_id: MemberId
    since: datetime
    zone: str | None


@dataclass(frozen=True, kw_only=True)
class Worklist:
    """A page of the list, and how many stand on it for each reason."""

    items: tuple[WorkItem, ...]
    counts: dict[WorkReason, int]
    next_start: int | None
    """Where the next page starts, None after the last one."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """The members who stand on the list for one reason, in order; words are made for those of a page alone."""

    reason: WorkReason
    member_ids: Sequence[str]
    item: Callable[[int], WorkItem]


@dataclass(frozen=True, kw_only=True)
class WorklistMaker:
    """Makes the worklists of one release's stores."""

    stores: Stores
    book: CouponBook
    zone: ZoneInfo
    due_days: int
    left_out: Callable[[Sequence[str]], npt.NDArray[np.bool_]]
    """bool (members,): who must not be named, having asked to be forgotten."""

    def worklist(
        self,
        store_id: str,
        here: Sequence[MemberHere],
        *,
        as_of: datetime,
        locale: Locale,
        only: Wanted,
        start: int,
        count: int,
    ) -> Worklist:
        """A page of a store's worklist as of a moment; `here` are the members who are in it."""
        sections = [
            self._left(section)
            for section in (
                self._here(here, locale),
                self._joined(store_id, as_of, locale),
                *self._of_home(store_id, as_of, locale),
            )
        ]
        counts = {section.reason: len(section.member_ids) for section in sections}
        if only == FIRST:
            only = next((reason for reason in WorkReason if counts[reason]), None)
        wanted = [section for section in sections if only in (None, section.reason)]
        places = ((section, place) for section in wanted for place in range(len(section.member_ids)))
        end = start + count
        return Worklist(
            items=tuple(section.item(place) for section, place in islice(places, start, end)),
            counts=counts,
            next_start=end if end < sum(counts[section.reason] for section in wanted) else None,
        )

    def _left(self, section: Section) -> Section:
        kept = np.flatnonzero(~self.left_out(section.member_ids)).tolist()
        if len(kept) == len(section.member_ids):
            return section
        return Section(
            reason=section.reason,
            member_ids=[section.member_ids[place] for place in kept],
            item=lambda place: section.item(kept[place]),
        )

    def _here(self, here: Sequence[MemberHere], locale: Locale) -> Section:
        def item(place: int) -> WorkItem:
            member = here[place]
            words = {"time": self._clock(member.since), "zone": member.zone or ""}
            code = "here_now" if member.zone is None else "here_in_zone"
            return WorkItem(
                member_id=member.member_id,
                reason=WorkReason.HERE_NOW,
                sentence=sentence(code, locale, **words),
                at=member.since,
            )

        return Section(reason=WorkReason.HERE_NOW, member_ids=[each.member_id for each in here], item=item)

    def _joined(self, store_id: str, as_of: datetime, locale: Locale) -> Section:
        rows = self.stores.joined(store_id)
        morning, night = self._day(as_of, days=0), self._day(as_of, days=1)
        rows = rows.filter(_within(rows["joined_at"], morning, night)).to_pylist()

        def item(place: int) -> WorkItem:
            row = rows[place]
            code = "joined_today" if row["joined_via"] is None else "joined_today_via"
            words = {"time": self._clock(row["joined_at"]), "via": row["joined_via"] or ""}
            return WorkItem(
                member_id=row["member_id"],
                reason=WorkReason.JOINED_TODAY,
                sentence=sentence(code, locale, **words),
                at=row["joined_at"],
            )

        return Section(reason=WorkReason.JOINED_TODAY, member_ids=[row["member_id"] for row in rows], item=item)

    def _of_home(self, store_id: str, as_of: datetime, locale: Locale) -> tuple[Section, Section]:
        members = self.stores.members(store_id)
        return self._due(members, as_of, locale), self._unclaimed(members, as_of, locale)

    def _due(self, members: pa.Table, as_of: datetime, locale: Locale) -> Section:
        first, last = self._day(as_of, days=-self.due_days), self._day(as_of, days=self.due_days + 1)
        due = members.filter(_within(members["next_expected_at"], first, last))
        due = due.sort_by([("next_expected_at", "ascending"), ("member_id", "ascending")])
        today = as_of.astimezone(self.zone).date()

        def item(place: int) -> WorkItem:
            (row,) = due.slice(place, 1).to_pylist()
            expected = row["next_expected_at"].astimezone(self.zone).date()
            return WorkItem(
                member_id=row["member_id"],
                reason=WorkReason.DUE,
                sentence=sentence(
                    _due_code(expected, today),
                    locale,
                    day=expected.isoformat(),
                    gap=str(max(1, round(row["gap_days"]))),
                    last=row["last_visited_at"].astimezone(self.zone).date().isoformat(),
                ),
                at=row["next_expected_at"],
            )

        return Section(reason=WorkReason.DUE, member_ids=due["member_id"].to_pylist(), item=item)

    def _unclaimed(self, members: pa.Table, as_of: datetime, locale: Locale) -> Section:
        given = members.filter(pc.is_valid(members["unused_campaign_ids"]))
        campaigns = {each for ids in given["unused_campaign_ids"].to_pylist() for each in ids}
        benefits = {each: self.book.benefit(each, as_of=as_of, locale=locale) for each in campaigns}
        found = []
        for member_id, ids in zip(
            given["member_id"].to_pylist(), given["unused_campaign_ids"].to_pylist(), strict=True
        ):
            running = [benefit for each in ids if (benefit := benefits[each]) is not None]
            if running:
                found.append((min(running, key=lambda each: (each.ends_on, each.campaign_id)), member_id))
        found.sort(key=lambda each: (each[0].ends_on, each[1]))

        def item(place: int) -> WorkItem:
            benefit, member_id = found[place]
            return WorkItem(
                member_id=member_id, reason=WorkReason.BENEFIT_UNCLAIMED, sentence=benefit.sentence, at=None
            )

        return Section(reason=WorkReason.BENEFIT_UNCLAIMED, member_ids=[member_id for _, member_id in found], item=item)

    def _day(self, as_of: datetime, *, days: int) -> datetime:
        """The first moment of the day so many days from that of `as_of`, in the shops' zone."""
        day = as_of.astimezone(self.zone).date() + timedelta(days=days)
        return datetime.combine(day, time(), tzinfo=self.zone)

    def _clock(self, moment: datetime) -> str:
        return f"{moment.astimezone(self.zone):%H:%M}"


def _due_code(expected: date, today: date) -> str:
    if expected == today:
        return "due_today"
    return "due_before" if expected < today else "due_later"


def _within(moments: pa.ChunkedArray, first: datetime, end: datetime) -> Any:
    """bool (rows,): at or after `first` and before `end`; `Any` because pyarrow's stubs know no chunked truths."""
    kind = moments.type
    return pc.and_(pc.greater_equal(moments, pa.scalar(first, type=kind)), pc.less(moments, pa.scalar(end, type=kind)))
