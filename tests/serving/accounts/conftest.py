from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from serving.accounts.lock_out import lock_out
from serving.accounts.sessions import Sessions
from serving.accounts.sign_in import SignInDesk
from serving.accounts.users import Users
from serving.auth import KeyRing
from serving.records.audit import list_audit


@dataclass
class Shop:
    """The accounts of a shop, and a clock that a test turns."""

    settings: Any
    records: Any
    passwords: Any
    at: datetime
    seconds: float = 0.0
    """The other clock, by which what was checked is trusted."""
    sessions: Sessions = field(init=False)

    def __post_init__(self) -> None:
        self.sessions = self.new_sessions()
        self.lock_out = lock_out(self.settings)
        self.users = Users(records=self.records, passwords=self.passwords, lock_out=self.lock_out, who="command")
        self.desk = self.new_desk()

    def new_sessions(self) -> Sessions:
        """Those of another process."""
        return Sessions(self.records, self.settings.console, now=lambda: self.at, clock=lambda: self.seconds)

    def new_desk(self) -> SignInDesk:
        """That of another process."""
        return SignInDesk(
            records=self.records,
            sessions=self.sessions,
            keys=KeyRing(self.records),
            passwords=self.passwords,
            lock_out=self.lock_out,
            now=lambda: self.at,
        )

    def pass_time(self, **given: float) -> None:
        """Turns both clocks."""
        self.at += timedelta(**given)
        self.seconds += timedelta(**given).total_seconds()

    def acts(self) -> list[tuple[str, str, dict[str, Any]]]:
        """What the audit tells, oldest first."""
        with self.records.reading() as transaction:
            return [(each.what, each.who, each.details) for each in reversed(list_audit(transaction, limit=200))]


@pytest.fixture
def shop(settings: Any, records: Any, passwords: Any, now: datetime) -> Shop:
    return Shop(settings=settings, records=records, passwords=passwords, at=now)
