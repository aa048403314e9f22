"""The tables of operational records; `shop` leads every key, and migrations/ holds every change ever made to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from serving.records.moment import Moment

SHOP = String(31)
ID = String(64)
NAME = String(200)
ENTRY = String(255)

JsonObject = dict[str, Any]
"""`Any` because JSON is."""


class Table(DeclarativeBase):
    """Base of every table; named constraints, so that each can be altered on every database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def _index_of_some(column: str) -> Index:
    # most events have none; an index of all of them would be written for nothing
    has_one = text(f"{column} IS NOT NULL")
    return Index(None, "shop", column, "occurred_at", sqlite_where=has_one, postgresql_where=has_one)


class ApiKeyRow(Table):
    """One row per API key; the secret itself is never stored."""

    __tablename__ = "api_keys"

    shop: Mapped[str] = mapped_column(SHOP, primary_key=True)
    key_id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str] = mapped_column(NAME)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    secret_hash: Mapped[str] = mapped_column(String(64))
    store_id: Mapped[str | None] = mapped_column(ENTRY)
    """The store that the key is bound to; None: every store."""
    created_at: Mapped[datetime] = mapped_column(Moment)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)


class AudienceRow(Table):
    """One row per audience asked for, whatever became of it."""

    __tablename__ = "audiences"
    __table_args__ = (Index(None, "shop", "state"),)

    shop: Mapped[str] = mapped_column(SHOP, primary_key=True)
    audience_id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str | None] = mapped_column(NAME)
    rule: Mapped[JsonObject] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(16))
    progress_done: Mapped[int] = mapped_column(BigInteger)
    progress_all: Mapped[int] = mapped_column(BigInteger)
    progress_what: Mapped[str] = mapped_column(NAME)
    error: Mapped[str | None] = mapped_column(Text)
    summary: Mapped[JsonObject | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(Moment)
    finished_at: Mapped[datetime | None] = mapped_column(Moment)
    cancel_requested: Mapped[bool]
    is_dry_run: Mapped[bool] = mapped_column(server_default=false())


class AudienceReportRow(Table):
    """One row per finished audience: what is too large for a list of audiences (curve, drivers, profile, ...)."""

    __tablename__ = "audience_reports"
    __table_args__ = (
        ForeignKeyConstraint(["shop", "audience_id"], ["audiences.shop", "audiences.audience_id"], ondelete="CASCADE"),
    )

    shop: Mapped[str] = mapped_column(SHOP, primary_key=True)
    audience_id: Mapped[str] = mapped_column(ID, primary_key=True)
    report: Mapped[JsonObject] = mapped_column(JSON)


class AudienceMemberRow(Table):
    """One row per member of a finished audience, selected to be told or held out."""

    __tablename__ = "audience_members"
    __table_args__ = (
        ForeignKeyConstraint(["shop", "audience_id"], ["audiences.shop", "audiences.audience_id"], ondelete="CASCADE"),
        # clustered by the key: an export reads ranks in order without a second index
        {"sqlite_with_rowid": False},
    )

    shop: Mapped[str] = mapped_column(SHOP, primary_key=True)
    audience_id: Mapped[str] = mapped_column(ID, primary_key=True)
    rank: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    member_id: Mapped[str] = mapped_column(String(255))
    probability: Mapped[float] = mapped_column(Float(53))
    expected_revenue: Mapped[float | None] = mapped_column(Float(53))
    is_held_out: Mapped[bool] = mapped_column(server_default=false())
    coupon_id: Mapped[str | None] = mapped_column(String(255))
    drivers: Mapped[str | None] = mapped_column(Text)


class ExportedMemberRow(Table):
    """One row per member that an export handed over: who may have been told what, when and through which channel."""

    __tablename__ = "exported_members"
    __table_args__ = (
        ForeignKeyConstraint(["shop", "audience_id"], ["audiences.shop", "audiences.audience_id"], ondelete="CASCADE"),
        Index(None, "shop", "exported_at"),
        Index(None, "shop", "audience_id"),
    )

    shop: Mapped[str] = mapped_column(SHOP, primary_key=True)
    export_id: Mapped[str] = mapped_column(ID, primary_key=True)
    member_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    audience_id: Mapped[str] = mapped_column(ID)
    channel: Mapped[str | None] = mapped_column(String(16))
    exported_at: Mapped[datetime] = mapped_column(Moment)


class IdListRow(Table):
    """One row per uploaded list, with counts of what was given."""

    __tablename__ = "id_lists"

    shop: Mapped[str] = mapped_column(SHOP, primary_key=True)
    list_id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str] = mapped_column(NAME)
    kind: Mapped[str] = mapped_column(String(16))
    given: Mapped[int] = mapped_column(BigInteger)
    malformed: Mapped[int] = mapped_column(BigInteger)
    duplicates: Mapped[int] = mapped_column(BigInteger)
    known: Mapped[int] = mapped_column(BigInteger)
    unknown: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(Moment)
    updated_at: Mapped[datetime] = mapped_column(Moment)


class IdListEntryRow(Table):
    """One row per distinct id of an uploaded list; of a phone number its keyed hash."""

    __tablename__ = "id_list_entries"
    __table_args__ = (
        ForeignKeyConstraint(["shop", "list_id"], ["id_lists.shop", "id_lists.list_id"], ondelete="CASCADE"),
        {"sqlite_with_rowid": False},
    )

    shop: Mapped[str] = mapped_column(SHOP, primary_key=True)
    list_id: Mapped[str] = mapped_column(ID, primary_key=True)
    entry: Mapped[str] = mapped_column(String(255), primary_key=True)


class IdempotencyRow(Table):
    """One row per Idempotency-Key and API key: what was answered the first time."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index(None, "shop", "created_at"),)

    shop: Mapped[str] = mapped_column(SHOP, primary_key=True)
    key_id: Mapped[str] = mapped_column(ID, primary_key=True)
    key: Mapped[str] = mapped_column(NAME, primary_key=True)
    route: Mapped[str] = mapped_column(NAME)
    body_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int] = mapped_column(Integer)
    response: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment)


class RecommendationRow(Table):
    """One row per recommendation answered; `items` state position, product, score, source and exploration."""

    __tablename__ = "recommendation_log"
    __table_args__ = (Index(None, "shop", "logged_at"), Index(None, "shop", "process_id"))

    shop: Mapped[str] = mapped_column(SHOP, primary_key=True)
    recommendation_id: Mapped[str] = mapped_column(ID, primary_key=True)
    logged_at: Mapped[datetime] = mapped_column(Moment)
    as_of: Mapped[datetime] = mapped_column(Moment)
    member_id: Mapped[str | None] = mapped_column(String(255))
    scenario: Mapped[str] = mapped_column(NAME)
    variant: Mapped[str] = mapped_column(NAME)
    release_id: Mapped[str] = mapped_column(ID)
    fallback: Mapped[str | None] = mapped_column(String(64))
    items: Mapped[list[JsonObject]] = mapped_column(JSON)
    process_id: Mapped[str] = mapped_column(ID)
    sequence: Mapped[int] = mapped_column(BigInteger)


class AuditRow(Table):
    """One row per act that somebody may have to answer for."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "shop", "at"),)

    shop: Mapped[str] = mapped_column(SHOP, primary_key=True)
    audit_id: Mapped[str] = mapped_column(ID, primary_key=True)
    what: Mapped[str] = mapped_column(NAME)
    who: Mapped[str] = mapped_column(NAME)
    at: Mapped[datetime] = mapped_column(Moment)
    details: Mapped[JsonObject] = mapped_column(JSON)


class EventRow(Table):
    """One row per event that a channel told of; numbers grow in the order in which they were stored."""

    __tablename__ = "events"
    __table_args__ = (
        Index(None, "shop", "message_id", unique=True),
        Index(None, "shop", "member_key", "occurred_at"),
        Index(None, "shop", "source", "source_id", "occurred_at"),
        _index_of_some("store_id"),
        _index_of_some("recommendation_id"),
        {"sqlite_with_rowid": False},
    )

    shop: Mapped[str] = mapped_column(SHOP, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    message_id: Mapped[str] = mapped_column(ENTRY)
    type: Mapped[str] = mapped_column(NAME)
    occurred_at: Mapped[datetime] = mapped_column(Moment)
    received_at: Mapped[datetime] = mapped_column(Moment)
    source: Mapped[str] = mapped_column(ID)
    source_id: Mapped[str] = mapped_column(ENTRY)
    member_key: Mapped[str] = mapped_column(String(512))
    """The member's id as the release in service knew the person, else the person's own key."""
    product_id: Mapped[str | None] = mapped_column(ENTRY)
    content_id: Mapped[str | None] = mapped_column(ENTRY)
    coupon_id: Mapped[str | None] = mapped_column(ENTRY)
    campaign_id: Mapped[str | None] = mapped_column(ENTRY)
    store_id: Mapped[str | None] = mapped_column(ENTRY)
    zone: Mapped[str | None] = mapped_column(ENTRY)
    order_id: Mapped[str | None] = mapped_column(ENTRY)
    recommendation_id: Mapped[str | None] = mapped_column(ENTRY)
    audience_id: Mapped[str | None] = mapped_column(ENTRY)
    properties: Mapped[str | None] = mapped_column(Text)


class EventCursorRow(Table):
    """One row per reader of the events, with the number of the last one it is done with; `stored` is the last given."""

    __tablename__ = "event_cursors"

    shop: Mapped[str] = mapped_column(SHOP, primary_key=True)
    name: Mapped[str] = mapped_column(ID, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)
