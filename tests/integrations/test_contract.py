"""The contract: what every registered provider must keep to, whatever its platform is like."""

from __future__ import annotations

import asyncio
import re
import typing
import unicodedata
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import integrations
from integrations.errors import Fate, FetchFailed, NotGenuine, NotReadable, SendFailed
from integrations.fitting import LIMITS, fit, shown_text
from integrations.provider import OutgoingFile
from integrations.registry import CHANNELS, READ, settings_for, specimen
from integrations.simulation.faults import FaultKind
from integrations.simulation.people import Wish
from store.events import Event, Unread
from store.messages import Button, File, InboundMessage, Reply, Source
from store.settings import Settings
from tests.integrations.contract import (
    LONGER_THAN_EVERY_LIMIT,
    Party,
    Walls,
    database_url,
    impatient,
    migrated,
    party,
    unreachable,
    walls,
)

__all__ = ["database_url", "impatient", "migrated", "party", "walls"]  # fixtures

FOLDER = Path(integrations.__file__).parent
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cfc00000030101002d"
    "b9b3510000000049454e44ae426082"
)
PHOTO = OutgoingFile("ảnh.png", "image/png", PNG)
DOCUMENT = OutgoingFile("phiếu khảo sát.pdf", "application/pdf", b"%PDF-1.7\n%%EOF")
VIETNAMESE = re.compile("[àáảãạăâèéẻẽẹêìíỉĩịòóỏõọôơùúủũụưỳýỷỹỵđ]", re.IGNORECASE)


# --- the registry


def test_whoever_has_a_provider_is_registered_and_knows_its_limits_and_its_settings():
    folders = {path.parent.name for path in FOLDER.glob("*/provider.py")}
    assert folders == set(CHANNELS) | set(READ) == set(LIMITS)
    assert all(hasattr(Settings, f"has_{channel}") for channel in folders)
    for channel in CHANNELS:
        provider = specimen(channel)
        assert provider.channel == channel and provider.fixtures


# --- what comes in


def test_every_genuine_call_is_read_and_only_those_made_wrong_are_dead(party: Party):
    for name, body in party.specimen.fixtures.items():
        events = party.read(body)
        assert events and all(isinstance(event, typing.get_args(Event)) for event in events), name
        dead = [event for event in events if isinstance(event, Unread) and event.reason]
        assert bool(dead) == name.startswith("wrong"), name


def test_no_forged_call_is_believed_and_its_refusal_says_only_a_code(party: Party):
    for body in (*party.specimen.fixtures.values(), b"", b"{}", b"no json", b"\xff"):
        forgeries = party.specimen.forge(body)
        assert {"missing", "wrong"} <= forgeries.keys()
        for name, (headers, forged) in forgeries.items():
            with pytest.raises(NotGenuine) as refused:
                party.read(forged, headers)
            assert re.fullmatch("[a-z_]+", str(refused.value)), name


def test_without_its_key_no_call_is_believed(party: Party):
    account = {name: value for name, value in party.simulator.account().items() if name != party.specimen.key}
    assert len(account) == len(party.simulator.account()) - 1
    keyless = party.specimen.open(settings_for(account), party.database, party.simulator.clock)
    for body in party.specimen.fixtures.values():
        with pytest.raises(NotGenuine):
            keyless.read_webhook(party.specimen.seal(body), body, party.now)


def test_the_same_call_is_the_same_event_and_another_message_another(party: Party):
    (once,), (again,) = party.read(party.words(number=7)), party.read(party.words(number=7))
    (other,) = party.read(party.words(number=8))
    assert isinstance(once, InboundMessage) and isinstance(again, InboundMessage) and isinstance(other, InboundMessage)
    assert once.provider_message_id == again.provider_message_id != other.provider_message_id
    assert once.channel == party.specimen.channel


@pytest.mark.parametrize("number", [2**53 + 1, 2**63 - 1])
def test_ids_are_exact_to_the_last_digit(party: Party, number: int):
    (message,) = party.read(party.words(number=number, address=str(number)))
    assert isinstance(message, InboundMessage)
    assert message.address == str(number) and message.provider_message_id.endswith(str(number))


def test_decomposed_words_arrive_composed_and_without_what_cannot_be_seen(party: Party):
    said = unicodedata.normalize("NFD", "Cửa hàng tôi ở Đồng Hỷ") + "\x00\u202e"
    (message,) = party.read(party.words(said))
    assert isinstance(message, InboundMessage) and message.text == "Cửa hàng tôi ở Đồng Hỷ"


SAME_PARTY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@SAME_PARTY
@given(body=st.binary(max_size=300), said=st.text(st.characters(max_codepoint=255), max_size=90))
def test_whatever_comes_is_refused_or_read_and_nothing_else_happens(party: Party, body: bytes, said: str):
    with pytest.raises(NotGenuine):
        party.read(body, dict.fromkeys(party.specimen.seal(body), said))
    try:
        party.read(body)
    except (NotGenuine, NotReadable) as refused:
        assert re.fullmatch("[a-z_]+", str(refused))


# --- what goes out

SAID = """Dạ|cửa hàng|ạ.|🙂|👨‍👩‍👧|e\u0323\u0302|<b>|&amp;|*_`[|https://a.vn/?q=1&b|\n|\n\n""".split("|")
WORDS = st.builds(
    lambda words, times: " ".join(["Dạ", *words * times]),
    st.lists(st.sampled_from([*SAID, "x" * 700]), max_size=20),
    st.sampled_from([1, 1, 30, 100]),
)
TITLES = st.text(st.sampled_from("aăâđê 🙂ịữ1."), min_size=1, max_size=180).filter(lambda title: bool(title.strip()))
TITLES |= st.sampled_from(["Một dòng thật là dài " * 9, "🙂" * 64, "🙂" * 100, "a" * 101])
BUTTONS = st.lists(
    st.builds(Button, TITLES, st.sampled_from(["/greet", '/answer_survey{"q":"Q01","a":"1"}', "/" + "p" * 63])),
    max_size=12,
).map(tuple)
SOURCES = st.lists(
    st.builds(Source, st.sampled_from(["Nghị định 1", "Quyết định " + "rất dài " * 40]), st.just("Điều 2")), max_size=4
).map(tuple)
REPLIES = st.builds(Reply, WORDS, BUTTONS, SOURCES)
LONG_LIST = tuple(Button("Một dòng thật là dài " * 9 + str(place), "/greet") for place in range(12))
MANY_SOURCES = tuple(Source(f"Quyết định số {number} rất dài " * 9, "Điều 2") for number in range(25))


@settings(SAME_PARTY, max_examples=80)
@example(reply=Reply("Cô/bác chọn giúp em ạ", LONG_LIST))
@example(reply=Reply("🙂" * 2500, LONG_LIST[:3], MANY_SOURCES))
@given(reply=REPLIES)
async def test_whatever_is_said_the_platform_takes_as_it_was_cut_with_nothing_left_out(party: Party, reply: Reply):
    parts, before = fit([reply], party.provider.limits), len(party.accepted)
    for part in parts:
        sent = await party.send(part)
        assert sent.provider_message_id
    taken = party.accepted[before:]
    assert len(taken) == len(parts)
    shown = [shown_text(part, party.provider.limits) for part in parts]
    assert [entry["text"].split() for entry in taken] == [text.split() for text in shown]
    assert [entry["user"] for entry in taken] == [party.address] * len(parts)
    everything = "".join("".join(text.split()) for text in shown)
    assert "".join(reply.text.split()) in everything
    seen = everything + "".join(button.title for part in parts for button in part.buttons)
    assert all("".join(button.title.split()) in "".join(seen.split()) for button in reply.buttons)


@pytest.mark.parametrize(
    ("reply", "file"),
    [(Reply("", image="/a.png"), PHOTO), (Reply("", file=File("/a.pdf", "Phiếu")), DOCUMENT)],
    ids=["picture", "document"],
)
async def test_a_picture_and_a_document_arrive(party: Party, reply: Reply, file: OutgoingFile):
    sent = await party.send(reply, file)
    assert sent.provider_message_id
    bubble = list(party.simulator.people.find(party.address).bubbles)[-1]
    assert bubble.side == "account" and bubble.media is not None


async def test_many_calls_at_once_do_not_disturb_each_other(party: Party):
    sent = []
    for burst in range(4):
        party.simulator.clock.advance(timedelta(seconds=10))
        sent += await asyncio.gather(*(party.send(Reply(f"tin {burst}.{n}")) for n in range(2)))
    assert len({one.provider_message_id for one in sent}) == 8 == len(party.accepted)


async def test_to_whom_nothing_can_be_sent_the_failure_says_so(party: Party):
    for address in ("1", "", "0", "no such person", "9" * 40, "\x00"):
        failed = await party.failure(party.send(Reply("a"), address=address))
        assert isinstance(failed, SendFailed), address
        assert failed.error.fate in (Fate.UNREACHABLE, Fate.REFUSED, Fate.WINDOW_CLOSED), address
    assert party.accepted == []


async def test_who_has_blocked_us_is_unreachable(party: Party):
    person = party.simulator.people.find(party.address)
    party.simulator.actions["block"](person, Wish({}))
    assert await party.fate(party.send(Reply("a"))) is Fate.UNREACHABLE
    party.simulator.actions["unblock"](person, Wish({}))
    await party.send(Reply("a"))


# --- errors


def test_every_error_has_a_fate_a_code_and_words_for_a_person(party: Party):
    assert len({error.code for error in party.specimen.errors}) > 5
    for error in party.specimen.errors:
        assert isinstance(error.fate, Fate)
        assert re.fullmatch(rf"{party.specimen.channel}_[a-z0-9_-]+", error.code)
        assert len(error.code) <= (40 if error.fate is Fate.UNREACHABLE else 60)  # the columns that keep it
        assert VIETNAMESE.search(error.detail) and error.detail == unicodedata.normalize("NFC", error.detail)
        assert error.detail.endswith(".") and error.detail[0].isupper()
    assert {error.fate for error in party.specimen.errors} >= {Fate.RETRY, Fate.UNCERTAIN, Fate.CHANNEL_DOWN}


async def test_a_platform_that_cannot_be_reached_has_certainly_not_taken_anything(party: Party):
    provider = unreachable(party)
    party.provider, connected = provider, party.provider
    assert await party.fate(party.send(Reply("a"))) is Fate.RETRY
    assert await party.fate(party.send(Reply("", image="/a.png"), PHOTO)) is Fate.RETRY
    await provider.acknowledge("press")
    await provider.close()
    party.provider = connected


SILENT = {FaultKind.TIMEOUT_BEFORE, FaultKind.TIMEOUT_AFTER}  # would leave the simulator alone with the picture
TAKEN = {FaultKind.TIMEOUT_AFTER, FaultKind.RESET_AFTER}
UNCLEAR = (FaultKind.HTTP_500, FaultKind.HTTP_502, FaultKind.HTML, *sorted(TAKEN))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", UNCLEAR)
async def test_what_may_have_been_taken_is_uncertain(party: Party, kind: FaultKind):
    await party.send(Reply("trước"))
    party.simulator.faults.arm({"kind": kind, "count": 1, "seconds": LONGER_THAN_EVERY_LIMIT})
    assert await party.fate(party.send(Reply("a"))) is Fate.UNCERTAIN
    assert len(party.accepted) == 1 + (kind in TAKEN)
    await party.send(Reply("sau"))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", list(FaultKind))
async def test_whatever_the_platform_does_only_failures_of_the_vocabulary_leave(party: Party, kind: FaultKind):
    """And nothing that the platform has taken is called anything but sent or uncertain."""
    code = {"code": 500} if kind is FaultKind.ERROR else {}
    party.simulator.faults.arm({"kind": kind, "seconds": 0.01 if kind is FaultKind.SLOW else 1.0, **code})
    for reply, file in ((Reply("a"), None), *([] if kind in SILENT else [(Reply("", image="/a.png"), PHOTO)])):
        before = len(party.accepted)
        fate = await party.fate(party.send(reply, file))
        assert fate in (None, Fate.UNCERTAIN) or len(party.accepted) == before
    await party.failure(party.provider.fetch("file", 1000))
    await party.failure(party.provider.invite(party.address))
    await party.provider.acknowledge("press")


async def test_too_fast_is_a_pause_of_so_many_seconds(party: Party):
    party.simulator.faults.arm({"kind": FaultKind.RATE_LIMIT, "count": 1, "seconds": 4})
    failed = await party.failure(party.send(Reply("a")))
    assert isinstance(failed, SendFailed) and failed.error.fate is Fate.BACK_OFF
    assert failed.after_seconds is not None and 0 < failed.after_seconds <= 61
    assert party.accepted == []


STRANGE_SOURCES = (
    *("", " ", "x", "../../etc/passwd", "file:///etc/passwd", "http://127.0.0.1:1/x", "http://[", "https://"),
    *("gopher://127.0.0.1/", "http://127.0.0.1:99999/", "a\r\nHost: b", "\ud83d", "x" * 9000),
)


@pytest.mark.parametrize("source", STRANGE_SOURCES)
async def test_a_file_that_is_nowhere_is_a_failure_and_leads_nowhere(party: Party, source: str):
    failed = await party.failure(party.provider.fetch(source, 1000))
    assert isinstance(failed, FetchFailed) and failed.code.startswith(party.specimen.channel)


@pytest.mark.parametrize("token", ["", "0", "x" * 5000, "\ud83d", "a\r\nb"])
async def test_an_acknowledgement_never_fails(party: Party, token: str):
    await party.provider.acknowledge(token)


# --- the end


async def test_after_the_end_no_connection_is_left(party: Party, walls: Walls):
    await party.send(Reply("a"))
    await party.send(Reply("", image="/a.png"), PHOTO)
    await party.failure(party.provider.fetch(f"{party.simulator.url}/media/none/none", 1000))
    assert walls.open_connections > 0
    await party.provider.close()
    for _ in range(3):
        await asyncio.sleep(0)
    assert walls.open_connections == 0


async def test_the_walls_hold(walls: Walls):
    async with aiohttp.ClientSession() as session:
        for url in ("http://203.0.113.7/", "https://openapi.zalo.me/"):
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get(url)
    assert walls.escapes == ["connect 203.0.113.7", "look up openapi.zalo.me"]
    walls.escapes.clear()


async def test_what_was_never_used_can_be_closed(party: Party):
    await unreachable(party).close()
