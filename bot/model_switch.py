"""Which model answers, in this process: what the database says, within a second, also after a restart.

Every turn names its model (bot/dialogue.py), so a switch is between two turns: one under way ends with the model it
began with, nothing waits and nothing is lost. The service loads a model beside the one that answers.
"""

from __future__ import annotations

from functools import partial

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.dialogue import Dialogue, DialogueUnavailable
from bot.wakeups import Wakeups
from programme import trained_models
from programme.trained_models import Activation, NotSwitchable
from store.audit import Actor, record
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database
from store.logs import get_logger

log = get_logger("bot.model_switch")

# Wake-ups: another model answers; a training was asked for.
MODEL, TRAINING = "model", "training"
LOOK_SECONDS = 0.8


class ModelSwitch:
    """`release`: of the files of this process; a model of other files is not followed."""

    def __init__(
        self, database: Database, clock: Clock, keyring: Keyring, wakeups: Wakeups, dialogue: Dialogue, release: str
    ) -> None:
        self.database, self.clock, self.keyring = database, clock, keyring
        self.wakeups, self.dialogue, self.release = wakeups, dialogue, release
        self._missing: str | None = None  # said once in the log

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            news = self.wakeups.listen(MODEL)
            try:
                await self.follow()
            except SQLAlchemyError:
                log.exception("model_unknown_now")  # the one that answers goes on
            await self.wakeups.wait(news, LOOK_SECONDS)

    async def follow(self) -> None:
        """One look: let the live model answer, once the service has it."""
        live = await self.database.read(trained_models.live)
        if live is not None and live.model.release == self.release and live.model.name != self.dialogue.model:
            await self._let_answer(live.model.name)

    async def switch(self, name: str, actor: Actor, officer_id: int | None, why: str = "chosen") -> bool:
        """Let the model `name` answer from now on, everywhere; False when it did already.

        The service has it before anything is written. Raises NotSwitchable (also model_missing: its archive is gone)
        and DialogueUnavailable.
        """
        await self.database.read(partial(self._check, name))
        if not await self.dialogue.fetch_model(name):
            raise NotSwitchable("model_missing")
        now = self.clock.now()

        def work(connection: Connection) -> bool:
            model = trained_models.switchable(connection, name, self.release)
            is_new = trained_models.activate(connection, model.id, why, officer_id, now)
            if is_new:
                record(connection, self.keyring, now, actor, "model.activated", f"model {name}", {"why": why})
            return is_new

        is_new = await self.database.run(work)
        self.dialogue.model = name
        self.wakeups.notify(MODEL)
        return is_new

    async def back(self, actor: Actor, officer_id: int | None, from_: str) -> str:
        """Let the model before `from_` (the live one that was seen) answer again; its name.

        A second press finds another live model, and changes nothing. Raises as `switch` does.
        """

        def read(connection: Connection) -> tuple[Activation | None, str | None]:
            model = trained_models.before(connection, self.release)
            return trained_models.live(connection), model.name if model else None

        live, name = await self.database.read(read)
        if live is not None and live.model.name != from_:
            return live.model.name
        if name is None:
            raise NotSwitchable("nothing_before")
        await self.switch(name, actor, officer_id)
        return name

    async def _let_answer(self, name: str) -> None:
        try:
            is_there = await self.dialogue.fetch_model(name)
        except DialogueUnavailable:
            # It is down or starting: its own model answers until it has the live one, which every turn asks for
            is_there = True
        if is_there:
            self.dialogue.model, self._missing = name, None
            log.info("model_followed", model=name)
        elif self._missing != name:
            self._missing = name
            log.error("model_missing", model=name)

    def _check(self, name: str, connection: Connection) -> None:
        trained_models.switchable(connection, name, self.release)
