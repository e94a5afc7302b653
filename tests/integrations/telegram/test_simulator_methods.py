"""The simulated Bot API over HTTP: what it takes, what it refuses and in which words (rules T1–T3, T5, T6, T9, T10)."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from integrations.simulation.people import Upload
from integrations.telegram.sim_account import BOT_TOKEN

from .platform import Platform, picture, telegram

KEYBOARD = {"inline_keyboard": [[{"text": "Có", "callback_data": "/yes"}, {"text": "Không", "callback_data": "/no"}]]}
TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"


def to(platform: Platform) -> dict[str, Any]:
    return {"chat_id": platform.person.number}


# ---- T1: paths and bodies


async def test_parameters_come_by_query_form_multipart_or_json_and_the_methods_case_does_not_matter() -> None:
    async with telegram(limits=False) as platform:
        address, chat = f"{platform.url}/bot{BOT_TOKEN}", str(platform.person.number)
        multipart = aiohttp.FormData({"chat_id": chat, "text": "bốn"}, default_to_multipart=True)
        nested = {"chat_id": chat, "text": "ba", "reply_markup": json.dumps(KEYBOARD)}
        for ask in (
            platform.http.get(f"{address}/sendmessage", params={"chat_id": chat, "text": "một"}),
            platform.http.post(f"{address}/SENDMESSAGE", params={"chat_id": chat}, json={"text": "hai"}),
            platform.http.post(f"{address}/sendMessage", data=nested),
            platform.http.post(f"{address}/sendMessage", data=multipart),
        ):
            async with ask as answer:
                assert answer.status == 200
        accepted = platform.simulator.journal.of("accepted")
        assert [entry["text"] for entry in accepted] == ["một", "hai", "ba", "bốn"]
        assert platform.person.messages[3]["reply_markup"] == KEYBOARD


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'{"text": "\\ud83d"}'])
async def test_a_body_that_cannot_be_read_is_a_bad_request(body: bytes) -> None:
    async with telegram() as platform:
        headers = {"Content-Type": "application/json"}
        address = f"{platform.url}/bot{BOT_TOKEN}/sendMessage"
        async with platform.http.post(address, data=body, headers=headers) as answer:
            assert (answer.status, (await answer.json())["error_code"]) == (400, 400)


# ---- T2: tokens and paths


@pytest.mark.parametrize(
    ("path", "code", "description"),
    [
        ("/botabc/getMe", 401, "Unauthorized: invalid token specified"),
        (f"/bot{BOT_TOKEN[:-1]}X/getMe", 401, "Unauthorized"),
        ("/botabc/getMe/more", 404, "Not Found"),
        (f"/bot{BOT_TOKEN}/sendLove", 404, "Not Found: method not found"),
        (f"/bot{BOT_TOKEN}", 404, "Not Found"),
        ("/other", 404, "Not Found"),
    ],
)
async def test_wrong_tokens_methods_and_paths(path: str, code: int, description: str) -> None:
    async with telegram() as platform:
        for ask in (platform.http.post, platform.http.get):
            async with ask(platform.url + path) as answer:
                expected = {"ok": False, "error_code": code, "description": description}
                assert (answer.status, await answer.json()) == (code, expected)


async def test_files_need_the_token_too() -> None:
    async with telegram() as platform:
        for token, code in ((BOT_TOKEN[:-1] + "X", 401), ("abc", 401), (BOT_TOKEN, 404)):
            async with platform.http.get(f"{platform.url}/file/bot{token}/photos/file_1.jpg") as answer:
                assert (answer.status, (await answer.json())["ok"]) == (code, False)


# ---- T3: the methods


async def test_the_bot_knows_itself_and_its_commands() -> None:
    async with telegram() as platform:
        assert (await platform.result("getMe"))["is_bot"]
        commands = [{"command": "canbo", "description": "Gặp cán bộ"}]
        await platform.result("setMyCommands", commands=commands, language_code="vi")
        assert await platform.result("getMyCommands", language_code="vi") == commands
        assert await platform.result("getMyCommands") == []
        assert platform.simulator.world.commands_in(platform.person) == commands


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        ({"command": "Cán_bộ", "description": "x"}, "BOT_COMMAND_INVALID"),
        ({"command": "a" * 33, "description": "x"}, "BOT_COMMAND_INVALID"),
        ({"command": "a", "description": ""}, "BOT_COMMAND_DESCRIPTION_INVALID"),
        ({"command": "a", "description": "x" * 257}, "BOT_COMMAND_DESCRIPTION_INVALID"),
    ],
)
async def test_commands_beyond_the_rules_are_refused(command: dict[str, str], wrong: str) -> None:
    async with telegram() as platform:
        assert await platform.refusal("setMyCommands", commands=[command]) == f"Bad Request: {wrong}"
        many = [{"command": "a", "description": "x"}] * 101
        assert await platform.refusal("setMyCommands", commands=many) == "Bad Request: BOT_COMMANDS_TOO_MUCH"


async def test_a_chat_action_must_be_one_of_the_known() -> None:
    async with telegram() as platform:
        assert await platform.result("sendChatAction", **to(platform), action="typing")
        assert "wrong parameter action" in await platform.refusal("sendChatAction", **to(platform), action="x")


async def test_a_file_is_had_by_a_path_that_works_for_an_hour() -> None:
    async with telegram() as platform:
        sent = Upload("ghi.ogg", "audio/ogg", b"OggS" * 100)
        platform.act("voice", upload=sent, seconds=7)
        voice = (await platform.updates())[0]["message"]["voice"]
        assert (voice["duration"], voice["file_size"]) == (7, 400)
        path = (await platform.result("getFile", file_id=voice["file_id"]))["file_path"]
        address = f"{platform.url}/file/bot{BOT_TOKEN}/{path}"
        async with platform.http.get(address) as answer:
            assert await answer.read() == sent.content
        platform.advance(hours=1)
        async with platform.http.get(address) as answer:
            assert answer.status == 404
        assert await platform.refusal("getFile", file_id="x") == "Bad Request: invalid file_id"


async def test_a_file_beyond_twenty_megabytes_cannot_be_had() -> None:
    async with telegram() as platform:
        platform.act("file", upload=Upload("to.bin", "application/octet-stream", bytes(20 * 1024 * 1024 + 1)))
        file_id = (await platform.updates())[0]["message"]["document"]["file_id"]
        assert await platform.refusal("getFile", file_id=file_id) == "Bad Request: file is too big"


async def test_pictures_and_documents_are_uploaded_or_named_again() -> None:
    async with telegram(limits=False) as platform:
        address = f"{platform.url}/bot{BOT_TOKEN}"
        form = aiohttp.FormData({"chat_id": str(platform.person.number), "caption": "Kết quả"})
        form.add_field("photo", picture().content, filename="kq.png", content_type="image/png")
        async with platform.http.post(f"{address}/sendPhoto", data=form) as answer:
            photo = (await answer.json())["result"]["photo"][-1]
        assert (photo["width"], photo["height"]) == (200, 100)
        await platform.result("sendPhoto", **to(platform), photo=photo["file_id"])
        form = aiohttp.FormData({"chat_id": str(platform.person.number), "document": "attach://tep"})
        form.add_field("tep", b"%PDF", filename="bang.pdf", content_type="application/pdf")
        async with platform.http.post(f"{address}/sendDocument", data=form) as answer:
            assert (await answer.json())["result"]["document"]["file_name"] == "bang.pdf"
        assert len(platform.simulator.journal.of("accepted")) == 3
        form = aiohttp.FormData({"chat_id": str(platform.person.number)})
        form.add_field("photo", b"no picture", filename="x.png", content_type="image/png")
        async with platform.http.post(f"{address}/sendPhoto", data=form) as answer:
            assert (await answer.json())["description"] == "Bad Request: IMAGE_PROCESS_FAILED"
        too_long = await platform.refusal("sendPhoto", **to(platform), photo=photo["file_id"], caption="ấ" * 1025)
        assert too_long == "Bad Request: message caption is too long"


# ---- T5: messages


@pytest.mark.parametrize(
    ("parameters", "wrong"),
    [
        ({"text": ""}, "message text is empty"),
        ({"text": " \n "}, "message text is empty"),
        ({"text": "<b> </b>", "parse_mode": "HTML"}, "message text is empty"),
        ({"text": "👍" * 2048 + "a"}, "message is too long"),
        ({"text": "<b>x", "parse_mode": "HTML"}, "can't parse entities: Can't find end tag corresponding to start"),
        ({"text": "x", "parse_mode": "MarkdownV2"}, "unsupported parse_mode"),
        ({"text": "x", "chat_id": ""}, "chat_id is empty"),
        ({"text": "x", "chat_id": 1}, "chat not found"),
        ({"text": "x", "reply_markup": "{"}, "can't parse reply keyboard markup JSON object"),
        (
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "x", "callback_data": "đ" * 33}]]}},
            "BUTTON_DATA_INVALID",
        ),
    ],
)
async def test_a_message_beyond_the_rules_is_refused(parameters: dict[str, Any], wrong: str) -> None:
    async with telegram() as platform:
        assert wrong in await platform.refusal("sendMessage", **{**to(platform), **parameters})
        assert platform.simulator.journal.of("accepted") == []


async def test_the_length_counts_after_the_marks_are_read() -> None:
    async with telegram() as platform:
        text = "<b>" + "👍" * 2048 + "</b>"
        message = await platform.result("sendMessage", **to(platform), text=text, parse_mode="HTML")
        assert message["entities"] == [{"type": "bold", "offset": 0, "length": 4096}]


async def test_an_accepted_message_is_in_the_journal_and_on_the_phone() -> None:
    async with telegram() as platform:
        message = await platform.result("sendMessage", **to(platform), text="Chào", reply_markup=KEYBOARD)
        accepted = platform.simulator.journal.of("accepted")[0]
        assert (accepted["user"], accepted["text"], accepted["message_id"]) == (platform.person.id, "Chào", "1")
        assert message["message_id"] == 1 and message["reply_markup"] == KEYBOARD
        bubble = platform.person.bubbles[-1]
        assert bubble.side == "account"
        assert bubble.buttons == [[{"title": "Có", "payload": "/yes"}, {"title": "Không", "payload": "/no"}]]


async def test_who_cannot_be_written_to() -> None:
    async with telegram() as platform:
        stranger = platform.simulator.new_person("Người lạ")
        told = {"chat_id": stranger.number, "text": "x"}
        assert await platform.refusal("sendMessage", **told) == (
            "Forbidden: bot can't initiate conversation with a user"
        )
        platform.act("start", stranger)
        await platform.result("sendMessage", **told)
        platform.act("block", stranger)
        assert await platform.refusal("sendMessage", **told) == "Forbidden: bot was blocked by the user"
        platform.act("unblock", stranger)
        await platform.result("sendMessage", **told)
        platform.act("delete_account", stranger)
        assert await platform.refusal("sendMessage", **told) == "Forbidden: user is deactivated"


# ---- T6: limits


async def test_too_many_messages_to_one_chat_are_told_to_wait_in_the_body_and_in_the_header() -> None:
    async with telegram() as platform:
        for _ in range(3):
            await platform.result("sendMessage", **to(platform), text="x")
        address = f"{platform.url}/bot{BOT_TOKEN}/sendMessage"
        async with platform.http.post(address, json={**to(platform), "text": "x"}) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
            assert await answer.json() == {
                "ok": False,
                "error_code": 429,
                "description": "Too Many Requests: retry after 1",
                "parameters": {"retry_after": 1},
            }
        platform.advance(seconds=1)
        await platform.result("sendMessage", **to(platform), text="x")


@pytest.mark.parametrize(("extend", "told"), [(True, "retry after 2"), (False, "retry after 1")])
async def test_coming_back_too_early_is_punished_if_so_switched(extend: bool, told: str) -> None:
    async with telegram(retries_extend_limit=extend) as platform:
        for _ in range(3):
            await platform.result("sendMessage", **to(platform), text="x")
        assert "retry after 1" in await platform.refusal("sendMessage", **to(platform), text="x")
        assert told in await platform.refusal("sendMessage", **to(platform), text="x")


async def test_limits_can_be_switched_off() -> None:
    async with telegram(limits=False) as platform:
        for _ in range(40):
            await platform.result("sendMessage", **to(platform), text="x")


# ---- T9: buttons


async def pressed(platform: Platform) -> str:
    message = await platform.result("sendMessage", **to(platform), text="Đúng không?", reply_markup=KEYBOARD)
    return str(platform.act("press", message_id=message["message_id"], payload="/yes")["callback_query_id"])


async def test_a_pressed_button_tells_its_data_and_must_be_answered_in_time() -> None:
    async with telegram() as platform:
        query_id = await pressed(platform)
        query = (await platform.updates())[0]["callback_query"]
        assert (query["id"], query["data"], query["message"]["message_id"]) == (query_id, "/yes", 1)
        assert await platform.result("answerCallbackQuery", callback_query_id=query_id)
        platform.advance(seconds=16)
        assert await platform.refusal("answerCallbackQuery", callback_query_id=query_id) == TOO_OLD
        assert await platform.refusal("answerCallbackQuery", callback_query_id="1") == TOO_OLD


@pytest.mark.parametrize("refused", [True, False])
async def test_a_second_answer_is_refused_if_so_switched(refused: bool) -> None:
    async with telegram(second_answer_refused=refused) as platform:
        query_id = await pressed(platform)
        await platform.result("answerCallbackQuery", callback_query_id=query_id)
        status, _ = await platform.ask("answerCallbackQuery", callback_query_id=query_id)
        assert status == (400 if refused else 200)


async def test_how_long_an_answer_may_take_is_a_switch() -> None:
    async with telegram(callback_seconds=60) as platform:
        query_id = await pressed(platform)
        platform.advance(seconds=50)
        assert await platform.result("answerCallbackQuery", callback_query_id=query_id)
        too_long = await platform.refusal("answerCallbackQuery", callback_query_id=query_id, text="ấ" * 201)
        assert too_long == "Bad Request: MESSAGE_TOO_LONG"


# ---- T10: edits, groups, blocks


async def test_an_edit_must_change_something() -> None:
    async with telegram() as platform:
        await platform.result("sendMessage", **to(platform), text="một", reply_markup=KEYBOARD)
        edit = {**to(platform), "message_id": 1, "text": "một"}
        same = await platform.refusal("editMessageText", **edit, reply_markup=KEYBOARD)
        assert same.startswith("Bad Request: message is not modified")
        edited = await platform.result("editMessageText", **edit)
        assert "reply_markup" not in edited and edited["edit_date"]
        assert platform.person.bubbles[-1].buttons == []
        await platform.result("editMessageReplyMarkup", **to(platform), message_id=1, reply_markup=KEYBOARD)
        assert platform.person.messages[1]["reply_markup"] == KEYBOARD
        missing = await platform.refusal("editMessageText", **{**edit, "message_id": 9})
        assert missing == "Bad Request: message to edit not found"
        platform.act("text", text="của tôi")
        foreign = await platform.refusal("editMessageText", **{**edit, "message_id": 2})
        assert foreign == "Bad Request: message can't be edited"


async def test_a_group_that_became_a_supergroup_names_its_successor() -> None:
    async with telegram() as platform:
        group = platform.simulator.people.find(platform.act("group", title="Chợ Thái")["id"])
        await platform.result("sendMessage", chat_id=group.number, text="x")
        successor = int(platform.act("migrate", group)["id"])
        status, body = await platform.ask("sendMessage", chat_id=group.number, text="x")
        assert (status, body["parameters"]) == (400, {"migrate_to_chat_id": successor})
        await platform.result("sendMessage", chat_id=successor, text="x")
        kinds = [next(iter(update.keys() - {"update_id"})) for update in await platform.updates()]
        assert kinds == ["my_chat_member", "message", "message"]


async def test_a_group_that_threw_the_bot_out_cannot_be_written_to() -> None:
    async with telegram() as platform:
        group = platform.simulator.people.find(platform.act("group")["id"])
        platform.act("text", group, text="@bot giúp với")
        platform.act("block", group)
        told = await platform.refusal("sendMessage", chat_id=group.number, text="x")
        assert told == "Forbidden: bot was kicked from the group chat"
        updates = await platform.updates()
        assert updates[1]["message"]["chat"] == {"id": group.number, "type": "group", "title": "Nhóm chủ cửa hàng"}
        assert updates[1]["message"]["from"]["id"] == platform.person.number


async def test_a_block_is_told_as_a_change_of_the_bots_membership() -> None:
    async with telegram() as platform:
        platform.act("block")
        change = (await platform.updates())[0]["my_chat_member"]
        assert (change["chat"]["type"], change["new_chat_member"]["status"]) == ("private", "kicked")
