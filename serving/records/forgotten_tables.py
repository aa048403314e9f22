"""The tables of people who asked to be forgotten: of a person there is nothing in them but keyed marks."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from serving.records.moment import Moment
from serving.records.tables import ID, SHOP, JsonObject, Table


class ForgettingRow(Table):
    """One row per time that somebody asked to be forgotten, or joined anew afterwards."""

    __tablename__ = "forgettings"
    __table_args__ = (Index(None, "shop", "changed_at"),)

    shop: Mapped[str] = mapped_column(SHOP, primary_key=True)
    forgetting_id: Mapped[str] = mapped_column(ID, primary_key=True)
    asked_at: Mapped[datetime] = mapped_column(Moment)
    changed_at: Mapped[datetime] = mapped_column(Moment)
    """When anything of the row changed last; running processes look for it."""
    done_at: Mapped[datetime | None] = mapped_column(Moment)
    returned_at: Mapped[datetime | None] = mapped_column(Moment)
    pending: Mapped[JsonObject | None] = mapped_column(JSON(none_as_null=True))
    """Whom to remove: the ids, until everything is removed."""
    counts: Mapped[JsonObject | None] = mapped_column(JSON(none_as_null=True))
    """How much was removed, by place."""


class ForgottenMarkRow(Table):
    """One row per keyed mark of a forgotten person's names."""

    __tablename__ = "forgotten_people"
    __table_args__ = (Index(None, "shop", "forgetting_id"),)

    shop: Mapped[str] = mapped_column(SHOP, primary_key=True)
    mark: Mapped[str] = mapped_column(String(64), primary_key=True)
    named: Mapped[str] = mapped_column(String(16))
    forgetting_id: Mapped[str] = mapped_column(ID)
    asked_at: Mapped[datetime] = mapped_column(Moment)
    key_id: Mapped[str] = mapped_column(String(16))
    """Names the key that the mark was made with."""
