"""The closed vocabulary of what can go wrong between us and a provider. No other exception leaves an integration.

Each says what follows (`Fate`), what a person reads (`detail`, Vietnamese) and whether somebody must be alarmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What becomes of a message that the provider did not simply accept."""

    RETRY = "retry"  # certainly not taken; try again, later and later
    BACK_OFF = "back_off"  # too fast: certainly not taken; not before `after_seconds`
    UNCERTAIN = "uncertain"  # it may have been taken: never sent again by itself
    WINDOW_CLOSED = "window_closed"  # waits until the owner writes again; a template may invite them
    UNREACHABLE = "unreachable"  # this owner cannot or will not be reached; remembered with the conversation
    REFUSED = "refused"  # this message will never be taken
    CHANNEL_DOWN = "channel_down"  # nothing can be sent on this channel until a person has acted


@dataclass(frozen=True)
class ProviderError:
    """One entry of a provider's table. `code`: stable, for programs, e.g. "zalo_-230" or "telegram_blocked"."""

    code: str
    fate: Fate
    detail: str
    alarm: bool = False


class SendFailed(Exception):
    """The provider did not accept a message. `after_seconds`: not before, when the provider said so."""

    def __init__(self, error: ProviderError, after_seconds: float | None = None) -> None:
        super().__init__(error.code)
        self.error, self.after_seconds = error, after_seconds


class FetchFailed(Exception):
    """An attachment could not be had. `final`: trying again is useless. `code`: stable."""

    def __init__(self, code: str, final: bool) -> None:
        super().__init__(code)
        self.code, self.final = code, final


class NotGenuine(Exception):
    """A webhook call that does not come from the provider. The argument is a stable code; nothing of it is kept."""


class NotReadable(Exception):
    """A genuine webhook call whose body is not even JSON of the right outer shape. The argument is a stable code."""


class NotSetUp(NotGenuine):
    """The provider calls before we know the secret it signs with: answered with 200, nothing is believed or kept."""
