"""The settings of stores and their worklists."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class StoreSettings(BaseModel):
    """Stores: what stands on an associate's worklist."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    due_days: int = Field(
        ge=0, description="members whose expected visit is at most so many days from today, either way, are due"
    )
