"""Passwords: what a good one is, and their slow hashes (argon2id)."""

from __future__ import annotations

import secrets
import unicodedata
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from features.contracts.errors import AccountRefused

LEAST_CHARACTERS = 12
MOST_CHARACTERS = 1024
"""A longer one costs the service more than it adds."""
LEAST_DISTINCT = 5


class Passwords:
    """Hashes and checks passwords; each takes some 64 MB and a tenth of a second, so few at once and in a thread."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()

    def hash(self, password: str) -> str:
        """The hash to store; it carries its own salt and parameters."""
        return self._hasher.hash(_normalised(password))

    def is_right(self, password: str, stored: str | None) -> bool:
        """Whether the password is the stored one; None, for nobody's, takes as long and is never right."""
        expected = stored or self._nobodys
        try:
            self._hasher.verify(expected, _normalised(password)[:MOST_CHARACTERS])
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than the ones of today."""
        return self._hasher.check_needs_rehash(stored)

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(secrets.token_urlsafe(32))


def require_good_password(password: str, *, user_id: str) -> None:
    """Raises AccountRefused, without repeating it, for a password that is too short, too long or too plain."""
    characters = _normalised(password)
    if len(characters) < LEAST_CHARACTERS:
        raise AccountRefused(
            f"password: it has {len(characters)} characters; take at least {LEAST_CHARACTERS}", why="password_short"
        )
    if len(characters) > MOST_CHARACTERS:
        raise AccountRefused(
            f"password: it has more than {MOST_CHARACTERS} characters; take a shorter one", why="password_long"
        )
    # a short name is in many a good password by chance
    has_name = len(user_id) >= LEAST_DISTINCT and user_id in characters.casefold()
    if len(set(characters)) < LEAST_DISTINCT or has_name:
        raise AccountRefused(
            "password: it is too easy to guess; take several words without the user's name", why="password_plain"
        )


def _normalised(password: str) -> str:
    # keyboards and phones write the same letter in different ways; a lone surrogate must not be an error
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace").decode()
