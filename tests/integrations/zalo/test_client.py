"""What an outcome of a call says about whether the message was taken."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
import structlog
from aiohttp.test_utils import unused_port

from integrations.errors import Fate, SendFailed
from integrations.provider import OutgoingFile, Sent
from integrations.zalo import transport as transport_module
from integrations.zalo.api import Api
from integrations.zalo.client import Client
from integrations.zalo.errors import NO_TOKEN
from integrations.zalo.transport import Transport
from store.clock import ManualClock
from store.messages import Button
from tests.conftest import NOW
from tests.integrations.zalo import stub
from tests.integrations.zalo.account import USER

CS = "/v3.0/oa/message/cs"
PICTURE = OutgoingFile("a.jpg", "image/jpeg", b"\xff\xd8\xff jpeg")


class TokensStub:
    def __init__(self) -> None:
        self.token, self.renewals = "token-1", 0

    async def access(self) -> str:
        return self.token

    async def renewed(self, stale: str) -> str:
        self.renewals += 1
        if self.renewals > 1:
            raise SendFailed(NO_TOKEN)
        self.token = "token-2"
        return self.token


Make = Callable[[str], Api]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def tokens() -> TokensStub:
    return TokensStub()


@pytest.fixture
async def api(clock: ManualClock, tokens: TokensStub) -> AsyncIterator[Make]:
    transport = Transport()
    client = Client(transport, tokens, clock)
    yield lambda url: Api(client, url, url)
    await transport.close()


async def failure(sending: Any) -> SendFailed:
    with pytest.raises(SendFailed) as failed:
        await sending
    return failed.value


async def test_a_text_is_one_post_with_zalos_own_header(api):
    async with stub.running() as zalo:
        sent = await api(zalo.url).send_text(USER, "Dạ em chào bác")
    assert sent == Sent("m1", {"quota": {"remain": "7", "total": "8"}})
    (asked,) = zalo.asked
    assert (asked.method, asked.path, asked.headers["access_token"]) == ("POST", CS, "token-1")
    assert asked.headers["content-type"] == "application/json"
    assert "authorization" not in asked.headers
    assert json.loads(asked.body) == {"recipient": {"user_id": USER}, "message": {"text": "Dạ em chào bác"}}


async def message_of(sending: Callable[[Api], Any], api: Make) -> Any:
    async with stub.running() as zalo:
        await sending(api(zalo.url))
    return json.loads(zalo.asked[0].body)["message"]


async def test_buttons_stand_in_a_template_without_type(api):
    buttons = (Button("Làm khảo sát", "/survey_start"),)
    assert await message_of(lambda one: one.send_text(USER, "Mình chọn nhé", buttons), api) == {
        "text": "Mình chọn nhé",
        "attachment": {
            "type": "template",
            "payload": {"buttons": [{"title": "Làm khảo sát", "type": "oa.query.hide", "payload": "/survey_start"}]},
        },
    }


@pytest.mark.parametrize(
    ("sending", "kind", "payload"),
    [
        (
            lambda one: one.send_image(USER, "id-1"),
            "template",
            {"template_type": "media", "elements": [{"media_type": "image", "attachment_id": "id-1"}]},
        ),
        (
            lambda one: one.send_gif(USER, "id-1", 20, 10),
            "template",
            {
                "template_type": "media",
                "elements": [{"media_type": "gif", "attachment_id": "id-1", "width": 20, "height": 10}],
            },
        ),
        (lambda one: one.send_file(USER, "t-1"), "file", {"token": "t-1"}),
        (
            lambda one: one.request_user_info(USER, "Liên hệ", "Để cán bộ gọi lại", "https://vi-du.example.vn/a.png"),
            "template",
            {
                "template_type": "request_user_info",
                "elements": [
                    {
                        "title": "Liên hệ",
                        "subtitle": "Để cán bộ gọi lại",
                        "image_url": "https://vi-du.example.vn/a.png",
                    }
                ],
            },
        ),
    ],
)
async def test_each_kind_of_message_has_its_shape(api, sending, kind, payload):
    assert await message_of(sending, api) == {"attachment": {"type": kind, "payload": payload}}


async def test_reading_puts_all_parameters_into_data(api):
    async with stub.running({"error": 0, "data": {"display_name": "Lan"}}) as zalo:
        assert await api(zalo.url).user_detail(USER) == {"display_name": "Lan"}
        await api(zalo.url).account()
        await api(zalo.url).quota(USER)
    detail, account, quota = zalo.asked
    assert (detail.method, detail.path) == ("GET", "/v3.0/oa/user/detail")
    assert {key: json.loads(value) for key, value in detail.query.items()} == {"data": {"user_id": USER}}
    assert (account.path, account.query) == ("/v2.0/oa/getoa", {})
    assert (quota.method, quota.path, json.loads(quota.body)) == ("POST", "/v3.0/oa/quota/message", {"user_id": USER})


async def test_templates_go_by_user_or_by_phone(api):
    async with stub.running({"error": 0, "data": {"msg_id": "z1", "quota": {"remainingQuota": "499"}}}) as zalo:
        await api(zalo.url).send_template(USER, "123456", {"ho_ten": "Lan"})
        sent = await api(zalo.url).send_template_by_phone("84900000001", "123456", {"ho_ten": "Lan"}, "t-1")
    assert sent == Sent("z1", {"quota": {"remainingQuota": "499"}})
    by_user, by_phone = zalo.asked
    data = {"template_id": "123456", "template_data": {"ho_ten": "Lan"}}
    assert (by_user.path, json.loads(by_user.body)) == ("/v3.0/oa/message/template", {"user_id": USER, **data})
    expected = {"phone": "84900000001", "tracking_id": "t-1", **data}
    assert (by_phone.path, json.loads(by_phone.body)) == ("/message/template", expected)


async def test_errors_by_phone_are_of_another_numbering(api):
    async with stub.running({"error": -118, "message": "account not existed"}) as zalo:
        failed = await failure(api(zalo.url).send_template_by_phone("84900000001", "1", {}, "t-1"))
    assert (failed.error.code, failed.error.fate) == ("zalo_zbs_-118", Fate.UNREACHABLE)


async def test_an_upload_carries_a_file_name_with_extension(api):
    async with stub.running({"error": 0, "data": {"attachment_id": "id-1"}}) as zalo:
        assert await api(zalo.url).upload_image(PICTURE) == "id-1"
    (asked,) = zalo.asked
    assert asked.path == "/v2.0/oa/upload/image"
    assert asked.headers["content-type"].startswith("multipart/form-data")
    assert b'name="file"; filename="a.jpg"' in asked.body
    assert PICTURE.content in asked.body


async def test_an_upload_that_comes_back_empty_is_refused(api):
    async with stub.running({"error": 0, "data": {}}) as zalo:
        assert (await failure(api(zalo.url).upload_file(PICTURE))).error.fate is Fate.REFUSED


async def test_nobody_there_means_certainly_not_taken(api):
    failed = await failure(api(f"http://127.0.0.1:{unused_port()}").send_text(USER, "a"))
    assert (failed.error.code, failed.error.fate) == ("zalo_not_sent", Fate.RETRY)


async def test_a_name_that_cannot_be_resolved_means_certainly_not_taken(api):
    assert (await failure(api("http://zalo.invalid").send_text(USER, "a"))).error.fate is Fate.RETRY


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (stub.page(500), "zalo_server_error"),
        (stub.page(502), "zalo_server_error"),
        (stub.page(200), "zalo_not_json"),
        (stub.page(404), "zalo_not_json"),
        (stub.page(302, Location="http://127.0.0.1/"), "zalo_not_json"),
        (stub.page(200, ""), "zalo_not_json"),
        (stub.page(200, "[" + " " * (1 << 20) + "]"), "zalo_not_json"),
        (stub.told([]), "zalo_not_json"),
        (stub.told({}), "zalo_not_json"),
        (stub.told({"error": "many"}), "zalo_not_json"),
        (stub.told({"error": None}), "zalo_not_json"),
        (stub.reset, "zalo_no_answer"),
    ],
)
async def test_without_a_proper_answer_it_may_have_been_taken(api, answer, code):
    async with stub.running(answer) as zalo:
        failed = await failure(api(zalo.url).send_text(USER, "a"))
        assert (failed.error.code, failed.error.fate) == (code, Fate.UNCERTAIN)
        assert len(zalo.asked) == 1  # never again by itself


async def test_silence_may_mean_taken(api, monkeypatch):
    request = transport_module.Request
    monkeypatch.setattr("integrations.zalo.api.Request", lambda *a, **k: request(*a, **{"seconds": 0.2, **k}))
    async with stub.running(stub.silence) as zalo:
        assert (await failure(api(zalo.url).send_text(USER, "a"))).error.code == "zalo_no_answer"


async def test_a_connection_that_is_never_taken_up_means_not_sent(api, monkeypatch):
    monkeypatch.setattr(transport_module, "CONNECT_SECONDS", 0.05)

    async def never(*_: object, **__: object) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr("aiohttp.TCPConnector._create_connection", never)
    assert (await failure(api("http://127.0.0.1:9").send_text(USER, "a"))).error.code == "zalo_not_sent"


async def test_what_harms_nobody_twice_is_tried_again_without_an_answer(api):
    async with stub.running(stub.reset) as zalo:
        assert (await failure(api(zalo.url).upload_image(PICTURE))).error.fate is Fate.RETRY
    async with stub.running(stub.page(500)) as zalo:
        assert (await failure(api(zalo.url).user_detail(USER))).error.fate is Fate.RETRY


@pytest.mark.parametrize("code", [-216, 216, -220, -401, 401, "-216"])
async def test_token_trouble_renews_once_and_sends_once_more(api, tokens, code):
    async with stub.running({"error": code, "message": "access token is invalid"}, stub.ACCEPTED) as zalo:
        await api(zalo.url).send_text(USER, "a")
    assert [asked.headers["access_token"] for asked in zalo.asked] == ["token-1", "token-2"]
    assert tokens.renewals == 1


async def test_token_trouble_with_the_new_token_too_stops_the_channel(api, tokens):
    async with stub.running({"error": -216}) as zalo:
        failed = await failure(api(zalo.url).send_text(USER, "a"))
    assert (failed.error.code, failed.error.fate, len(zalo.asked)) == ("zalo_-216", Fate.CHANNEL_DOWN, 2)
    assert tokens.renewals == 1


async def test_too_fast_waits_for_the_next_minute_without_calling(api, clock):
    clock.advance(timedelta(seconds=42))
    async with stub.running({"error": -32, "message": "limit"}, stub.ACCEPTED) as zalo:
        one = api(zalo.url)
        assert (await failure(one.send_text(USER, "a"))).after_seconds == 19
        clock.advance(timedelta(seconds=9))
        failed = await failure(one.send_text(USER, "a"))
        assert (failed.error.fate, failed.after_seconds, len(zalo.asked)) == (Fate.BACK_OFF, 10, 1)
        clock.advance(timedelta(seconds=10))
        await one.send_text(USER, "a")


async def test_the_last_call_of_a_minute_counts_and_the_next_waits(api, clock):
    used_up = stub.told(stub.ACCEPTED, X_RateLimit_Limit="100", X_RateLimit_Remain="0")
    async with stub.running(used_up, stub.ACCEPTED) as zalo:
        one = api(zalo.url)
        assert (await one.send_text(USER, "a")).provider_message_id == "m1"
        assert (await failure(one.send_text(USER, "b"))).error.fate is Fate.BACK_OFF
        assert len(zalo.asked) == 1
        clock.advance(timedelta(seconds=61))
        await one.send_text(USER, "b")


async def test_http_429_is_too_fast(api):
    async with stub.running(stub.page(429)) as zalo:
        assert (await failure(api(zalo.url).send_text(USER, "a"))).error.fate is Fate.BACK_OFF


async def test_accepted_without_details_is_accepted(api):
    async with stub.running({"error": 0}) as zalo:
        assert await api(zalo.url).send_text(USER, "a") == Sent(None, {})
    async with stub.running({"error": 0, "data": {"message_id": 7, "quota": [1]}}) as zalo:
        assert await api(zalo.url).send_text(USER, "a") == Sent("7", {})


async def test_a_refusal_logs_code_and_fields_and_nothing_that_somebody_wrote(api):
    answer = {"error": -201, "message": "payload.buttons is invalid near Nguyễn Thị Lan 0900000001"}
    with structlog.testing.capture_logs() as logs:
        async with stub.running(answer) as zalo:
            await failure(api(zalo.url).send_text(USER, "a"))
    assert logs == [
        {"event": "zalo_call_refused", "log_level": "warning", "code": -201, "fields": ["payload", "buttons"]}
    ]
