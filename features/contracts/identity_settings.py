"""The settings of identity: how the persons of several channels become one member."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class IdentitySettings(BaseModel):
    """How the persons of several channels become one member. Generated contacts join nobody."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    phone_region: str = Field(
        pattern=r"^[A-Z]{2}$", description="country (ISO 3166) of phone numbers that are written without a calling code"
    )
    max_persons_per_contact: int = Field(
        ge=2,
        description="a phone number or e-mail address of more persons than this is a shared one: among them it joins "
        "only those of one name",
    )
    recycled_gap_days: int = Field(
        ge=0,
        description="a number whose next holder, with another name or unionid, begins this many days after the last "
        "sign of the one before was given out anew: it belongs to the newest holder",
    )
    silent_gap_days: int = Field(
        ge=0,
        description="days without a sign after which a number joins only persons who agree in name, in year of birth "
        "and gender, or in a second identifier; make it large where channels know nothing but numbers",
    )
