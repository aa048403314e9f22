"""Keyed hashes and encryption of what names a person; phone, e-mail, name and address are never stored plain."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from features.contracts.errors import Refused, SettingsError
from features.contracts.identifiers import name_parts, normalised_address, normalised_email, normalised_phone
from features.contracts.settings import Settings

_NAME_DIGITS = 16
"""Hex digits kept of a word's hash: two words of one shop meet by chance once in 2**64."""


PLACEHOLDERS = frozenset(
    ("change-me", "changeme", "placeholder", "secret", "password", "key", "contact-key", "your-key", "example", "xxx")
)
"""Texts that stand in examples where a key belongs."""


@dataclass(frozen=True, kw_only=True)
class ContactCipher:
    """Hashes and encrypts contact data with one shop's key; made once, used for every member."""

    key: bytes = field(repr=False)
    phone_region: str = "US"
    """Country of numbers without a calling code."""

    def hash_phone(self, number: str) -> str:
        """The stored hash of a phone number, normalised before."""
        return self.hash_normalised(normalised_phone(number, region=self.phone_region) or number)

    def hash_email(self, address: str) -> str:
        """The stored hash of an e-mail address, normalised before."""
        return self.hash_normalised(normalised_email(address) or address)

    def hash_normalised(self, text: str) -> str:
        """The stored hash of a number or address that is normalised already."""
        return self.hash_given(_sha256(text))

    def hash_name(self, name: str) -> str | None:
        """A keyed hash for each word of the name and, behind a dot, for each initial; None when it tells nothing.

        In parts, so that `J. Smith` can be seen to agree with `John Smith` and not with `Mary Smith`.
        """
        parts = name_parts(name)
        words = [self._keyed(f"name:{word}")[:_NAME_DIGITS] for word in parts.words]
        initials = ["." + self._keyed(f"initial:{letter}")[:_NAME_DIGITS] for letter in parts.initials]
        return " ".join(sorted(words + initials)) or None

    def hash_address(self, address: str) -> str | None:
        """The keyed hash of a postal address, normalised before; None when it names no house."""
        normalised = normalised_address(address)
        return None if normalised is None else self._keyed(f"address:{normalised}")

    def hash_given(self, sha256_hex: str) -> str:
        """The stored hash for the SHA-256 (hex) that a client sends in place of the number itself."""
        return self._keyed(sha256_hex.lower())

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

    def _keyed(self, text: str) -> str:
        return hmac.digest(self.key, text.encode(), "sha256").hex()

    @cached_property
    def _fernet(self) -> Fernet:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"thousand-faces contact encryption")
        return Fernet(base64.urlsafe_b64encode(derived.derive(self.key)))


def contact_cipher(settings: Settings) -> ContactCipher:
    """The shop's cipher: key from the settings, else from `secrets/contact.key`, made on first use.

    Raises SettingsError when the key is a placeholder that somebody forgot to replace.
    """
    named = settings.secrets.contact_key.get_secret_value()
    if named.strip().strip("<>").lower().replace("_", "-") in PLACEHOLDERS:
        raise SettingsError(
            "secrets.contact_key: it is a placeholder; set FACES_SECRETS__CONTACT_KEY to a long random text, "
            "or leave it out and a key is made in secrets/contact.key"
        )
    key = named.encode() if named else _kept_key(settings.paths.secrets / "contact.key")
    return ContactCipher(key=key, phone_region=settings.identity.phone_region)


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
