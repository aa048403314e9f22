"""The destinations of settings.toml: who takes exported contacts, and in which form each wants them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

DESTINATION_NAME = r"^[a-z][a-z0-9_]{0,30}$"


class DestinationSettings(BaseModel):
    """One receiver of exported contacts: a CSV file of one contact per member and, where it asks for them, other
    columns. A number or address that cannot be brought into the form is left out and counted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: Literal["sms", "email", "wechat"] = Field(
        description="whose contact is handed over, and whose consent is asked: `sms` the phone number, `email` the "
        "address, `wechat` the openid"
    )
    column: str = Field(
        pattern=r"^[A-Za-z][A-Za-z0-9_ \-]{0,50}$", description="name of the contact's column in the file"
    )
    form: Literal["as_known", "e164", "e164_digits", "national", "lower"] = Field(
        "as_known",
        description="how the contact is written: `as_known`; of a phone number `e164` (+15551234567), `e164_digits` "
        "(15551234567) or `national` (5551234567); of an address `lower` (no blanks around it, lower case)",
    )
    country_code: str = Field(
        "",
        pattern=r"^[1-9]?[0-9]{0,2}$",
        description="calling code of phone numbers that are known without one, and the one that `national` leaves out",
    )
    hashed: Literal["no", "sha256"] = Field("no", description="`sha256`: only its SHA-256 in lower-case hex leaves")
    also: tuple[Literal["rank", "member_id", "probability", "expected_revenue", "coupon_id"], ...] = Field(
        (), description="further columns behind the contact"
    )
    has_header: bool = Field(True, description="whether the first line names the columns")
    bom: bool = Field(False, description="whether the file begins with a byte order mark, for spreadsheets")

    @model_validator(mode="after")
    def _form_fits_the_channel(self) -> DestinationSettings:
        forms = {"sms": ("as_known", "e164", "e164_digits", "national"), "email": ("as_known", "lower")}
        if self.form not in forms.get(self.channel, ("as_known",)):
            raise ValueError(f"form '{self.form}' is none of channel '{self.channel}'")
        if self.form == "national" and not self.country_code:
            raise ValueError("form 'national' needs a country_code to leave out")
        return self
