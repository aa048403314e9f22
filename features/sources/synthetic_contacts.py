"""Generated contact data for a data set that has none; marked synthetic wherever it is stored.

Each member's values come from a hash of the seed and the member alone: neither the order of rows nor the
presence of others changes them. The numbers lie in area code 555, which is not assigned, and the addresses
in `.example`, which is reserved: nobody can be reached by mistake.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

NUMBERS = 10_000_000
"""Phone numbers below the area code."""

_WITHOUT_PHONE = 0.10
_WITHOUT_EMAIL = 0.25
_WITH_WECHAT = 0.35
_CONSENT_SMS = 0.62
_CONSENT_EMAIL = 0.54
_CONSENT_WECHAT = 0.80
_JOINED_VIA = (("store", 0.65), ("app", 0.85), ("mini-programme", 1.0))
"""Ways of joining with their cumulated shares."""
_LONGEST_MEMBERSHIP_DAYS = 1500


@dataclass(frozen=True, kw_only=True)
class Contact:
    """Contact data of one member, plain; only its hashes and ciphertexts are ever written."""

    phone: str | None
    email: str | None
    wechat_openid: str | None
    joined_at: datetime | None
    joined_via: str
    consent_sms: bool
    consent_email: bool
    consent_wechat: bool
    is_synthetic: bool = True


def synthetic_contact(source: str, source_id: str, *, first_ordered_at: datetime | None, seed: int) -> Contact:
    """Contact data of one member record; `joined_at` lies before the first order, None when there is no order.

    Phone numbers are unique among whole-number ids below ten million of one source; other ids may meet.
    Consent is only given to a channel in which the member can be reached.
    """
    draw = _Draws(seed=seed, source=source, source_id=source_id)
    phone = None if draw.share(0) < _WITHOUT_PHONE else _phone(source, source_id, seed=seed)
    email = None if draw.share(1) < _WITHOUT_EMAIL else f"member{source_id}@members.example".replace(" ", "")
    openid = draw.token() if draw.share(2) < _WITH_WECHAT else None
    return Contact(
        phone=phone,
        email=email,
        wechat_openid=openid,
        joined_at=_joined_at(first_ordered_at, share=draw.share(3)),
        joined_via=next(way for way, upto in _JOINED_VIA if draw.share(4) < upto),
        consent_sms=phone is not None and draw.share(5) < _CONSENT_SMS,
        consent_email=email is not None and draw.share(6) < _CONSENT_EMAIL,
        consent_wechat=openid is not None and draw.share(7) < _CONSENT_WECHAT,
    )


def _joined_at(first_ordered_at: datetime | None, *, share: float) -> datetime | None:
    if first_ordered_at is None:
        return None
    # squared: most joined shortly before they first bought, as new members do
    days = 1 + int(share * share * _LONGEST_MEMBERSHIP_DAYS)
    # in UTC: days counted in a zone with summer time would depend on the zone in which the moment is handed over
    return first_ordered_at.astimezone(UTC) - timedelta(days=days)


def _phone(source: str, source_id: str, *, seed: int) -> str:
    """A number in +1 555; a whole-number id is moved by a permutation, so that no two ids share one."""
    if source_id.isdecimal() and len(source_id) <= 7:
        position = int(source_id)
    else:
        position = int.from_bytes(_digest(f"{seed}\0phone\0{source}\0{source_id}")[:8], "big")
    shuffle = int.from_bytes(_digest(f"{seed}\0shuffle\0{source}")[:8], "big")
    # a factor that ends in 1 shares no divisor with a power of ten, which makes this a permutation
    factor = 1_000_001 + 10 * (shuffle % 800_000)
    return f"+1555{(position * factor + shuffle) % NUMBERS:07d}"


class _Draws:
    """Numbers between 0 and 1 that depend on the seed and one member only."""

    def __init__(self, *, seed: int, source: str, source_id: str) -> None:
        self._bytes = _digest(f"{seed}\0{source}\0{source_id}")

    def share(self, place: int) -> float:
        return int.from_bytes(self._bytes[4 * place : 4 * place + 4], "big") / 2**32

    def token(self) -> str:
        return "synthetic-" + base64.urlsafe_b64encode(self._bytes[32:50]).decode()


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=64).digest()
