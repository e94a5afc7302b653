"""A bot on an own database, with a stand-in for the Rasa service that answers as each test wants."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from bot import inbox
from bot.answering import Answerer
from bot.dialogue import Dialogue, TurnRegister
from bot.files import Files
from bot.flow_domain import Flows
from bot.intake import Intake
from bot.pace import Pace
from bot.receipt_batches import ReceiptBatches
from bot.sender import Sender
from bot.turn import TurnRunner
from bot.wakeups import Wakeups
from bot.web.context import WebContext
from bot.worker import Worker
from integrations.errors import Fate, NotGenuine, ProviderError, SendFailed
from integrations.fitting import LIMITS, shown_text
from integrations.provider import Fetched, Limits, Outgoing, Provider, Rate, Sent
from programme.content import Content
from store.clock import ManualClock
from store.crypto import Keyring
from store.database import Database
from store.events import Event
from store.messages import InboundMessage, Reply
from store.tables import conversation, inbound, outbound

INTENTS = frozenset(
    {
        "greet",
        "request_person",
        "opt_out",
        "answer_wrong",
        "event_person_finished",
        "event_message_too_long",
        "event_message_without_words",
        "event_number_alone",
    }
)
MOST_IN_A_MINUTE = 5
STATE = {"version": 1, "flows": "x", "slots": {}, "loop": None, "requested_slot": None}
Answer = Callable[[dict[str, Any]], Awaitable[web.Response]]


async def echo(request: dict[str, Any]) -> web.Response:
    """The dialogue says back what it was asked, and counts turns in its state."""
    said = request["text"] if request["payload"] is None else f"payload {request['payload']['intent']}"
    state = {**STATE, "slots": {"turns": ((request["state"] or STATE)["slots"].get("turns") or 0) + 1}}
    return turn_answer(f"echo {said}", state=state)


def turn_answer(
    *texts: str, state: dict[str, Any] | None = None, entry: str | None = None, intent: str = "greet"
) -> web.Response:
    body = {
        "replies": [{"text": text, "custom": {"entry": entry}} for text in texts],
        "state": state or STATE,
        "intent": intent,
        "confidence": 0.9,
        "intent_ranking": [],
        "entities": [],
        "timings": {},
    }
    return web.json_response(body)


@dataclass
class StandIn:
    """The stand-in's answers; `requests` are those it got."""

    answer: Answer = echo
    requests: list[dict[str, Any]] = field(default_factory=list)

    async def turn(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.requests.append(body)
        return await self.answer(body)


@dataclass
class StandInProvider:
    """A provider that takes everything, unless `outcome` says otherwise; `sent` is what reached it.

    `outcome` gets the message and may raise SendFailed, wait, or return the provider's id.
    """

    channel: str
    echoes: bool
    outcome: Callable[[Outgoing], Awaitable[str | None]] | None = None
    sent: list[Outgoing] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    invited: list[str] = field(default_factory=list)
    refuses_invitations: int = 0
    rate: Rate = field(default_factory=lambda: Rate(0, 0))
    state: dict[str, Any] = field(default_factory=dict)

    @property
    def limits(self) -> Limits:
        return LIMITS[self.channel]

    @property
    def texts(self) -> list[str]:
        return [shown_text(message.reply, self.limits) for message in self.sent]

    def read_webhook(self, headers: Any, body: bytes, now: Any) -> list[Event]:
        raise NotGenuine("stand_in")

    async def send(self, message: Outgoing) -> Sent:
        self.sent.append(message)
        given = await self.outcome(message) if self.outcome else None
        return Sent(given or f"{self.channel}-{len(self.sent)}", self.state)

    async def fetch(self, source: str, limit_bytes: int) -> Fetched:
        return Fetched(source.encode())

    async def acknowledge(self, token: str) -> None:
        self.acknowledged.append(token)

    async def invite(self, address: str) -> None:
        if self.refuses_invitations:
            self.refuses_invitations -= 1
            raise SendFailed(ProviderError("night", Fate.RETRY, "ban đêm"))
        self.invited.append(address)

    async def close(self) -> None:
        pass


@dataclass
class Bot:
    """One conversation of one owner with the bot, driven message by message."""

    database: Database
    clock: ManualClock
    keyring: Keyring
    runner: TurnRunner
    rasa: StandIn
    web: WebContext
    sender: Sender
    conversation_id: str = ""

    async def open(self, channel: str = "webchat") -> str:
        return await self.database.run(
            lambda c: inbox.open_conversation(
                c, self.keyring, channel, uuid.uuid4().hex, "thai-nguyen", self.clock.now()
            )
        )

    async def receive(
        self, text: str, payload: str | None = None, id_: str | None = None, to: str | None = None
    ) -> inbox.Accepted:
        message = InboundMessage("webchat", "", id_ or uuid.uuid4().hex, self.clock.now(), text, payload)
        return await self.database.run(lambda c: inbox.accept(c, to or self.conversation_id, message, self.clock.now()))

    async def work(self) -> None:
        """What a worker would do now, and the end of what it does already."""
        await self.web.worker.finish()
        for work in await self.database.run(lambda c: self.runner.claim(c, 10)):
            await self.runner.run(work)

    async def say(self, text: str, payload: str | None = None) -> list[str]:
        """Receive, work, and what the bot answered."""
        accepted = await self.receive(text, payload)
        await self.work()
        return await self.replies(after=accepted.seq)

    async def deliver(self) -> None:
        """What a sender would do now, to its end."""
        await self.sender.deliver_due()

    async def sent(self, channel: str = "zalo") -> list[Any]:
        """The rows of what was said on a channel, in order: status, error, provider_message_id, …"""
        rows = select(outbound).join(conversation).where(conversation.c.channel == channel)
        return await self.database.read(lambda c: list(c.execute(rows.order_by(outbound.c.id)).all()))

    async def replies(self, after: int = 0, of: str | None = None) -> list[str]:
        rows = (
            select(outbound.c.reply)
            .where(outbound.c.conversation_id == (of or self.conversation_id), outbound.c.seq > after)
            .order_by(outbound.c.seq)
        )
        found = await self.database.read(lambda c: list(c.scalars(rows)))
        return [Reply.from_json(reply).text for reply in found]

    async def row(self) -> Any:
        return await self.database.read(
            lambda c: c.execute(select(conversation).filter_by(id=self.conversation_id)).one()
        )

    async def statuses(self) -> list[str]:
        rows = select(inbound.c.status).filter_by(conversation_id=self.conversation_id).order_by(inbound.c.seq)
        return await self.database.read(lambda c: list(c.scalars(rows)))


@pytest.fixture
async def bot(database: Database, clock: ManualClock, keyring: Keyring, content: Content) -> AsyncIterator[Bot]:
    rasa = StandIn()
    app = web.Application()
    app.router.add_post("/turn", rasa.turn)
    app.router.add_get("/healthz", _healthy)
    server = TestServer(app)
    await server.start_server()
    # version 0 is what a new conversation has seen: only tests of the first-contact notice get one
    content = replace(content, phrases=replace(content.phrases, notice_version=0))
    flows, wakeups, register = Flows(INTENTS, {"slots": {}, "forms": {}}), Wakeups(), TurnRegister()
    dialogue = Dialogue(str(server.make_url("")), "http://127.0.0.1:1/actions", register)
    answerer = Answerer(database, dialogue, flows, content, clock)
    files, zalo = Files(database, content, clock), StandInProvider("zalo", echoes=True)
    providers: dict[str, Provider] = {"zalo": zalo, "telegram": StandInProvider("telegram", echoes=False)}
    sender = Sender(database, clock, providers, Pace(clock), files, wakeups)
    runner = TurnRunner(database, answerer, clock, keyring, wakeups, sender)
    worker = Worker(database, runner, clock, wakeups)
    intake = Intake(database, keyring, clock, worker, wakeups, content, "thai-nguyen", providers, MOST_IN_A_MINUTE)
    context = WebContext(
        database=database,
        clock=clock,
        keyring=keyring,
        wakeups=wakeups,
        content=content,
        flows=flows,
        dialogue=dialogue,
        worker=worker,
        intake=intake,
        receipts=ReceiptBatches(database, clock),
        providers=providers,
        files=files,
        province="thai-nguyen",
    )
    made = Bot(database, clock, keyring, runner, rasa, context, sender)
    made.conversation_id = await made.open()
    yield made
    await dialogue.close()
    await server.close()


@pytest.fixture
def zalo(bot: Bot) -> StandInProvider:
    provider = bot.web.providers["zalo"]
    assert isinstance(provider, StandInProvider)
    return provider


@pytest.fixture
def telegram(bot: Bot) -> StandInProvider:
    provider = bot.web.providers["telegram"]
    assert isinstance(provider, StandInProvider)
    return provider


async def _healthy(_: web.Request) -> web.Response:
    return web.json_response({})
