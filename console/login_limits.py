"""How often signing in may be tried: per network in this process's memory, per account until it is locked for a while.

A login that does not exist is locked just like one that does, else the lock would tell them apart; that is kept in
memory only (docs/decisions/0021-signing-in.md).
"""

from __future__ import annotations

import math
from collections import OrderedDict
from datetime import datetime, timedelta

from bot.web.limits import MOST_KEYS, Buckets
from bot.web.problems import Problem

# So many wrong passwords or codes in a row lock the account, each time twice as long.
FAILURES = 5
FIRST_LOCK, LONGEST_LOCK = timedelta(minutes=15), timedelta(days=1)
# A whole office signs in from one address in the morning.
NETWORK_BURST, NETWORK_PER_MINUTE = 40, 10
TEST_MESSAGES = 3


def lock_after(failures: int) -> timedelta | None:
    """How long an account is locked after its `failures`-th failure in a row; None: not at all."""
    if failures == 0 or failures % FAILURES:
        return None
    doubled: int = 2 ** min(failures // FAILURES - 1, 10)
    return min(FIRST_LOCK * doubled, LONGEST_LOCK)


def minutes_until(locked_until: datetime | None, now: datetime) -> int:
    """The whole minutes to wait; 0 when the account is not locked."""
    return 0 if locked_until is None else max(0, math.ceil((locked_until - now) / timedelta(minutes=1)))


class LoginLimits:
    """Of one process. Beyond MOST_KEYS unknown logins whichever was tried longest ago is forgotten."""

    def __init__(self) -> None:
        self._networks = Buckets(NETWORK_BURST, NETWORK_PER_MINUTE)
        self._test_messages = Buckets(TEST_MESSAGES, 1)
        self._unknown: OrderedDict[str, tuple[int, datetime | None]] = OrderedDict()  # login → (failures, locked until)

    def allow_attempt(self, network: str, now: datetime, words: str) -> None:
        """Count one attempt from `network`; `words` say that it was one too many. Raises Problem 429."""
        _take(self._networks, network, now, words)

    def allow_test_message(self, account_id: int, now: datetime, words: str) -> None:
        """Count one test message. Raises Problem 429."""
        _take(self._test_messages, str(account_id), now, words)

    def unknown_locked(self, login: str, now: datetime) -> int:
        """For how many more minutes a login that nobody has is locked."""
        return minutes_until(self._unknown.get(login, (0, None))[1], now)

    def unknown_failed(self, login: str, now: datetime) -> int:
        """Count a failure; for how many minutes the login is locked by it."""
        failures, _ = self._unknown.pop(login, (0, None))
        lock = lock_after(failures + 1)
        until = None if lock is None else now + lock
        self._unknown[login] = (failures + 1, until)
        if len(self._unknown) > MOST_KEYS:
            self._unknown.popitem(last=False)
        return minutes_until(until, now)


def _take(buckets: Buckets, key: str, now: datetime, words: str) -> None:
    wait = buckets.take(key, now.timestamp())
    if wait:
        raise Problem(429, "too_many_attempts", words, retry_after=math.ceil(wait))
