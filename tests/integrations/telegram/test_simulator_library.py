"""The real python-telegram-bot against the simulator: a client that knows nothing of it finds Telegram."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from telegram import Bot, BotCommand, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, RetryAfter, TelegramError

from integrations.simulation.people import Upload
from integrations.telegram.sim_account import BOT_TOKEN, BOT_USERNAME

from .platform import Platform, hotline, picture, telegram

KEYBOARD = InlineKeyboardMarkup([[InlineKeyboardButton("Có", callback_data="/yes")]])


def bot_of(platform: Platform, token: str = BOT_TOKEN) -> Bot:
    return Bot(token, base_url=f"{platform.url}/bot", base_file_url=f"{platform.url}/file/bot")


@contextlib.asynccontextmanager
async def connected() -> AsyncIterator[tuple[Platform, Bot, int]]:
    async with telegram() as platform, bot_of(platform) as bot:
        yield platform, bot, platform.person.number


async def test_it_starts_and_sets_its_commands() -> None:
    async with connected() as (_, bot, _chat):
        assert bot.username == BOT_USERNAME
        commands = [BotCommand("canbo", "Gặp cán bộ")]
        assert await bot.set_my_commands(commands, language_code="vi")
        assert list(await bot.get_my_commands(language_code="vi")) == commands


async def test_a_wrong_token_is_refused() -> None:
    async with telegram() as platform:
        bot = bot_of(platform, "1:x")
        with pytest.raises(InvalidToken):
            await bot.initialize()
        await bot.shutdown()


async def test_a_message_with_buttons_is_sent_pressed_answered_and_edited() -> None:
    async with connected() as (platform, bot, chat):
        await bot.send_chat_action(chat, ChatAction.TYPING)
        sent = await bot.send_message(chat, "<b>Đúng</b> không?", ParseMode.HTML, reply_markup=KEYBOARD)
        assert (sent.text, sent.reply_markup) == ("Đúng không?", KEYBOARD)
        platform.act("press", message_id=sent.message_id, payload="/yes")
        query = (await bot.get_updates(timeout=5))[0].callback_query
        assert query is not None and (query.data, query.from_user.id) == ("/yes", chat)
        assert await query.answer("Đã nhận")
        edited = await bot.edit_message_text("Cảm ơn", chat, sent.message_id)
        assert not isinstance(edited, bool) and edited.reply_markup is None
        with pytest.raises(BadRequest, match="not modified"):
            await bot.edit_message_text("Cảm ơn", chat, sent.message_id)


async def test_errors_come_as_the_librarys_own() -> None:
    async with connected() as (platform, bot, chat):
        for _ in range(3):
            await bot.send_message(chat, "x")
        with pytest.raises(RetryAfter) as wait:
            await bot.send_message(chat, "x")
        assert wait.value.retry_after in (1, timedelta(seconds=1))
        with pytest.raises(BadRequest, match="Chat not found"):
            await bot.send_message(1, "x")
        group = platform.simulator.people.find(platform.act("group")["id"])
        successor = int(platform.act("migrate", group)["id"])
        with pytest.raises(ChatMigrated) as migrated:
            await bot.send_message(group.number, "x")
        assert migrated.value.new_chat_id == successor
        platform.act("block")
        with pytest.raises(Forbidden, match="blocked by the user"):
            await bot.send_message(chat, "x")


async def test_every_kind_of_message_is_read() -> None:
    async with connected() as (platform, bot, chat):
        sound, paper = Upload("a.ogg", "audio/ogg", b"OggS"), Upload("đơn.pdf", "application/pdf", b"%PDF")
        platform.act("text", text="/start")
        platform.act("image", upload=picture(), text="bảng hiệu")
        platform.act("voice", upload=sound, seconds=9)
        platform.act("video", upload=Upload("a.mp4", "video/mp4", b"mp4"))
        platform.act("file", upload=paper)
        platform.act("location", latitude=21.5, longitude=105.8)
        platform.act("contact", phone="84912345678")
        platform.act("sticker")
        platform.act("block")
        platform.act("unblock")
        updates = await bot.get_updates(allowed_updates=["message", "my_chat_member"])
        messages = [update.message for update in updates if update.message]
        assert messages[0].entities[0].type == "bot_command"
        assert [size.width for size in messages[1].photo] == [90, 200] and messages[1].caption == "bảng hiệu"
        assert messages[2].voice and messages[2].voice.duration in (9, timedelta(seconds=9))
        assert messages[3].video and messages[3].video.mime_type == "video/mp4"
        assert messages[4].document and messages[4].document.file_name == "đơn.pdf"
        assert messages[5].location and messages[5].location.latitude == 21.5
        assert messages[6].contact and messages[6].contact.user_id == chat
        assert messages[7].sticker and messages[7].sticker.emoji == "👍"
        changes = [update.my_chat_member.new_chat_member.status for update in updates if update.my_chat_member]
        assert changes == ["kicked", "member"]
        file = await bot.get_file(messages[4].document)
        assert bytes(await file.download_as_bytearray()) == paper.content


async def test_pictures_and_files_are_sent() -> None:
    async with connected() as (_, bot, chat):
        photo = await bot.send_photo(chat, picture().content, caption="Kết quả")
        assert photo.photo[-1].width == 200
        document = await bot.send_document(chat, b"%PDF", filename="bang.pdf")
        assert document.document and document.document.file_name == "bang.pdf"


async def test_a_webhook_is_set_and_taken_away() -> None:
    async with connected() as (platform, bot, _), hotline() as heard:
        await bot.set_webhook(heard.url, secret_token="bi-mat", allowed_updates=["message"], max_connections=5)
        assert (await bot.get_webhook_info()).max_connections == 5
        with pytest.raises(Conflict):
            await bot.get_updates()
        platform.act("text", text="Chào")
        await platform.simulator.postman.settle()
        assert heard.texts == ["Chào"]
        platform.advance(seconds=1)
        assert await bot.delete_webhook()
        assert (await bot.get_webhook_info()).url == ""


async def test_two_pollers_find_each_other() -> None:
    async with connected() as (platform, bot, _), bot_of(platform) as other:
        first = asyncio.ensure_future(bot.get_updates(timeout=30))
        await asyncio.sleep(0.1)
        second = asyncio.ensure_future(other.get_updates(timeout=30))
        with pytest.raises(Conflict):
            await first
        platform.act("text", text="x")
        assert len(await second) == 1


async def test_a_fault_strikes_before_or_after_the_message_was_taken() -> None:
    async with connected() as (platform, bot, chat):
        accepted = platform.simulator.journal
        for kind, taken in (("reset_before", 0), ("reset_after", 1), ("http_502", 1), ("html", 1)):
            platform.simulator.faults.arm({"kind": kind, "count": 1, "path": "sendMessage"})
            with pytest.raises(TelegramError):
                await bot.send_message(chat, "x")
            assert len(accepted.of("accepted")) == taken, kind
        platform.simulator.faults.arm({"kind": "rate_limit", "count": 1, "seconds": 7})
        with pytest.raises(RetryAfter):
            await bot.send_message(chat, "x")
        platform.simulator.faults.arm({"kind": "error", "count": 1, "code": 403})
        with pytest.raises(Forbidden, match="blocked"):
            await bot.send_message(chat, "x")
