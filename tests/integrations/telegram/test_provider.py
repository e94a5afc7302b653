"""What goes out to Telegram, and what follows from each of its answers."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import subprocess
import sys
import traceback
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from integrations.errors import Fate, FetchFailed, SendFailed
from integrations.provider import Outgoing, OutgoingFile
from integrations.telegram import transport
from integrations.telegram.commands import COMMANDS
from integrations.telegram.errors import ERRORS, HARMLESS, TABLE
from integrations.telegram.provider import TelegramProvider
from store.messages import Button, File, Reply, Source
from store.settings import load_settings
from tests.integrations.telegram.conftest import TOKEN, Answer, BotApi, message, ok, refusal, said

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
OWNER = "5012345678"


def outgoing(reply: Reply, file: OutgoingFile | None = None) -> Outgoing:
    return Outgoing(OWNER, reply, NOW, file)


async def refused(provider: TelegramProvider) -> SendFailed:
    with pytest.raises(SendFailed) as caught:
        await provider.send(outgoing(Reply("Dạ em chào cô/bác!")))
    return caught.value


async def test_a_text_goes_out_as_plain_text_with_a_button_a_row(provider: TelegramProvider, api: BotApi) -> None:
    buttons = (Button("Gặp cán bộ", "/request_person"), Button("Xem <menu> & hỏi", "/open_menu"))
    sent = await provider.send(outgoing(Reply("5 < 7 & *đậm* _nghiêng_", buttons)))
    ((method, fields),) = api.calls
    assert method == "sendmessage" and sent.provider_message_id == "91" and sent.state == {}
    assert fields["chat_id"] == OWNER and fields["text"] == "5 < 7 & *đậm* _nghiêng_" and "parse_mode" not in fields
    assert json.loads(fields["reply_markup"])["inline_keyboard"] == [
        [{"text": "Gặp cán bộ", "callback_data": "/request_person"}],
        [{"text": "Xem <menu> & hỏi", "callback_data": "/open_menu"}],
    ]
    assert json.loads(fields["link_preview_options"]) == {"is_disabled": True}


async def test_buttons_that_do_not_fit_become_a_list_and_sources_are_named(
    provider: TelegramProvider, api: BotApi
) -> None:
    long = Button("Cửa hàng của tôi chưa có phần mềm bán hàng nào cả và cũng chưa có ai chỉ", "/open_menu")
    await provider.send(outgoing(Reply("Chọn:", (long,), (Source("Quyết định 1", "Điều 2"),))))
    fields = api.calls[0][1]
    assert fields["text"] == f"Chọn:\n1. {long.title}\n(Nguồn: Quyết định 1, Điều 2)" and "reply_markup" not in fields


async def test_a_picture_and_a_document_are_uploaded(provider: TelegramProvider, api: BotApi) -> None:
    picture, sheet = (
        OutgoingFile("kết quả.png", "image/png", b"\x89PNG"),
        OutgoingFile("a.pdf", "application/pdf", b"%"),
    )
    await provider.send(outgoing(Reply("", image="/survey/x.png"), picture))
    await provider.send(outgoing(Reply("", file=File("/survey/x.pdf", "Phiếu")), sheet))
    (first, photo), (second, document) = api.calls
    assert (first, second) == ("sendphoto", "senddocument")
    assert photo["photo"] == ("kết quả.png", "image/png", b"\x89PNG") and photo["chat_id"] == OWNER
    assert document["document"] == ("a.pdf", "application/pdf", b"%") and "caption" not in document


async def test_many_messages_are_under_way_at_once(provider: TelegramProvider, api: BotApi) -> None:
    together = asyncio.Barrier(32)

    async def wait_for_all(request: web.Request) -> web.Response:
        await together.wait()
        return ok(message())(request)

    api.answers["sendmessage"] = wait_for_all
    async with asyncio.timeout(5):
        await asyncio.gather(*(provider.send(outgoing(Reply("a"))) for _ in range(32)))


FATES = [
    (400, "Bad Request: chat not found", "telegram_chat_not_found", Fate.UNREACHABLE),
    (400, "Bad Request: PEER_ID_INVALID", "telegram_chat_not_found", Fate.UNREACHABLE),
    (400, "Bad Request: message is too long", "telegram_too_long", Fate.REFUSED),
    (400, "Bad Request: message caption is too long", "telegram_too_long", Fate.REFUSED),
    (400, "Bad Request: message text is empty", "telegram_empty", Fate.REFUSED),
    (400, "Bad Request: can't parse entities: Can't find end", "telegram_cannot_parse", Fate.REFUSED),
    (400, "Bad Request: BUTTON_DATA_INVALID", "telegram_button", Fate.REFUSED),
    (400, "Bad Request: file is too big", "telegram_file_too_big", Fate.REFUSED),
    (400, "Bad Request: message is not modified: specified…", "telegram_not_modified", Fate.REFUSED),
    (400, "Bad Request: query is too old and response timeout expired", "telegram_press_too_old", Fate.REFUSED),
    (400, "Bad Request: group chat was upgraded to a supergroup chat", "telegram_migrated", Fate.REFUSED),
    (400, "Bad Request: SOMETHING_NEW", "telegram_400", Fate.REFUSED),
    (401, "Unauthorized", "telegram_token", Fate.CHANNEL_DOWN),
    (401, "Unauthorized: invalid token specified", "telegram_token", Fate.CHANNEL_DOWN),
    (403, "Forbidden: bot was blocked by the user", "telegram_blocked", Fate.UNREACHABLE),
    (403, "Forbidden: user is deactivated", "telegram_deactivated", Fate.UNREACHABLE),
    (403, "Forbidden: bot was kicked from the group chat", "telegram_kicked", Fate.UNREACHABLE),
    (403, "Forbidden: bot can't initiate conversation with a user", "telegram_not_started", Fate.UNREACHABLE),
    (403, "Forbidden: something new", "telegram_403", Fate.UNREACHABLE),
    (404, "Not Found", "telegram_token", Fate.CHANNEL_DOWN),
    (409, "Conflict: terminated by other getUpdates request", "telegram_conflict", Fate.RETRY),
    (413, "Request Entity Too Large", "telegram_file_too_big", Fate.REFUSED),
    (418, "I'm new here", "telegram_refused", Fate.REFUSED),
    (429, "Too Many Requests: retry after 7", "telegram_429", Fate.BACK_OFF),
    (500, "Internal Server Error", "telegram_5xx", Fate.RETRY),
    (502, "Bad Gateway", "telegram_5xx", Fate.RETRY),
]
ALARMING = {"telegram_token", "telegram_conflict", "telegram_migrated"}


@pytest.mark.parametrize(("status", "description", "code", "fate"), FATES)
async def test_each_refusal_has_its_fate(
    provider: TelegramProvider, api: BotApi, status: int, description: str, code: str, fate: Fate
) -> None:
    api.answers["sendmessage"] = refusal(status, description)
    failed = await refused(provider)
    assert (failed.error.code, failed.error.fate) == (code, fate)
    assert failed.error.alarm == (code in ALARMING)


def test_no_entry_of_the_table_is_untested() -> None:
    assert {error.code for *_, error in TABLE} <= {code for *_, code, _ in FATES}
    assert HARMLESS <= {code for *_, code, _ in FATES} <= ERRORS.keys()


def test_the_vocabulary_is_had_without_the_library() -> None:
    program = "import sys, integrations.telegram.errors; sys.exit('telegram' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(
    ("parameters", "seconds"),
    [({"retry_after": 7}, 7), ({"retry_after": 0}, 1), ({"retry_after": "x"}, 1), ({}, 1), ({"retry_after": -3}, 1)],
)
async def test_a_message_that_came_too_fast_waits_as_long_as_telegram_says(
    provider: TelegramProvider, api: BotApi, parameters: dict[str, Any], seconds: float
) -> None:
    api.answers["sendmessage"] = refusal(429, "Too Many Requests", **parameters)
    failed = await refused(provider)
    assert (failed.error.fate, failed.after_seconds) == (Fate.BACK_OFF, seconds)


def reset(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return ok()(request)


NO_ANSWERS: dict[str, Answer] = {
    "html": said(502, body="<html>Bad Gateway</html>"),
    "html with 200": said(body="<html>"),
    "empty": said(),
    "a list": said(body="[1]"),
    "somebody else's json": said(503, body='{"error":"proxy"}'),
    "no message": ok({"message_id": 91}),
    "nothing": ok(None),
    "a redirect": said(302, Location="/elsewhere"),
    "a reset": reset,
}


@pytest.mark.parametrize("answer", NO_ANSWERS)
async def test_without_a_readable_answer_it_is_uncertain(provider: TelegramProvider, api: BotApi, answer: str) -> None:
    api.answers["sendmessage"] = NO_ANSWERS[answer]
    assert (await refused(provider)).error.fate is Fate.UNCERTAIN
    assert len(api.calls) == 1  # and nothing is sent again by itself


async def test_silence_after_taking_the_message_is_uncertain(
    provider: TelegramProvider, api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = asyncio.Event()

    async def silence(request: web.Request) -> web.Response:
        await released.wait()
        return ok()(request)

    monkeypatch.setattr(transport, "TOTAL_SECONDS", 0.05)
    api.answers["sendmessage"] = silence
    assert (await refused(provider)).error.fate is Fate.UNCERTAIN
    released.set()


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def test_without_a_connection_it_is_certainly_not_sent() -> None:
    provider = TelegramProvider(TOKEN, f"http://127.0.0.1:{closed_port()}")
    failed = await refused(provider)
    assert (failed.error.code, failed.error.fate) == ("telegram_not_sent", Fate.RETRY)
    await provider.close()


async def test_a_pressed_button_is_acknowledged_and_trouble_with_it_is_no_trouble(
    provider: TelegramProvider, api: BotApi
) -> None:
    await provider.acknowledge("21528")
    assert api.calls == [("answercallbackquery", {"callback_query_id": "21528"})]
    for answer in (refusal(400, "Bad Request: query is too old"), refusal(500, "x"), said(body="<html>")):
        api.answers["answercallbackquery"] = answer
        await provider.acknowledge("21528")


def described(path: str | None = "photos/file 1.jpg", size: int | None = 4) -> Answer:
    return ok({"file_id": "AgAC", "file_unique_id": "AQ", "file_size": size, "file_path": path})


async def test_a_file_is_fetched_through_its_path(provider: TelegramProvider, api: BotApi) -> None:
    api.answers["getfile"] = described()
    api.files["photos/file 1.jpg"] = said(body=b"\xff\xd8\xff\xe0")
    assert (await provider.fetch("AgAC", 4)).content == b"\xff\xd8\xff\xe0"
    assert api.calls == [("getfile", {"file_id": "AgAC"})]


@pytest.mark.parametrize("size", [5, 3, None])  # as announced, and when the announcement is wrong or missing
async def test_a_file_that_is_too_big_is_never_fetched(
    provider: TelegramProvider, api: BotApi, size: int | None
) -> None:
    api.answers["getfile"] = described(size=size)
    api.files["photos/file 1.jpg"] = said(body=b"12345")
    with pytest.raises(FetchFailed) as caught:
        await provider.fetch("AgAC", 4)
    assert (caught.value.code, caught.value.final) == ("telegram_file_too_big", True)


@pytest.mark.parametrize(
    ("answer", "code", "final"),
    [
        (refusal(400, "Bad Request: file is too big"), "telegram_file_too_big", True),
        (refusal(400, "Bad Request: invalid file_id"), "telegram_400", True),
        (refusal(429, "Too Many Requests"), "telegram_429", False),
        (refusal(401, "Unauthorized"), "telegram_token", False),
        (said(body="<html>"), "telegram_no_answer", False),
        (described(None), "telegram_no_path", False),
        (described("gone/file.jpg"), "telegram_file_404", False),
    ],
)
async def test_a_file_that_cannot_be_had_says_whether_trying_again_helps(
    provider: TelegramProvider, api: BotApi, answer: Answer, code: str, final: bool
) -> None:
    api.answers["getfile"] = answer
    with pytest.raises(FetchFailed) as caught:
        await provider.fetch("AgAC", 100)
    assert (caught.value.code, caught.value.final) == (code, final)


async def test_a_download_that_breaks_off_is_tried_again(provider: TelegramProvider, api: BotApi) -> None:
    api.answers["getfile"] = described()
    api.files["photos/file 1.jpg"] = said(500, body=b"1")
    with pytest.raises(FetchFailed) as caught:
        await provider.fetch("AgAC", 100)
    assert not caught.value.final


async def test_with_a_public_address_the_webhook_is_registered(api: BotApi) -> None:
    provider = TelegramProvider(TOKEN, api.url, "s3cret", "https://hotline.example.vn")
    await provider.set_up()
    methods = dict(api.calls)
    assert list(methods) == ["setmycommands", "setwebhook"]
    assert methods["setwebhook"]["url"] == "https://hotline.example.vn/webhooks/telegram"
    assert methods["setwebhook"]["secret_token"] == "s3cret"
    assert json.loads(methods["setwebhook"]["allowed_updates"]) == ["message", "callback_query", "my_chat_member"]
    assert methods["setwebhook"]["max_connections"] == "40"
    await provider.close()


async def test_without_one_the_webhook_is_ended_and_the_commands_are_told(
    provider: TelegramProvider, api: BotApi
) -> None:
    await provider.set_up()
    assert [method for method, _ in api.calls] == ["setmycommands", "setmycommands", "deletewebhook"]
    assert [fields.get("language_code") for _, fields in api.calls[:2]] == [None, "vi"]
    told = [command["command"] for command in json.loads(api.calls[0][1]["commands"])]
    assert told == [command.name for command in COMMANDS]
    assert "drop_pending_updates" not in api.calls[2][1]  # what people wrote meanwhile is not thrown away


async def test_a_wrong_token_is_told_when_setting_up(api: BotApi) -> None:
    provider = TelegramProvider("1:wrong", api.url)
    with pytest.raises(SendFailed) as caught:
        await provider.set_up()
    assert caught.value.error.code == "telegram_token"
    await provider.close()


async def test_the_settings_make_the_provider(api: BotApi) -> None:
    settings = load_settings(telegram_bot_token=TOKEN, telegram_api_url=api.url, telegram_webhook_secret="s3cret")
    provider = TelegramProvider.from_settings(settings)
    await provider.send(outgoing(Reply("a")))
    await provider.close()
    with pytest.raises(ValueError, match="TELEGRAM_BOT_TOKEN"):
        TelegramProvider.from_settings(load_settings())


async def test_an_update_is_polled_as_it_is(provider: TelegramProvider, api: BotApi) -> None:
    odd = {"update_id": 7, "message": {"chat": 5}}
    api.answers["getupdates"] = ok([odd])
    assert await provider.updates(7, 25) == [odd]
    fields = api.calls[0][1]
    assert (fields["offset"], fields["timeout"]) == ("7", "25")
    assert json.loads(fields["allowed_updates"]) == ["message", "callback_query", "my_chat_member"]
    assert await provider.updates(None, 25) == [odd]
    assert "offset" not in api.calls[1][1]


@pytest.mark.parametrize("answer", [ok({}), ok([1]), said(body="<html>")])
async def test_what_are_no_updates_is_no_answer(provider: TelegramProvider, api: BotApi, answer: Answer) -> None:
    api.answers["getupdates"] = answer
    with pytest.raises(SendFailed):
        await provider.updates(None, 1)


async def test_the_token_and_the_words_are_in_no_log_and_no_error(
    api: BotApi, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    words = "Lời riêng của chủ cửa hàng"
    api.answers["getfile"] = described("gone.jpg")
    answers = [refusal(401, f"Unauthorized {TOKEN}"), *NO_ANSWERS.values()]
    for url in (api.url, f"http://127.0.0.1:{closed_port()}"):
        provider = TelegramProvider(TOKEN, url)
        for answer in answers:
            api.answers["sendmessage"] = api.answers["answercallbackquery"] = answer
            for call in (
                provider.send(outgoing(Reply(words))),
                provider.updates(None, 0),
                provider.fetch("AgAC", 9),
                provider.set_up(),
                provider.acknowledge("1"),
            ):
                try:
                    await call
                except (SendFailed, FetchFailed) as error:
                    logging.getLogger("hotline.tests").error("failed", exc_info=error)
                    assert TOKEN not in "".join(traceback.format_exception(error)) + repr(error)
        assert TOKEN not in repr(provider)
        await provider.close()
    heard = caplog.text + "".join(capfd.readouterr())
    assert TOKEN not in heard and words not in heard and len(caplog.records) > 30


def test_the_rates_are_telegrams() -> None:
    provider = TelegramProvider
    assert provider.limits.text == 4096 and provider.limits.utf16 and provider.limits.buttons == 100
    assert provider.rate.per_second == 30 and provider.rate.chat_seconds == 1 and not provider.echoes
    assert timedelta(seconds=transport.TOTAL_SECONDS) < timedelta(seconds=10)
