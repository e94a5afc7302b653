"""A hotline between two simulated platforms; time and work are the test's, the platforms' chats are the witness."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiohttp import web

from bench.outages.echo_dialogue import echo
from bench.outages.reconciliation import Person, Verdict, reconcile
from bench.outages.run import admitted_by
from bot.intake import Intake
from bot.polling import CHANNEL
from bot.sender import Sender
from integrations.simulation.people import Wish
from integrations.simulation.simulator import Simulator
from integrations.telegram.provider import TelegramProvider
from integrations.telegram.simulator import TelegramSimulator
from integrations.zalo.simulator import ZaloSimulator
from tests.bot.conftest import Bot, turn_answer

# Enough moments for every wait there is: echoes, leases, retries.
ROUNDS = 90
ENOUGH_SECONDS = 60.0  # of real time; nobody waits so long unless something is broken


@dataclass
class Street:
    """A hotline between two platforms, whose time and work the test drives."""

    bot: Bot
    sender: Sender
    intake: Intake
    zalo: ZaloSimulator
    telegram: TelegramSimulator
    provider: TelegramProvider
    url: str

    def write(self, simulator: Simulator[Any], person: Any, text: str) -> None:
        simulator.actions["text"](person, Wish({"text": text}))

    async def round(self, seconds: float = 2.0) -> None:
        """A moment passes everywhere; then everybody does what is due."""
        for clock in (self.bot.clock, self.zalo.clock, self.telegram.clock):
            clock.advance(timedelta(seconds=seconds))
        await self.zalo.deliverer.settle(ENOUGH_SECONDS)
        await self.poll()
        await self.bot.work()
        await self.sender.deliver_due()

    async def poll(self) -> None:
        now = self.bot.clock.now()
        found = await self.provider.updates(None, 0)
        await self.intake.take(CHANNEL, [self.provider.read_update(update, now) for update in found])
        if found:
            await self.provider.updates(max(update["update_id"] for update in found) + 1, 0)

    async def verdict(self) -> Verdict:
        people = [
            Person(
                simulator.provider,
                person.id,
                tuple(bubble.text for bubble in person.bubbles if bubble.side == "person"),
                tuple(bubble.text for bubble in person.bubbles if bubble.side == "account"),
            )
            for simulator in (self.zalo, self.telegram)
            for person in simulator.people
        ]
        return reconcile(people, await self.bot.database.read(admitted_by))


async def say_back(request: dict[str, Any]) -> web.Response:
    said = request["text"] if request["payload"] is None else request["payload"]["intent"]
    return turn_answer(echo(said))


async def converse(street: Street, messages: int, seed: int = 148, during: Any = None) -> Verdict:
    """Everybody writes at once, in bursts; afterwards there is time until nothing is under way."""
    chance = random.Random(seed)
    people = [(street.zalo, person) for person in street.zalo.people]
    people += [(street.telegram, person) for person in street.telegram.people]
    for number in range(messages):
        simulator, person = chance.choice(people)
        street.write(simulator, person, f"câu hỏi của cửa hàng kể từ dòng {number}")
        if chance.random() < 0.3:
            await street.round()
            if during is not None:
                during(chance)
    for simulator in (street.zalo, street.telegram):
        simulator.faults.clear()
    for _ in range(ROUNDS):
        await street.round()
    return await street.verdict()
