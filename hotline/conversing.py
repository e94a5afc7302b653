"""The bot without its ports: for ask, converse and chat, golden conversations and benchmarks.

Everything is real (database, inbox, dialogue service, actions, outbox) except that the terminal is the channel.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select, update

from bot import inbox
from bot.answering import GIVE_UP_AFTER
from bot.baton import Holder
from bot.callbacks import internal_app
from hotline.app import Hotline, compose
from hotline.errors import Stop
from hotline.rasa_process import RasaProcess
from hotline.serve import LOOPBACK, bind, server_for
from programme.content import Content
from store.clock import Clock
from store.messages import InboundMessage, Reply
from store.settings import Settings
from store.tables import conversation, inbound, outbound
from store.text import clean

CHANNEL = "terminal"
RETRY_LOOK_SECONDS = 0.05
# Longer than an outage may last before a person is called.
PATIENCE_SECONDS = GIVE_UP_AFTER.total_seconds() + 30


@dataclass(frozen=True)
class Exchange:
    """One message and what came of it. `ms`: from the inbox to the outbox."""

    text: str
    replies: tuple[Reply, ...]
    reading: dict[str, Any]
    holder: str
    ms: float

    @property
    def escalated(self) -> bool:
        return self.holder != Holder.BOT or any(reply.offers_person for reply in self.replies)

    def as_json(self) -> dict[str, Any]:
        """The line that `hotline ask --json` prints."""
        sources = [source for reply in self.replies for source in reply.sources]
        return {
            "text": self.text,
            "replies": [
                {"text": r.text, "buttons": [vars(b) for b in r.buttons], "image": r.image} for r in self.replies
            ],
            "intent": self.reading.get("intent"),
            "confidence": self.reading.get("confidence"),
            "entities": [
                {key: entity.get(key) for key in ("entity", "value", "start", "end")}
                for entity in self.reading.get("entities", ())
            ],
            "sources": [vars(source) for source in dict.fromkeys(sources)],
            "escalated": self.escalated,
            "ms": round(self.ms, 2),
        }


class Terminal:
    """Conversations with a running bot."""

    def __init__(self, hotline: Hotline) -> None:
        self.hotline = hotline

    async def open(self, province: str | None = None, noticed: bool = True) -> str:
        """A new conversation's id; in the configured province unless another is given.

        `noticed`: the first-contact notice counts as shown.
        """
        hotline, address = self.hotline, uuid.uuid4().hex
        where = province or hotline.settings.province
        version = hotline.content.phrases.notice_version if noticed else 0

        def begin(connection: Connection) -> str:
            new = inbox.open_conversation(connection, hotline.keyring, CHANNEL, address, where, hotline.clock.now())
            connection.execute(update(conversation).filter_by(id=new).values(notice_version=version))
            return new

        return await hotline.database.run(begin)

    async def say(self, conversation_id: str, text: str, payload: str | None = None) -> Exchange:
        """Send one message and wait until it is answered, or left for a person."""
        started = time.perf_counter()
        message = InboundMessage(CHANNEL, "", uuid.uuid4().hex, self.hotline.clock.now(), clean(text), payload)
        accepted = await self.hotline.database.run(
            lambda c: inbox.accept(c, conversation_id, message, self.hotline.clock.now())
        )
        while not await self.hotline.database.read(lambda c: _is_done(c, conversation_id, accepted.seq)):
            for work in await self.hotline.database.run(lambda c: self.hotline.runner.claim(c, 1)):
                await self.hotline.runner.run(work)
                break
            else:
                if time.perf_counter() - started > PATIENCE_SECONDS:
                    raise Stop("Trợ lý không trả lời được; xem nhật ký ở trên.")
                await asyncio.sleep(RETRY_LOOK_SECONDS)
        elapsed = (time.perf_counter() - started) * 1000
        return await self.hotline.database.read(lambda c: _exchange(c, conversation_id, accepted.seq, text, elapsed))


@contextlib.asynccontextmanager
async def running_bot(
    settings: Settings, content: Content, model: Path, clock: Clock | None = None
) -> AsyncIterator[Terminal]:
    """Start what a conversation needs on an own temporary database, and stop it again. Raises Stop."""
    with tempfile.TemporaryDirectory(prefix="hotline-") as folder:
        own = settings.model_copy(
            update={
                "database_url": type(settings.database_url)(f"sqlite:///{folder}/ask.db"),
                "internal_url": None,
            }
        )
        async with _serving(own, content, model, clock) as hotline:
            yield Terminal(hotline)


@contextlib.asynccontextmanager
async def _serving(settings: Settings, content: Content, model: Path, clock: Clock | None) -> AsyncIterator[Hotline]:
    internal = bind(LOOPBACK, 0)
    hotline = compose(
        settings, content, "", f"http://{LOOPBACK}:{internal.getsockname()[1]}", clock, gather=timedelta(0)
    )
    rasa = RasaProcess(lambda: model, lambda url: setattr(hotline.dialogue, "rasa_url", url))
    server = server_for(internal_app(hotline.register, hotline.flows.domain))
    serving = asyncio.create_task(server.serve([internal]))
    try:
        # The index of the packs takes longer to build than a turn may: the first question must not wait for it
        await asyncio.gather(rasa.start(), asyncio.to_thread(content.search.prepare))
        yield hotline
    finally:
        await rasa.stop()
        server.should_exit = True
        await serving
        await hotline.close()


def _is_done(connection: Connection, conversation_id: str, seq: int) -> bool:
    status = connection.scalar(select(inbound.c.status).filter_by(conversation_id=conversation_id, seq=seq))
    return status != "pending"


def _exchange(connection: Connection, conversation_id: str, seq: int, text: str, ms: float) -> Exchange:
    said = select(outbound.c.reply).filter_by(conversation_id=conversation_id).where(outbound.c.seq > seq)
    replies = tuple(Reply.from_json(row) for row in connection.scalars(said.order_by(outbound.c.seq)))
    reading = connection.scalar(select(inbound.c.reading).filter_by(conversation_id=conversation_id, seq=seq))
    holder = connection.scalar(select(conversation.c.holder).filter_by(id=conversation_id))
    return Exchange(text, replies, reading or {}, str(holder), ms)
