"""The record store and the reports made of it, as settings.toml sets them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class RecordsSettings(BaseModel):
    """Where operational records (keys, audiences, events, logs, jobs) are kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    store: Literal["sqlite", "postgresql"] = Field(
        description="`sqlite`: files below home; `postgresql`: a PostgreSQL server"
    )
    database: str = Field(
        pattern=r"^[^\s,@/]+:\d+/[^\s/?]+$", description="host:port/name of the PostgreSQL database, encoded in UTF-8"
    )
    user: str = Field(
        min_length=1, description="role of the PostgreSQL server; it needs the right to create schemas in the database"
    )
    tls: bool = Field(description="refuse to speak without TLS, and check the PostgreSQL server's certificate")
    connections: int = Field(
        gt=0, description="most connections of one process to the PostgreSQL database, those of its jobs apart"
    )
    timeout_seconds: int = Field(
        ge=2, description="longest wait for the PostgreSQL server to take a connection or to acknowledge what was sent"
    )


class ReportSettings(BaseModel):
    """What a recommendation is credited with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    click_days: int = Field(
        gt=0, description="a shown item that is viewed or added within these days, naming its recommendation, counts"
    )
    bought_days: int = Field(
        gt=0, description="a shown product that the same member buys within these days is attributed to being shown"
    )
