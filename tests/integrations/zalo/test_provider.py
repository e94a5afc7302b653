"""The whole Zalo client against the simulator, which is as strict as the platform."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from integrations.errors import Fate, FetchFailed, SendFailed
from integrations.fitting import fit, shown_text
from integrations.provider import Outgoing, OutgoingFile, Provider, Sent
from integrations.simulation.journal import ACCEPTED, REQUEST
from integrations.simulation.people import Upload, Wish
from integrations.zalo.oauth import challenge_of
from integrations.zalo.provider import ZaloProvider
from integrations.zalo.sim_templates import Template
from store.database import Database
from store.events import ContactShared, Echo, Event, Reachability, Receipt
from store.messages import Button, File, InboundMessage, Kind, Reply, Source
from tests.integrations.zalo.account import zalo_settings
from tests.integrations.zalo.simulated import CS, Zalo, zalo

ACCOUNT = (
    "ZALO_APP_ID ZALO_APP_SECRET ZALO_OA_ID ZALO_OA_SECRET ZALO_ACCESS_TOKEN ZALO_REFRESH_TOKEN ZALO_OAUTH_URL"
    " ZALO_OPENAPI_URL ZALO_BUSINESS_URL"
).split()
BUTTONS = (Button("Làm khảo sát", "/survey_start"), Button("Gặp cán bộ hỗ trợ chuyển đổi số", "/request_person"))


@dataclass
class Meeting:
    """The provider and its simulator; `zalo.lan` has written just now."""

    zalo: Zalo
    provider: ZaloProvider

    async def send(self, reply: Reply, file: OutgoingFile | None = None) -> Sent:
        lan, now = self.zalo.lan, self.zalo.sim.clock.now()
        return await self.provider.send(Outgoing(lan.id, reply, now, file, lan.last_interaction))

    async def failure(self, reply: Reply, file: OutgoingFile | None = None) -> tuple[str, Fate]:
        with pytest.raises(SendFailed) as failed:
            await self.send(reply, file)
        return failed.value.error.code, failed.value.error.fate

    async def events(self) -> list[Event]:
        """What the provider makes of every webhook call so far."""
        await self.zalo.sim.deliverer.settle()
        now = self.zalo.sim.clock.now()
        return [e for body, headers in self.zalo.hotline.calls for e in self.provider.read_webhook(headers, body, now)]

    def act(self, action: str, **fields: Any) -> None:
        self.zalo.act(action, **fields)

    @property
    def accepted(self) -> list[dict[str, Any]]:
        return [entry["body"]["message"] for entry in self.zalo.sim.journal.of(ACCEPTED)]

    @property
    def paths(self) -> list[str]:
        return [entry["path"] for entry in self.zalo.sim.journal.of(REQUEST)]


@contextlib.asynccontextmanager
async def meeting(
    database: Database, signing: str = "oa", settings: Any = None, **switches: Any
) -> AsyncIterator[Meeting]:
    async with zalo(signing_secret=signing, **switches) as running:
        account = {name.lower(): running.sim.account()[name] for name in ACCOUNT}
        values = {**account, "zalo_signing_secret": signing, **(settings or {})}
        provider = ZaloProvider.from_settings(zalo_settings(**values), database, running.sim.clock)
        running.act("text", text="Xin chào")
        try:
            yield Meeting(running, provider)
        finally:
            await provider.close()


def drawn(kind: str) -> bytes:
    out = BytesIO()
    Image.new("RGB", (40, 20), "red").save(out, kind)
    return out.getvalue()


async def test_it_is_a_provider(database):
    async with meeting(database) as one:
        provider: Provider = one.provider
        assert (provider.channel, provider.echoes, provider.limits.text) == ("zalo", True, 2000)
        assert provider.rate.per_second == pytest.approx(100 / 60)
        await provider.acknowledge("nothing")


async def test_a_text_arrives_with_its_sources_and_comes_back_as_echo_and_receipts(database):
    reply = Reply("Dạ mình làm ở xã ạ", sources=(Source("Nghị định 1", "Điều 2"),))
    async with meeting(database) as one:
        sent = await one.send(reply)
        events = await one.events()
    text = shown_text(reply, one.provider.limits)
    assert one.accepted == [{"text": text}]
    assert sent.state["quota"]["quota_type"] == "reply"
    (echo,) = [event for event in events if isinstance(event, Echo)]
    assert (echo.address, echo.provider_message_id, echo.text) == (one.zalo.lan.id, sent.provider_message_id, text)
    receipts = {event.seen: event for event in events if isinstance(event, Receipt)}
    assert receipts[False].provider_message_ids == receipts[True].provider_message_ids == (sent.provider_message_id,)


@pytest.mark.parametrize(
    "switches",
    [
        {},
        {"seen_field": "msg_id"},
        {"seen_by_sender": True},
        {"mac_prefix": False},
        {"escaped_json": True},
        {"signing": "app"},
        {"flat_info": True},
        {"phone_as_number": True},
        {"location_in_message": True},
    ],
    ids=str,
)
async def test_whatever_the_disputed_facts_are_everything_is_understood(database, switches):
    async with meeting(database, **switches) as one:
        for action, fields in (
            ("press", {"payload": "/survey_start", "hidden": "1"}),
            ("image", {}),
            ("voice", {}),
            ("file", {}),
            ("location", {}),
            ("sticker", {}),
            ("link", {}),
            ("card", {}),
            ("submit_info", {}),
            ("follow", {}),
            ("unfollow", {}),
            ("agent", {"text": "Em là cán bộ"}),
        ):
            one.act(action, **fields)
        await one.send(Reply("Dạ"))
        events = await one.events()
    messages = [event for event in events if isinstance(event, InboundMessage)]
    assert {m.address for m in messages} == {one.zalo.lan.id}
    assert len({m.provider_message_id for m in messages}) == len(messages)
    assert [m.text for m in messages][:2] == ["Xin chào", "/survey_start"]
    kinds = [attachment.kind for m in messages for attachment in m.attachments]
    assert kinds == [Kind.IMAGE, Kind.VOICE, Kind.FILE, Kind.LOCATION, Kind.CONTACT_CARD]
    (shared,) = [event for event in events if isinstance(event, ContactShared)]
    assert shared.phone == one.zalo.lan.phone
    assert [event.reachable for event in events if isinstance(event, Reachability)] == [True, None]
    assert {e.text for e in events if isinstance(e, Echo)} == {"Em là cán bộ", "Dạ"}
    assert sum(isinstance(event, Receipt) for event in events) >= 2


async def test_a_photo_is_fetched_from_where_it_is_and_not_when_it_has_expired(database):
    async with meeting(database) as one:
        one.zalo.sim.actions["image"](one.zalo.lan, Wish({}, Upload("a.jpg", "image/jpeg", b"\xff\xd8\xff photo")))
        message = next(e for e in await one.events() if isinstance(e, InboundMessage) and e.attachments)
        source = message.attachments[0].source
        assert (await one.provider.fetch(source, 1000)).content == b"\xff\xd8\xff photo"
        one.zalo.sim.clock.advance(timedelta(hours=1))
        with pytest.raises(FetchFailed) as failed:
            await one.provider.fetch(source, 1000)
    assert failed.value.final


async def test_buttons_are_buttons_and_long_titles_too(database):
    async with meeting(database) as one:
        await one.send(Reply("Mình cần gì ạ?", BUTTONS))
    assert [button["payload"] for button in one.accepted[0]["attachment"]["payload"]["buttons"]] == [
        "/survey_start",
        "/request_person",
    ]


async def test_more_than_five_buttons_become_a_numbered_menu(database):
    reply = Reply("Xã nào ạ?", tuple(Button(f"Xã {n}", f"/commune{n}") for n in range(6)))
    async with meeting(database) as one:
        for part in fit([reply], one.provider.limits):
            await one.send(part)
    assert one.accepted == [{"text": "Xã nào ạ?\n1. Xã 0\n2. Xã 1\n3. Xã 2\n4. Xã 3\n5. Xã 4\n6. Xã 5"}]


async def test_refused_buttons_are_sent_as_a_numbered_menu(database):
    async with meeting(database) as one:
        one.zalo.sim.faults.arm({"kind": "error", "code": -201, "count": 1, "path": CS})
        await one.send(Reply("Mình cần gì ạ?", BUTTONS))
        assert one.accepted == [{"text": "Mình cần gì ạ?\n1. Làm khảo sát\n2. Gặp cán bộ hỗ trợ chuyển đổi số"}]
        one.zalo.sim.faults.arm({"kind": "error", "code": -201, "count": 1, "path": CS})
        assert await one.failure(Reply("Dạ")) == ("zalo_-201", Fate.REFUSED)


async def test_a_picture_a_gif_and_a_document_are_uploaded_and_sent(database):
    async with meeting(database) as one:
        await one.send(Reply("", image="/r/1.png"), OutgoingFile("1.png", "image/png", drawn("PNG")))
        await one.send(Reply("", image="/r/1.gif"), OutgoingFile("1.gif", "image/gif", drawn("GIF")))
        pdf = OutgoingFile("Phiếu kết quả.pdf", "application/pdf", b"%PDF-1.7")
        await one.send(Reply("", file=File("/r/1.pdf", "Phiếu kết quả")), pdf)
    picture, gif, document = (message["attachment"] for message in one.accepted)
    assert picture["payload"]["elements"][0]["media_type"] == "image"
    assert gif["payload"]["elements"][0] | {"attachment_id": ""} == {
        "media_type": "gif",
        "attachment_id": "",
        "width": 40,
        "height": 20,
    }
    assert document["type"] == "file"


async def test_the_same_picture_is_uploaded_once_until_zalo_has_forgotten_it(database):
    reply, file = Reply("", image="/r/1.png"), OutgoingFile("1.png", "image/png", drawn("PNG"))
    async with meeting(database) as one:
        await one.send(reply, file)
        await one.send(reply, file)
        uploads = [path for path in one.paths if "upload" in path]
        assert (len(uploads), len(one.accepted)) == (1, 2)
        one.zalo.sim.faults.arm({"kind": "error", "code": -100, "count": 1, "path": CS})
        await one.send(reply, file)
        uploads = [path for path in one.paths if "upload" in path]
        assert (len(uploads), len(one.accepted)) == (2, 3)


async def test_a_picture_whose_upload_got_no_answer_was_certainly_not_sent(database):
    reply, file = Reply("", image="/r/1.png"), OutgoingFile("1.png", "image/png", drawn("PNG"))
    async with meeting(database) as one:
        one.zalo.sim.faults.arm({"kind": "reset_after", "count": 1, "path": "/upload/"})
        assert (await one.failure(reply, file))[1] is Fate.RETRY
        assert await one.failure(Reply("", image="/r/1.png")) == ("zalo_file", Fate.REFUSED)


async def test_outside_of_seven_days_nothing_is_called(database):
    async with meeting(database) as one:
        one.zalo.sim.clock.advance(timedelta(days=7, seconds=1))
        assert await one.failure(Reply("Dạ")) == ("zalo_-230", Fate.WINDOW_CLOSED)
        assert one.paths == []


async def test_zalos_own_word_on_the_window_counts(database):
    async with meeting(database) as one:
        lan, now = one.zalo.lan, one.zalo.sim.clock.now()
        lan.last_interaction = now - timedelta(days=8)
        with pytest.raises(SendFailed) as failed:
            await one.provider.send(Outgoing(lan.id, Reply("Dạ"), now, None, now))
    assert failed.value.error.fate is Fate.WINDOW_CLOSED


async def test_between_two_and_seven_days_it_is_charged(database):
    async with meeting(database) as one:
        one.zalo.sim.clock.advance(timedelta(days=3))
        assert (await one.send(Reply("Dạ"))).state["quota"]["quota_type"] == "purchase_quota"


async def test_who_has_blocked_the_oa_is_unreachable(database):
    async with meeting(database) as one:
        one.act("block")
        assert await one.failure(Reply("Dạ")) == ("zalo_-244", Fate.UNREACHABLE)


async def test_the_owner_is_invited_by_the_configured_template(database):
    async with meeting(database, settings={"zalo_template_answer": "777"}) as one:
        one.zalo.sim.templates.templates["777"] = Template("777", {"ten": 30}, tag=1)  # goes out at night as well
        await one.provider.invite(one.zalo.lan.id)
        one.zalo.sim.faults.arm({"kind": "error", "code": -201, "count": 1, "path": "/user/detail"})
        await one.provider.invite(one.zalo.lan.id)
        names = [entry["body"]["template_data"]["ten"] for entry in one.zalo.sim.journal.of(ACCEPTED)]
        assert names == [one.zalo.lan.name, "Quý khách"]
        with pytest.raises(SendFailed, match="zalo_zbs_-109"):
            await one.provider.api.send_template(one.zalo.lan.id, "778", {"ten": "Lan"})
    async with meeting(database) as one:
        await one.provider.invite(one.zalo.lan.id)
        assert one.paths == []


@pytest.mark.parametrize("kind", ["http_500", "html", "reset_after", "reset_before"])
async def test_an_answer_that_is_none_leaves_it_uncertain_and_sends_nothing_again(database, kind):
    async with meeting(database) as one:
        one.zalo.sim.faults.arm({"kind": kind, "count": 1, "path": CS})
        assert (await one.failure(Reply("Dạ")))[1] is Fate.UNCERTAIN
        assert one.paths == [CS]
        assert len(one.accepted) == (1 if kind == "reset_after" else 0)


@pytest.mark.parametrize("switches", [{}, {"expired_token_error": -216}, {"token_errors_positive": True}], ids=str)
async def test_a_token_that_ends_without_warning_is_renewed_in_between(database, switches):
    async with meeting(database, **switches) as one:
        await one.send(Reply("một"))
        one.zalo.sim.tokens.renew()  # as if another had refreshed: ours is dead, our refresh token too
        pair = one.zalo.sim.tokens
        await one.provider.tokens.replace("dead", pair.refresh)
        await asyncio.gather(*(one.send(Reply(f"hai {n}")) for n in range(5)))
    assert len(one.accepted) == 6
    assert one.paths.count("/v4/oa/access_token") == 1


async def test_a_refresh_whose_reply_is_lost_ends_with_a_person_and_a_pasted_pair(database):
    async with meeting(database) as one:
        await one.send(Reply("một"))
        one.zalo.sim.clock.advance(timedelta(hours=20))
        one.zalo.sim.faults.arm({"kind": "reset_after", "count": 1, "path": "/access_token"})
        with contextlib.suppress(SendFailed):
            await one.send(Reply("hai"))
        one.zalo.sim.clock.advance(timedelta(minutes=2))
        state = await one.provider.tokens.keep_fresh()
        assert state is not None
        assert state.trouble == "refused"
        one.zalo.sim.clock.advance(timedelta(hours=6))
        assert (await one.failure(Reply("ba")))[1] is Fate.CHANNEL_DOWN
        await one.provider.tokens.replace(one.zalo.sim.tokens.access, one.zalo.sim.tokens.refresh)
        await one.send(Reply("bốn"))
    assert [message["text"] for message in one.accepted][-1] == "bốn"


@pytest.mark.parametrize("pkce_required", [False, True])
async def test_consent_gives_the_first_pair(database, pkce_required):
    async with meeting(database, pkce_required=pkce_required) as one:
        verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        url = one.provider.oauth.consent_url("state", challenge_of(verifier)) + "&agree=1"
        url = url.replace("redirect_uri=", "redirect_uri=http%3A%2F%2F127.0.0.1")
        async with one.zalo.session.get(url, allow_redirects=False) as answer:
            code = answer.headers["Location"].partition("code=")[2].partition("&")[0]
        pair = await one.provider.oauth.exchange(code, verifier)
        assert (pair.access, pair.lifetime) == (one.zalo.sim.tokens.access, timedelta(hours=25))
        with pytest.raises(SendFailed):
            await one.provider.oauth.exchange(code, verifier)


async def test_contact_data_can_be_asked_for(database):
    async with meeting(database) as one:
        image = "https://vi-du.example.vn/a.png"
        await one.provider.api.request_user_info(one.zalo.lan.id, "Liên hệ", "Để cán bộ gọi lại", image)
        detail = await one.provider.api.user_detail(one.zalo.lan.id)
        assert (await one.provider.api.account())["oa_id"]
        assert await one.provider.api.quota(one.zalo.lan.id)
    assert one.accepted[0]["attachment"]["payload"]["template_type"] == "request_user_info"
    assert detail["user_id"] == one.zalo.lan.id


async def test_more_than_a_minute_holds_waits_for_the_next(database):
    async with meeting(database, per_minute=2) as one:
        await one.send(Reply("một"))
        await one.send(Reply("hai"))
        code, fate = await one.failure(Reply("ba"))
        assert (code, fate) == ("zalo_-32", Fate.BACK_OFF)
        one.zalo.sim.clock.advance(timedelta(seconds=62))
        await one.send(Reply("ba"))
    assert [message["text"] for message in one.accepted] == ["một", "hai", "ba"]
