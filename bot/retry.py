"""What becomes of a message that a provider did not simply accept, decided here, carried out elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.errors import Fate, SendFailed

# Waits before the next attempt after 1, 2, … certain failures; the last one repeats.
WAITS = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 5, 15, 60, 300, 900))
SHORTEST_BACK_OFF = timedelta(seconds=1)
CHANNEL_DOWN_WAIT = timedelta(minutes=1)
# A reply that could not be delivered for a day would answer a question that nobody remembers. What was held for so long
# has been tried once only: it gets its attempts first.
GIVE_UP_AFTER = timedelta(hours=24)
# An echo comes within seconds; its webhook may be repeated once, 30 seconds later.
ECHO_WAIT = timedelta(seconds=45)


@dataclass(frozen=True)
class RetryDecision:
    """`status`: the message's from now on (waiting | uncertain | held | failed).

    `again_at`: when it is looked at again. `pause_chat`, `pause_channel`: nobody sends there for so long.
    `unreachable`: the owner is not to be written to.
    """

    status: str
    code: str
    again_at: datetime | None = None
    pause_chat: timedelta | None = None
    pause_channel: timedelta | None = None
    unreachable: bool = False

    @property
    def is_about_owner(self) -> bool:
        """Whether it is so no more once the owner writes."""
        return self.status == "held" or self.unreachable


def decide(failure: SendFailed, attempts: int, said_at: datetime, now: datetime, echoes: bool) -> RetryDecision:
    """`attempts`: calls made so far, this one included. `echoes`: the provider reports what it has sent."""
    code, fate = failure.error.code, failure.error.fate
    if fate is Fate.UNCERTAIN:
        # Without an echo to wait for it is settled at once: uncertain it stays, and a person may send it again
        return RetryDecision("uncertain", code, now + ECHO_WAIT if echoes else None)
    if fate is Fate.WINDOW_CLOSED:
        return RetryDecision("held", code)
    if fate is Fate.UNREACHABLE:
        return RetryDecision("failed", code, unreachable=True)
    if fate is Fate.REFUSED or (now - said_at >= GIVE_UP_AFTER and attempts > len(WAITS)):
        return RetryDecision("failed", code)
    if fate is Fate.BACK_OFF:
        wait = max(SHORTEST_BACK_OFF, timedelta(seconds=failure.after_seconds or 0))
        return RetryDecision("waiting", code, now + wait, pause_chat=wait)
    if fate is Fate.CHANNEL_DOWN:
        return RetryDecision("waiting", code, now + CHANNEL_DOWN_WAIT, pause_channel=CHANNEL_DOWN_WAIT)
    told = timedelta(seconds=failure.after_seconds or 0)
    return RetryDecision("waiting", code, now + max(told, WAITS[min(attempts, len(WAITS)) - 1]))
