"""What may be known of the pair of tokens without seeing it: its ages and its trouble, for alarms and people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

# An access token lives 25 hours and is renewed when it is 20 hours old.
RENEW_BEFORE = timedelta(hours=5)
# A refresh token lives 3 months.
AGEING_AFTER = timedelta(days=75)
# Zalo's reply to a refresh did not arrive; Zalo refused the refresh token. Else: the code of Zalo's error.
LOST, REFUSED = "lost", "refused"


@dataclass(frozen=True)
class TokenState:
    """`expires_at`: of the access token; `issued_at`: of the refresh token."""

    expires_at: datetime
    issued_at: datetime
    trouble: str | None

    def is_ageing(self, now: datetime) -> bool:
        """Nobody has renewed for so long that a person should look before the refresh token ends."""
        return now - self.issued_at > AGEING_AFTER

    def is_expired(self, now: datetime) -> bool:
        return now >= self.expires_at
