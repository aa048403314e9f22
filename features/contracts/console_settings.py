"""The settings of the console: how long a sign-in lasts, and how many wrong passwords there may be."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ConsoleSettings(BaseModel):
    """The console: sign-ins and their cookies."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    idle_hours: float = Field(gt=0, description="a sign-in ends after so many hours without a request")
    session_hours: float = Field(gt=0, description="a sign-in ends after so many hours, whatever is done meanwhile")
    wrong_passwords: int = Field(
        gt=0, description="failures of one user within `lock_minutes` after which the user is refused for as long"
    )
    wrong_from_address: int = Field(
        gt=0, description="failures from one address, of whatever users, after which the address is refused for as long"
    )
    lock_minutes: float = Field(gt=0, description="how long failures count, and how long they lock out")
    secure_cookies: bool = Field(
        description="cookies travel over TLS only (browsers take 127.0.0.1 for safe too); false for plain http in a LAN"
    )
