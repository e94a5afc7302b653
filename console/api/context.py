"""What the API's routes need, made once by the composition (hotline/app.py)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from fastapi import Request

from bot.web.limits import Buckets
from console.api.problems import ApiProblem
from console.api.survey_numbers import SurveyNumbers
from programme.content import Content
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database

TOKEN_PER_MINUTE, NETWORK_PER_MINUTE = 300, 600


class ApiLimits:
    """How often the API may be called, per token and per network: token buckets in this process's memory.

    A network's comes before anything is looked up, so that guessing tokens costs us nothing.
    """

    def __init__(self, token_per_minute: int = TOKEN_PER_MINUTE, network_per_minute: int = NETWORK_PER_MINUTE) -> None:
        self._buckets = {
            "token": Buckets(burst=token_per_minute, per_minute=token_per_minute),
            "network": Buckets(burst=network_per_minute, per_minute=network_per_minute),
        }

    def allow(self, what: str, key: str, clock: Clock) -> None:
        """Count one call of `key`, a "token" or a "network". Raises ApiProblem 429."""
        wait = self._buckets[what].take(key, clock.now().timestamp())
        if wait:
            seconds = math.ceil(wait)
            words = f"Gọi quá nhanh. Anh/chị đợi {seconds} giây rồi gọi lại, và giãn các lần gọi ra."
            raise ApiProblem(429, "too_many_calls", words, headers={"Retry-After": str(seconds)})


@dataclass(frozen=True)
class ApiContext:
    """`province`: the pack of this hotline. `running`: the changes that this process works on, by token and key."""

    database: Database
    clock: Clock
    keyring: Keyring
    content: Content
    province: str
    limits: ApiLimits = field(default_factory=ApiLimits)
    survey_numbers: SurveyNumbers = field(default_factory=SurveyNumbers)
    running: set[tuple[int, str]] = field(default_factory=set)


def api_context(request: Request) -> ApiContext:
    """The context of the app that serves `request`."""
    context: ApiContext = request.app.state.context
    return context
