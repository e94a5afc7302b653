"""What ends is renewed by the clock, not only by use."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from integrations.zalo.oauth import OAuth
from integrations.zalo.sim_account import APP_ID, APP_SECRET
from integrations.zalo.simulator import ZaloSimulator
from integrations.zalo.token_state import RENEW_BEFORE
from integrations.zalo.tokens import Tokens, read_state
from integrations.zalo.transport import Transport
from scheduler.kinds import JobContext
from scheduler.renewal import renew
from store.clock import ManualClock


async def test_zalos_pair_is_renewed_while_nothing_is_sent(context: JobContext, clock: ManualClock) -> None:
    transport, sim = Transport(), ZaloSimulator(retry_scale=0.0001)
    async with sim.running():
        tokens = Tokens(context.database, clock, OAuth(transport, sim.url, APP_ID, APP_SECRET, ""))
        await tokens.replace(sim.tokens.access, sim.tokens.refresh)
        clock.advance(timedelta(hours=25) - RENEW_BEFORE + timedelta(minutes=1))
        first = sim.tokens.access
        await renew(replace(context, renewals=(tokens.keep_fresh,)))
        assert await tokens.access() == sim.tokens.access != first
        state = await context.database.read(read_state)
        assert state is not None and state.issued_at == clock.now()
        await tokens.close()
    await transport.close()


async def test_without_accounts_there_is_nothing_to_renew(context: JobContext) -> None:
    await renew(context)
