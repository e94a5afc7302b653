"""What the routes need, made once by the composition (hotline/app.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request

from bot.dialogue import Dialogue
from bot.files import Files
from bot.flow_domain import Flows
from bot.intake import Intake
from bot.receipt_batches import ReceiptBatches
from bot.wakeups import Wakeups
from bot.web.limits import WebLimits
from bot.web.sms_door import SmsDoor
from bot.worker import Worker
from integrations.provider import CalledProvider
from programme.content import Content
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database


@dataclass(frozen=True)
class WebContext:
    """`province`: the pack that new conversations begin with. `providers`: the channels that have webhooks.
    `embed_origins`: whose pages may show the web chat (store/origins.py). `sms`: the gateways that may call.
    """

    database: Database
    clock: Clock
    keyring: Keyring
    wakeups: Wakeups
    content: Content
    flows: Flows
    dialogue: Dialogue
    worker: Worker
    intake: Intake
    receipts: ReceiptBatches
    providers: Mapping[str, CalledProvider]
    files: Files
    province: str
    embed_origins: tuple[str, ...] = ()
    limits: WebLimits = field(default_factory=WebLimits)
    sms: SmsDoor = field(default_factory=SmsDoor)


def web_context(request: Request) -> WebContext:
    """The context of the app that serves `request`."""
    context: WebContext = request.app.state.context
    return context
