"""What the routes need, made once by the composition (hotline/app.py)."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from bot.dialogue import Dialogue
from bot.flow_domain import Flows
from bot.wakeups import Wakeups
from bot.worker import Worker
from programme.content import Content
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database


@dataclass(frozen=True)
class WebContext:
    """`province`: the pack that new conversations begin with."""

    database: Database
    clock: Clock
    keyring: Keyring
    wakeups: Wakeups
    content: Content
    flows: Flows
    dialogue: Dialogue
    worker: Worker
    province: str


def web_context(request: Request) -> WebContext:
    """The context of the app that serves `request`."""
    context: WebContext = request.app.state.context
    return context
