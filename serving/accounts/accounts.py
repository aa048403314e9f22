"""What the running service holds of accounts: sessions, the desk for sign-ins, and threads of their own for them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cached_property
from typing import TypeVar

from features.contracts.errors import TooBusy
from features.contracts.settings import Settings
from serving.accounts.lock_out import LockOut, lock_out
from serving.accounts.passwords import Passwords
from serving.accounts.sessions import Sessions
from serving.accounts.sign_in import SignInDesk
from serving.accounts.users import Users
from serving.auth import KeyRing
from serving.records.opening import Records

AT_ONCE = 2
"""Passwords checked at once: each takes 64 MB and a processor."""
MOST_WAITING = 30

ResultT = TypeVar("ResultT")


class Accounts:
    """Users, sessions and sign-ins of one shop."""

    def __init__(
        self,
        settings: Settings,
        records: Records,
        keys: KeyRing,
        *,
        now: Callable[[], datetime],
        passwords: Passwords | None = None,
    ) -> None:
        self._settings = settings
        self._records = records
        self._keys = keys
        self._now = now
        self._passwords = passwords or Passwords()
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sign-in")
        self._waiting = 0
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="sessions")
        self.sessions = Sessions(records, settings.console, now=now, later=self._later)

    async def run(self, work: Callable[[], ResultT]) -> ResultT:
        """The result of something slow with passwords; only few run at once. Raises TooBusy when many wait already."""
        if self._waiting >= MOST_WAITING:
            raise TooBusy("many people sign in right now; try again in a moment")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, functools.partial(work))
        finally:
            self._waiting -= 1

    @cached_property
    def desk(self) -> SignInDesk:
        """Where sign-ins are taken; made on first use, as the shop's key is read for it."""
        return SignInDesk(
            records=self._records,
            sessions=self.sessions,
            keys=self._keys,
            passwords=self._passwords,
            lock_out=self._lock_out,
            now=self._now,
        )

    def users(self, *, who: str) -> Users:
        """The users, as `who` changes them."""
        return Users(records=self._records, passwords=self._passwords, lock_out=self._lock_out, who=who)

    def close(self) -> None:
        """Ends the threads once what they do is done."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._writer.shutdown(wait=True)

    def _later(self, work: Callable[[], None]) -> None:
        # a request that outlasts the service's end is answered all the same
        with contextlib.suppress(RuntimeError):
            self._writer.submit(work)

    @cached_property
    def _lock_out(self) -> LockOut:
        return lock_out(self._settings)
