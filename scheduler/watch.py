"""What the alarms look at besides the database, and who hears of them. Made by the composition (hotline/app.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import make_url

from integrations.provider import Outgoing, Provider
from store.clock import Clock
from store.messages import Reply
from store.settings import Settings


class AlarmSender(Protocol):
    """How the people on duty are told."""

    async def tell(self, text: str) -> None:
        """Bring `text` (Vietnamese, at most 1,500 characters) to them. Raises SendFailed; then it is tried again."""


class ChatOfficers:
    """The people on duty read a chat of a channel: `chat` is its address there."""

    def __init__(self, provider: Provider, chat: str, clock: Clock) -> None:
        self.provider, self.chat, self.clock = provider, chat, clock

    async def tell(self, text: str) -> None:
        await self.provider.send(Outgoing(self.chat, Reply(text), self.clock.now()))


@dataclass(frozen=True)
class Watch:
    """`channels`: those with an account. `quiet_hours`: so many working hours without an event are suspicious.

    `volumes`: folders whose disks must not fill. Without a `sender` the log is the only one who hears of an alarm.
    `place`: whose hotline this is, as the people on duty call it.
    """

    channels: tuple[str, ...] = ()
    quiet_hours: int = 4
    volumes: tuple[Path, ...] = ()
    sender: AlarmSender | None = None
    place: str = ""

    @classmethod
    def from_settings(
        cls, settings: Settings, providers: Mapping[str, Provider], place: str, var: Path, clock: Clock
    ) -> Watch:
        """`var`: the folder that we write to. Officers are told where they have a Telegram chat and we a bot."""
        sender, chat = None, settings.telegram_alarm_chat
        if chat is not None and "telegram" in providers:
            sender = ChatOfficers(providers["telegram"], chat, clock)
        volumes = {folder.resolve() for folder in (var, *_folder_of(settings)) if folder.is_dir()}
        return cls(tuple(providers), settings.quiet_webhook_hours, tuple(sorted(volumes)), sender, place)


def _folder_of(settings: Settings) -> list[Path]:
    """Where a database file is; a server's disk is its own machine's to watch."""
    url = make_url(settings.database_url.get_secret_value())
    return [Path(url.database).parent] if url.drivername == "sqlite" and url.database else []


NOTHING_WATCHED = Watch()
