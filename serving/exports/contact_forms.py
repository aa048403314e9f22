"""Contacts as a destination wants them: a number, address or openid in its form, hashed where it asks for that."""

from __future__ import annotations

import hashlib
import re

from features.contracts.destination_settings import DestinationSettings
from features.contracts.identifiers import normalised_email

_OPENID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]{0,127}")
_ADDRESS = re.compile(r"[^@\s=+\-'\"<>,;][^@\s\"<>,;]*@[^@\s\"<>,;]+")
_PHONE = re.compile(r"\+?[0-9]{5,15}")
_FILLING = re.compile(r"[\s\-().]")
_LONGEST_PHONE = 15
"""Digits of a number with its calling code (ITU-T E.164)."""


def formed(contact: str, destination: DestinationSettings) -> str | None:
    """The contact as the destination wants it; None when it cannot be brought into that form.

    What is written is no spreadsheet formula: digits behind at most a plus, or a text that begins with none of its
    signs.
    """
    match destination.channel:
        case "sms":
            written = _phone(contact, destination)
        case "email":
            written = _address(contact, is_lower=destination.form == "lower")
        case "wechat":
            written = contact if _OPENID.fullmatch(contact) else None
    if written is None or destination.hashed == "no":
        return written
    return hashlib.sha256(written.encode()).hexdigest()


def _phone(number: str, destination: DestinationSettings) -> str | None:
    # the load has brought it into E.164; one without a calling code comes from a load of before
    bare = _FILLING.sub("", number)
    if not _PHONE.fullmatch(bare):
        return None
    if destination.form == "as_known":
        return bare
    digits = bare.removeprefix("+")
    if not bare.startswith("+"):
        if not destination.country_code:
            return None
        # a leading zero is dialled within the country only
        digits = destination.country_code + digits.removeprefix("0")
    if len(digits) > _LONGEST_PHONE or digits.startswith("0"):
        return None
    if destination.form == "national":
        code = destination.country_code
        return digits.removeprefix(code) if digits.startswith(code) else None
    return digits if destination.form == "e164_digits" else f"+{digits}"


def _address(address: str, *, is_lower: bool) -> str | None:
    bare = normalised_email(address) if is_lower else address.strip()
    return bare if bare and _ADDRESS.fullmatch(bare) else None
