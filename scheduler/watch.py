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


class NoticeSender(Protocol):
    """How one officer is told."""

    async def tell(self, chat: str, text: str) -> None:
        """Bring `text` (Vietnamese, at most 4,000 characters) to the officer's `chat`. Raises SendFailed."""


class OfficerChats:
    """Officers read chats of a channel: `chat` is an address there."""

    def __init__(self, provider: Provider, clock: Clock) -> None:
        self.provider, self.clock = provider, clock

    async def tell(self, chat: str, text: str) -> None:
        await self.provider.send(Outgoing(chat, Reply(text), self.clock.now()))


class ChatOfficers:
    """The people on duty share one chat."""

    def __init__(self, chats: NoticeSender, chat: str) -> None:
        self.chats, self.chat = chats, chat

    async def tell(self, text: str) -> None:
        await self.chats.tell(self.chat, text)


@dataclass(frozen=True)
class Watch:
    """`channels`: those with an account. `quiet_hours`: so many working hours without an event are suspicious.

    `volumes`: folders whose disks must not fill. Without a `sender` the log is the only one who hears of an alarm.
    `place`: whose hotline this is, as the people on duty call it. `province`: whose office hours count; "": nobody's.
    `notices`: how single officers are told; without it they see what waits on the console's pages only. `address`: of
    this server, for links; None where nobody could open them. `least_balance`: đồng that should be left at an SMS
    gateway.
    """

    channels: tuple[str, ...] = ()
    quiet_hours: int = 4
    volumes: tuple[Path, ...] = ()
    sender: AlarmSender | None = None
    place: str = ""
    province: str = ""
    notices: NoticeSender | None = None
    address: str | None = None
    least_balance: int = 0

    @classmethod
    def from_settings(
        cls, settings: Settings, providers: Mapping[str, Provider], place: str, var: Path, clock: Clock
    ) -> Watch:
        """`var`: the folder that we write to. Officers are told where they have a Telegram chat and we a bot."""
        sender, notices, chat = None, None, settings.telegram_alarm_chat
        if "telegram" in providers:
            notices = OfficerChats(providers["telegram"], clock)
            sender = None if chat is None else ChatOfficers(notices, chat)
        volumes = {folder.resolve() for folder in (var, *_folder_of(settings)) if folder.is_dir()}
        return cls(
            channels=tuple(providers),
            quiet_hours=settings.quiet_webhook_hours,
            volumes=tuple(sorted(volumes)),
            sender=sender,
            place=place,
            province=settings.province,
            notices=notices,
            address=settings.public_url,
            least_balance=settings.sms_balance_least,
        )


def _folder_of(settings: Settings) -> list[Path]:
    """Where a database file is; a server's disk is its own machine's to watch."""
    url = make_url(settings.database_url.get_secret_value())
    return [Path(url.database).parent] if url.drivername == "sqlite" and url.database else []


NOTHING_WATCHED = Watch()
