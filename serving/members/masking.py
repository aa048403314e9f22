"""Contacts as a page may show them: enough to recognise, not enough to use."""

from __future__ import annotations

from dataclasses import dataclass

from features.contracts.errors import Refused
from features.contracts.secrecy import ContactCipher
from features.store.packed_profile import StoredContact

HIDDEN = "****"
_LAST_DIGITS = 4


@dataclass(frozen=True, kw_only=True)
class MaskedContact:
    """How a member can be reached."""

    name: str | None
    """As the records have it: an associate greets by it."""
    has_phone: bool
    phone: str | None
    """Masked; None when there is none, or when only its hash was handed over."""
    has_email: bool
    email: str | None
    has_wechat: bool
    is_synthetic: bool
    """Made up by a generator, nobody's."""


def masked_contact(stored: StoredContact, cipher: ContactCipher) -> MaskedContact:
    """The contact, decrypted and masked; what another key encrypted is not shown."""
    phone, email = _decrypted(stored.phone, cipher), _decrypted(stored.email, cipher)
    return MaskedContact(
        name=_decrypted(stored.name, cipher),
        has_phone=stored.has_phone,
        phone=None if phone is None else masked_phone(phone),
        has_email=stored.has_email,
        email=None if email is None else masked_email(email),
        has_wechat=stored.has_wechat,
        is_synthetic=stored.is_synthetic,
    )


def masked_phone(number: str) -> str:
    """The number without the four digits before its last four: 138****1234; a short one shows its last two alone."""
    if len(number) <= 2 * _LAST_DIGITS:
        return HIDDEN + number[-2:]
    return number[: -2 * _LAST_DIGITS] + HIDDEN + number[-_LAST_DIGITS:]


def masked_email(address: str) -> str:
    """The address with one letter of its name: j****@example.com."""
    name, _, host = address.rpartition("@")
    return f"{name[:1]}{HIDDEN}@{host}"


def _decrypted(token: str | None, cipher: ContactCipher) -> str | None:
    if token is None:
        return None
    try:
        return cipher.decrypt(token)
    except Refused:
        return None
