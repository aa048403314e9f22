"""Lock-out: so many failures within so many minutes, of a user or from an address, and sign-ins wait as long.

A try is counted before its password is looked at, and taken off when it was right: many at once guess no more often
than one after another. Failures are records, so that a restart does not begin anew.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from features.contracts.secrecy import contact_cipher
from features.contracts.settings import Settings
from serving.records.opening import Transaction
from serving.records.sign_in_failures import (
    add_failure,
    delete_failures,
    delete_failures_before,
    delete_failures_of,
    newest_failures,
)

_PURPOSE = b"thousand faces: sign-ins that failed"


@dataclass(frozen=True, kw_only=True)
class Counted:
    """A try that counts as failed until it is taken off; `locked_until` is set when it was not let through."""

    failure_ids: tuple[str, ...] = ()
    locked_until: datetime | None = None
    is_last: bool = False
    """Whether the next one would not be let through."""


@dataclass(frozen=True, kw_only=True)
class LockOut:
    """The rules, and the shop's key for marks."""

    key: bytes = field(repr=False)
    of_user: int
    of_address: int
    lasts: timedelta

    def user_mark(self, user_id: str) -> str:
        """The mark of a name, 64 characters, from which nobody tells the name."""
        return self._mark("user", user_id)

    def wait_until(
        self, transaction: Transaction, *, user_id: str | None, address: str, at: datetime
    ) -> datetime | None:
        """Until when the user, or everybody at the address, is locked out; None: not at all. Only reads."""
        limits = self._limits(user_id, address)
        ends = [self._locked_until(transaction, mark, limit, at) for mark, limit in limits.items()]
        return max((end for end in ends if end is not None), default=None)

    def count(self, transaction: Transaction, *, user_id: str | None, address: str, at: datetime) -> Counted:
        """Counts a try as failed, unless it is locked out."""
        limits = self._limits(user_id, address)
        for mark in limits:
            transaction.wait_for_turn("sign-in", mark)
        delete_failures_before(transaction, at - 2 * self.lasts)
        if (end := self.wait_until(transaction, user_id=user_id, address=address, at=at)) is not None:
            return Counted(locked_until=end)
        made = tuple(add_failure(transaction, mark, at=at) for mark in limits)
        transaction.session.flush()
        is_last = self.wait_until(transaction, user_id=user_id, address=address, at=at) is not None
        return Counted(failure_ids=made, is_last=is_last)

    def take_off(self, transaction: Transaction, counted: Counted, *, user_id: str | None) -> None:
        """Takes a try off that was right, and with it the user's earlier failures; those of the address stay."""
        delete_failures(transaction, counted.failure_ids)
        if user_id is not None:
            self.unlock(transaction, user_id)

    def unlock(self, transaction: Transaction, user_id: str) -> None:
        """Forgets the failures of a user."""
        delete_failures_of(transaction, self.user_mark(user_id))

    def locked_until(self, transaction: Transaction, user_id: str, *, at: datetime) -> datetime | None:
        """When the user may try again; None: now."""
        return self._locked_until(transaction, self.user_mark(user_id), self.of_user, at)

    def _limits(self, user_id: str | None, address: str) -> dict[str, int]:
        limits = {self._mark("address", address): self.of_address}
        if user_id is not None:
            limits[self.user_mark(user_id)] = self.of_user
        # in one order, so that two tries never wait for each other
        return dict(sorted(limits.items()))

    def _locked_until(self, transaction: Transaction, mark: str, limit: int, at: datetime) -> datetime | None:
        failures = newest_failures(transaction, mark, count=limit)
        if len(failures) < limit or failures[0] - failures[-1] > self.lasts:
            return None
        end = failures[0] + self.lasts
        return end if at < end else None

    def _mark(self, kind: str, name: str) -> str:
        return hmac.digest(self.key, f"{kind}\0{name}".encode("utf-8", "surrogatepass"), "sha256").hex()


def lock_out(settings: Settings) -> LockOut:
    """The shop's lock-out; its key follows from that of the contacts, which is made on first use."""
    return LockOut(
        key=hmac.digest(contact_cipher(settings).key, _PURPOSE, "sha256"),
        of_user=settings.console.wrong_passwords,
        of_address=settings.console.wrong_from_address,
        lasts=timedelta(minutes=settings.console.lock_minutes),
    )
