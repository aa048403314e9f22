"""Rows of the recommendation log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select

from features.contracts.ids import MemberId, ReleaseId
from serving.answers import Fallback, RecommendedItem
from serving.records.opening import Transaction
from serving.records.tables import RecommendationRow


@dataclass(frozen=True, kw_only=True)
class LoggedRecommendation:
    """One answered recommendation."""

    recommendation_id: str
    logged_at: datetime
    as_of: datetime
    member_id: MemberId | None
    scenario: str
    variant: str
    release_id: ReleaseId
    fallback: Fallback | None
    items: tuple[RecommendedItem, ...]


@dataclass(frozen=True, kw_only=True)
class NumberedRecommendation:
    """A recommendation and its number among those that one process answered, from 1."""

    sequence: int
    logged: LoggedRecommendation


def add_recommendations(transaction: Transaction, process_id: str, batch: Sequence[NumberedRecommendation]) -> None:
    """Stores a batch."""
    if batch:
        rows = [_row(transaction.shop, process_id, numbered) for numbered in batch]
        transaction.session.execute(insert(RecommendationRow), rows)


def count_recommendations(transaction: Transaction, process_id: str) -> int:
    """How many recommendations of one process are stored."""
    rows = select(func.count()).select_from(RecommendationRow)
    rows = rows.where(RecommendationRow.shop == transaction.shop, RecommendationRow.process_id == process_id)
    return transaction.session.scalar(rows) or 0


def forget_recommendations(transaction: Transaction, *, before: datetime, limit: int) -> int:
    """How many recommendations logged before that moment were removed, at most `limit`, the oldest first."""
    row = RecommendationRow
    old = select(row.recommendation_id).where(row.shop == transaction.shop, row.logged_at < before)
    old = old.order_by(row.logged_at).limit(limit)
    gone = delete(row).where(row.shop == transaction.shop, row.recommendation_id.in_(old))
    return len(transaction.session.scalars(gone.returning(row.recommendation_id)).all())


def _row(shop: str, process_id: str, numbered: NumberedRecommendation) -> dict[str, object]:
    logged = numbered.logged
    return {
        "shop": shop,
        "recommendation_id": logged.recommendation_id,
        "logged_at": logged.logged_at,
        "as_of": logged.as_of,
        "member_id": logged.member_id,
        "scenario": logged.scenario,
        "variant": logged.variant,
        "release_id": logged.release_id,
        "fallback": logged.fallback.value if logged.fallback else None,
        "items": [_item(position, item) for position, item in enumerate(logged.items, start=1)],
        "process_id": process_id,
        "sequence": numbered.sequence,
    }


def _item(position: int, item: RecommendedItem) -> dict[str, object]:
    return {
        "position": position,
        "id": item.id,
        "type": item.type,
        "score": item.score,
        "source": item.source,
        "exploration_probability": item.exploration_probability,
    }
