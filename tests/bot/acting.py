"""What a turn wants done, done and looked up in the database, for tests of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, select

from actions.context import Effect
from bot import effects
from store.messages import Reading
from store.tables import conversation, inbound
from tests.bot.conftest import Bot


async def rows(bot: Bot, table: Table) -> list[Any]:
    return await bot.database.read(lambda c: list(c.execute(select(table)).all()))


async def apply(bot: Bot, *what: Effect) -> None:
    """As the turn of the newest message would."""

    def commit(connection: Connection) -> None:
        known = connection.execute(select(conversation).filter_by(id=bot.conversation_id)).mappings().one()
        newest = select(inbound).filter_by(conversation_id=known["id"]).order_by(inbound.c.seq.desc()).limit(1)
        message = connection.execute(newest).mappings().one()
        reading = Reading("nlu_fallback", 0.3, [{"name": "a", "confidence": 0.3}])
        turn = effects.Turn(known, message, message["text"], reading, bot.clock.now())
        effects.apply(connection, bot.keyring, turn, what)

    await bot.database.run(commit)
