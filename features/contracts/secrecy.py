"""Keyed hashes and encryption of phone numbers and e-mail addresses; neither is ever stored plain."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from features.contracts.errors import Refused
from features.contracts.settings import Settings

_PHONE = re.compile(r"\+?[0-9]{5,15}")
_FILLING = re.compile(r"[\s\-().]")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_GIVEN_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class ContactCipher:
    """Hashes and encrypts contact data with one shop's key; made once, used for every member."""

    key: bytes = field(repr=False)

    def hash_phone(self, number: str) -> str:
        """The stored hash of a phone number, normalised before."""
        return self.hash_given(_sha256(normalised_phone(number) or number))

    def hash_email(self, address: str) -> str:
        """The stored hash of an e-mail address, normalised before."""
        return self.hash_given(_sha256(normalised_email(address) or address))

    def hash_given(self, sha256_hex: str) -> str:
        """The stored hash for the SHA-256 (hex) that a client sends in place of the number itself."""
        return hmac.digest(self.key, sha256_hex.lower().encode(), "sha256").hex()

    def encrypt(self, text: str) -> str:
        """The text as only holders of the key can read it; differs each time."""
        return self._fernet.encrypt(text.encode()).decode()

    def decrypt(self, token: str) -> str:
        """What was encrypted. Raises Refused when it was encrypted with another key."""
        try:
            return self._fernet.decrypt(token.encode()).decode()
        except InvalidToken as error:
            raise Refused(
                "contact data: encrypted with another key than the one in use; "
                "set FACES_SECRETS__CONTACT_KEY to the key of that load, or load again"
            ) from error

    @property
    def key_id(self) -> str:
        """Names the key without telling it; another key gives another name."""
        return self.hash_given("key id")[:16]

    @cached_property
    def _fernet(self) -> Fernet:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"thousand-faces contact encryption")
        return Fernet(base64.urlsafe_b64encode(derived.derive(self.key)))


def normalised_phone(number: str) -> str | None:
    """The number without spaces, dashes, dots and brackets; None when something else than digits remains."""
    bare = _FILLING.sub("", number)
    return bare if _PHONE.fullmatch(bare) else None


def normalised_email(address: str) -> str | None:
    """The address in lower case; None when it has no @ between two parts."""
    bare = address.strip().lower()
    return bare if _EMAIL.fullmatch(bare) else None


def given_hash(text: str) -> str | None:
    """The SHA-256 in lower-case hex; None when the text is none."""
    bare = text.strip().lower()
    return bare if _GIVEN_HASH.fullmatch(bare) else None


def contact_cipher(settings: Settings) -> ContactCipher:
    """The shop's cipher: key from the settings, else from `secrets/contact.key`, made on first use."""
    named = settings.secrets.contact_key.get_secret_value()
    return ContactCipher(key=named.encode() if named else _kept_key(settings.paths.secrets / "contact.key"))


def _kept_key(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        _make_key(path)
    key = path.read_bytes().strip()
    if not key:
        raise Refused(f"contact key: {path} is empty; put the key of the last load back")
    return key


def _make_key(path: Path) -> None:
    partial = path.with_name(f".partial-{path.name}-{secrets.token_hex(4)}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(base64.urlsafe_b64encode(secrets.token_bytes(32)))
            file.flush()
            os.fsync(file.fileno())
        # link, not rename: when two processes start together the first key stays for both
        os.link(partial, path)
    except FileExistsError:
        return
    finally:
        partial.unlink(missing_ok=True)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
