"""The settings of events as they happen."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class EventSettings(BaseModel):
    """Events as they happen: what is taken, and how long it counts as just now."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    session_minutes: float = Field(
        gt=0, description="a visit ends after so many minutes without an event; what is older is not `just now`"
    )
    bought_hours: float = Field(
        ge=0, description="a product just bought is not offered again for so many hours; 0: it may be at once"
    )
    future_minutes: float = Field(ge=0, description="an event may lie so far ahead of the service's clock, no further")
    max_body_bytes: int = Field(gt=0, description="a larger body of events is refused with 413")
    queue_size: int = Field(
        gt=0, description="events waiting to be stored; further requests are answered 503 and may come again"
    )
    online_seconds: float = Field(
        gt=0, description="pause of the writer that brings what members just did to the online store"
    )
    keep_days: int = Field(
        gt=0, description="how long events are kept once `faces load` has taken them over into the raw tables"
    )
