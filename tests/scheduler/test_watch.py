"""What is watched follows from the settings; the officers who are told read a chat."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from integrations.provider import Outgoing, Sent
from scheduler.watch import Watch
from store.clock import ManualClock
from store.settings import load_settings


class Telegram:
    """Takes everything."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []

    async def send(self, message: Outgoing) -> Sent:
        self.sent.append(message)
        return Sent("1")


def watch(clock: ManualClock, var: Path, providers: dict[str, Any], **settings: Any) -> Watch:
    return Watch.from_settings(load_settings(_env_file=None, **settings), providers, "Thái Nguyên", var, clock)


async def test_officers_read_alarms_in_their_chat(clock: ManualClock, tmp_path: Path) -> None:
    telegram = Telegram()
    made = watch(clock, tmp_path, {"telegram": telegram}, telegram_alarm_chat="-100200")
    assert made.sender is not None
    await made.sender.tell("Trời mưa.")
    (message,) = telegram.sent
    assert (message.address, message.reply.text, message.now) == ("-100200", "Trời mưa.", clock.now())
    assert (made.channels, made.quiet_hours, made.place) == (("telegram",), 4, "Thái Nguyên")


async def test_single_officers_read_their_own_chats(clock: ManualClock, tmp_path: Path) -> None:
    telegram = Telegram()
    public = {"public_url": "https://hotline.example", "telegram_webhook_secret": "x" * 32}
    made = watch(clock, tmp_path, {"telegram": telegram}, province="thanh-hoa", **public)
    assert made.notices is not None and made.sender is None
    await made.notices.tell("100", "Trời mưa.")
    assert [(message.address, message.reply.text) for message in telegram.sent] == [("100", "Trời mưa.")]
    assert (made.province, made.address) == ("thanh-hoa", "https://hotline.example")


@pytest.mark.parametrize("providers", [{}, {"telegram": Telegram()}], ids=["no bot", "no chat"])
def test_without_a_bot_or_a_chat_nobody_is_told(
    clock: ManualClock, tmp_path: Path, providers: dict[str, Telegram]
) -> None:
    chat = None if providers else "-100200"
    assert watch(clock, tmp_path, providers, telegram_alarm_chat=chat).sender is None


def test_the_disks_of_what_we_write_are_watched(clock: ManualClock, tmp_path: Path) -> None:
    var, elsewhere = tmp_path / "var", tmp_path / "data"
    for folder in (var, elsewhere):
        folder.mkdir()
    assert watch(clock, var, {}, database_url=f"sqlite:///{elsewhere}/hotline.db").volumes == (elsewhere, var)
    assert watch(clock, var, {}, database_url=f"sqlite:///{var}/hotline.db").volumes == (var,)
    assert watch(clock, var, {}, database_url="postgresql://somewhere/hotline").volumes == (var,)
