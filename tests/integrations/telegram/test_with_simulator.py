"""The provider and the simulated Telegram together: what a person does arrives, what we send is on the phone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.errors import Fate, FetchFailed, SendFailed
from integrations.provider import Outgoing, OutgoingFile
from integrations.telegram import transport
from integrations.telegram.commands import COMMANDS
from integrations.telegram.provider import TelegramProvider
from integrations.telegram.sim_account import BOT_TOKEN, WEBHOOK_SECRET
from store.events import Event, Reachability, Unread
from store.messages import Button, File, InboundMessage, Kind, Reply
from tests.integrations.telegram.platform import Platform, hotline, picture, telegram

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@contextlib.asynccontextmanager
async def connected(public_url: str | None = None, **switches: Any) -> AsyncIterator[tuple[Platform, TelegramProvider]]:
    async with telegram(**switches) as platform:
        provider = TelegramProvider(BOT_TOKEN, platform.url, WEBHOOK_SECRET, public_url)
        yield platform, provider
        await provider.close()


async def send(provider: TelegramProvider, platform: Platform, reply: Reply, file: OutgoingFile | None = None) -> str:
    sent = await provider.send(Outgoing(platform.person.id, reply, NOW, file))
    assert sent.provider_message_id is not None
    return sent.provider_message_id


async def events(provider: TelegramProvider, offset: int | None = None) -> list[Event]:
    return [provider.read_update(update, NOW) for update in await provider.updates(offset, 0)]


async def only_message(provider: TelegramProvider) -> InboundMessage:
    (event,) = await events(provider)
    assert isinstance(event, InboundMessage)
    return event


async def test_a_button_is_offered_pressed_and_acknowledged() -> None:
    async with connected() as (platform, provider):
        buttons = tuple(Button(f"Nút {n}", f"/answer_survey_{n}") for n in range(9))
        message_id = await send(provider, platform, Reply("Chọn giúp em ạ: <1> & *2*", buttons))
        bubble = list(platform.person.bubbles)[-1]
        assert bubble.text == "Chọn giúp em ạ: <1> & *2*" and len(bubble.buttons) == 9
        pressed = platform.act("press", message_id=int(message_id), payload="/answer_survey_3")
        message = await only_message(provider)
        assert (message.address, message.payload) == (platform.person.id, "/answer_survey_3")
        assert message.acknowledge == pressed["callback_query_id"]
        await provider.acknowledge(message.acknowledge)
        assert platform.simulator.world.presses[message.acknowledge].answered
        platform.advance(seconds=60)
        await provider.acknowledge(message.acknowledge)  # too late is no trouble


async def test_what_a_person_sends_is_understood_and_fetched() -> None:
    async with connected() as (platform, provider):
        kinds = {
            "image": Kind.IMAGE,
            "voice": Kind.VOICE,
            "video": Kind.VIDEO,
            "file": Kind.FILE,
            "location": Kind.LOCATION,
            "contact": Kind.CONTACT_CARD,
        }
        for action in kinds:
            platform.act(action)
        messages = await events(provider)
        found = {
            message.attachments[0].kind: message.attachments[0]
            for message in messages
            if isinstance(message, InboundMessage)
        }
        assert list(found) == list(kinds.values())
        for attachment in found.values():
            if attachment.source:
                fetched = await provider.fetch(attachment.source, 20 << 20)
                assert len(fetched.content) == attachment.size
        with pytest.raises(FetchFailed) as caught:
            await provider.fetch(found[Kind.FILE].source, 10)
        assert caught.value.final


async def test_words_commands_and_stickers() -> None:
    async with connected() as (platform, provider):
        platform.act("start")
        platform.act("text", text="/start LK123456")
        platform.act("text", text="Xã tôi ai hỗ trợ?")
        platform.act("sticker")
        read = await events(provider)
        assert [(event.text, event.payload) for event in read if isinstance(event, InboundMessage)] == [
            ("/start", "/greet"),
            ("LK123456", None),
            ("Xã tôi ai hỗ trợ?", None),
            ("👍", None),
        ]


async def test_a_person_who_blocks_the_bot_is_known_by_event_and_by_error() -> None:
    async with connected() as (platform, provider):
        platform.act("block")
        (event,) = await events(provider)
        assert isinstance(event, Reachability) and not event.reachable
        with pytest.raises(SendFailed) as caught:
            await send(provider, platform, Reply("a"))
        assert caught.value.error.code == "telegram_blocked"
        platform.act("unblock")
        again = (await events(provider))[-1]
        assert isinstance(again, Reachability) and again.reachable
        await send(provider, platform, Reply("a"))


async def test_groups_and_edited_messages_are_left_alone() -> None:
    async with connected() as (platform, provider):
        said = platform.act("text", text="xã nào")
        await events(provider)
        platform.act("edit", message_id=said["message_id"], text="xã gì")  # we do not ask for such updates
        platform.act("group")
        read = await events(provider)
        assert len(read) >= 2 and isinstance(read[0], InboundMessage)
        assert all(isinstance(event, Unread) and not event.reason for event in read[1:])


async def test_pictures_and_documents_arrive() -> None:
    async with connected() as (platform, provider):
        await send(provider, platform, Reply("", image="/x.png"), OutgoingFile("x.png", "image/png", picture().content))
        await send(provider, platform, Reply("", file=File("/x.pdf", "Phiếu")), OutgoingFile("phiếu.pdf", "", b"%PDF-"))
        first, second = list(platform.person.bubbles)[-2:]
        assert first.media and first.media["kind"] == "image"
        assert second.media and (second.media["kind"], second.media["name"]) == ("file", "phiếu.pdf")


async def test_too_many_messages_to_one_chat_are_told_how_long_to_wait() -> None:
    async with connected() as (platform, provider):
        burst = provider.rate.chat_burst
        for _ in range(burst):
            await send(provider, platform, Reply("a"))
        with pytest.raises(SendFailed) as caught:
            await send(provider, platform, Reply("a"))
        assert caught.value.error.fate is Fate.BACK_OFF
        platform.advance(seconds=caught.value.after_seconds or 0)
        await send(provider, platform, Reply("a"))


@pytest.mark.parametrize(
    ("fault", "fate"),
    [
        ({"kind": "reset_after"}, Fate.UNCERTAIN),
        ({"kind": "timeout_after", "seconds": 5}, Fate.UNCERTAIN),
        ({"kind": "html"}, Fate.UNCERTAIN),
        ({"kind": "rate_limit", "seconds": 4}, Fate.BACK_OFF),
        ({"kind": "error", "code": 500}, Fate.RETRY),
        ({"kind": "error", "code": 401}, Fate.CHANNEL_DOWN),
    ],
)
async def test_the_platforms_faults_have_their_fates(
    fault: dict[str, Any], fate: Fate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "TOTAL_SECONDS", 0.3)
    async with connected() as (platform, provider):
        platform.simulator.faults.arm({**fault, "count": 1})
        with pytest.raises(SendFailed) as caught:
            await send(provider, platform, Reply("a"))
        assert caught.value.error.fate is fate
        taken = sum(bubble.text == "a" for bubble in platform.person.bubbles)
        assert taken == ("after" in fault["kind"])  # nothing that was taken is called anything but uncertain


async def test_the_menu_is_in_vietnamese() -> None:
    async with connected() as (platform, provider):
        await provider.set_up()
        menu = platform.simulator.world.commands_in(platform.person)
        assert menu == [{"command": command.name, "description": command.description} for command in COMMANDS]


async def test_the_webhook_that_was_set_up_brings_genuine_updates() -> None:
    async with hotline() as heard, connected(heard.url.removesuffix("/webhooks/telegram")) as (platform, provider):
        platform.advance(seconds=5)  # a webhook may be changed once a second
        await provider.set_up()
        platform.act("text", text="alo")
        async with asyncio.timeout(5):
            while not heard.updates:
                await asyncio.sleep(0.01)
        assert heard.headers[0]["x-telegram-bot-api-secret-token"] == WEBHOOK_SECRET
        event = provider.read_update(heard.updates[0], NOW)
        assert isinstance(event, InboundMessage) and event.text == "alo"
        with pytest.raises(SendFailed) as caught:
            await provider.updates(None, 0)
        assert caught.value.error.code == "telegram_conflict"
