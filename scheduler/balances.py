"""The job "balances": what is left at SMS gateways that campaigns run on or are planned for, asked every five minutes.

Asking again only writes a newer number, so the job bears being run twice. Who is told of too little: conditions.py.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, update

from integrations.errors import SendFailed
from integrations.sms.gateway import HasBalance
from integrations.sms.registry import BALANCE
from programme.gateway_needs import Need, needs
from scheduler.bulk_calls import CALL_SECONDS
from scheduler.kinds import JobContext, JobKind
from store.campaign_tables import gateway_state
from store.database import insert_if_new
from store.logs import get_logger

log = get_logger("scheduler.balances")


async def ask(context: JobContext) -> None:
    """Ask each gateway that somebody needs, and note what it said beside what is needed of it."""
    wanted = await context.database.read(lambda c: needs(c, context.content, context.clock.now()))
    for name, need in sorted(wanted.items()):
        gateway = context.gateways.get(name)
        if isinstance(gateway, HasBalance):
            left, error = await _ask(name, gateway)
            await context.database.run(partial(_note, name, need, left, error, context.clock.now()))


BALANCES = JobKind("balances", timedelta(minutes=5), ask)


async def _ask(name: str, gateway: HasBalance) -> tuple[int | None, str | None]:
    """What is left, in đồng; or the code of why that is not known."""
    try:
        async with asyncio.timeout(CALL_SECONDS):
            return await gateway.balance(), None
    except SendFailed as failed:
        code = failed.error.code
    except TimeoutError:
        code = "timed_out"
    except Exception:
        log.exception("balance_broke", gateway=name)
        code = "balance_broke"
    log.warning("balance_not_told", gateway=name, code=code)
    # The account itself was refused for want of money
    return (0, code) if code in BALANCE else (None, code)


def _note(name: str, need: Need, left: int | None, error: str | None, now: datetime, connection: Connection) -> None:
    insert_if_new(connection, gateway_state, {"gateway": name, "filled_at": now})
    values: dict[str, Any] = {"needed": need.price, "balance_error": error}
    if left is not None:  # else what was said last stays, with its time
        values |= {"balance": left, "balance_at": now}
    connection.execute(update(gateway_state).where(gateway_state.c.gateway == name).values(values))
