from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import event, select
from structlog.testing import capture_logs

from bot import attachments, inbox
from bot.attachments import LARGEST_BYTES, LEASE, MOST_ATTEMPTS, RETRY_SECONDS, Fetcher, Kept
from bot.wakeups import ATTACHMENTS, Wakeups
from integrations.errors import FetchFailed
from integrations.provider import Fetched
from store.channel_tables import attachment
from store.clock import ManualClock
from store.crypto import Keyring
from store.database import Database
from store.messages import Attachment, InboundMessage, Kind

_made = io.BytesIO()
Image.new("RGB", (2, 2), "green").save(_made, "JPEG")
PHOTO = _made.getvalue()
VOICE = b"OggS\x00\x02" + bytes(22) + b"\x01\x13OpusHead"
SOURCE = "https://photo.example/secret-link"
Answer = Callable[[str], Awaitable[Fetched]]


class Zalo:
    """A provider that only has what was attached."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: list[Fetched | Exception] = []
        self.answer: Answer = self._next

    async def _next(self, source: str) -> Fetched:
        answer = self.answers.pop(0) if self.answers else Fetched(PHOTO)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def fetch(self, source: str, limit_bytes: int) -> Fetched:
        assert limit_bytes == LARGEST_BYTES
        self.asked.append(source)
        return await self.answer(source)


class Desk:
    """Attachments of one Zalo conversation, and who fetches them."""

    def __init__(self, database: Database, keyring: Keyring, clock: ManualClock) -> None:
        self.database, self.keyring, self.clock = database, keyring, clock
        self.zalo, self.wakeups, self._count = Zalo(), Wakeups(), 0
        self.fetcher = Fetcher(database, keyring, clock, {"zalo": self.zalo}, self.wakeups)  # type: ignore[dict-item]

    async def receive(self, *items: Attachment) -> int:
        """Accept a message with attachments; its inbound id."""
        self._count += 1
        now = self.clock.now()
        message = InboundMessage("zalo", "user-1", f"message-{self._count}", now, attachments=items)

        def work(connection: Any) -> int:
            conversation = inbox.open_conversation(connection, self.keyring, "zalo", "user-1", "thai-nguyen", now)
            accepted = inbox.accept(connection, conversation, message, now)
            rows = select(inbox.inbound.c.id).filter_by(conversation_id=conversation, seq=accepted.seq)
            return int(connection.execute(rows).scalar_one())

        return await self.database.run(work)

    async def kept(self) -> list[Kept]:
        def look(connection: Any) -> list[Kept]:
            ids = connection.scalars(select(attachment.c.id).order_by(attachment.c.id)).all()
            return [found for id_ in ids if (found := attachments.find(connection, id_)) is not None]

        return await self.database.read(look)

    async def row(self) -> Any:
        return await self.database.read(lambda connection: connection.execute(select(attachment)).one())

    async def content(self, attachment_id: int) -> bytes:
        sealed = await self.database.read(lambda c: attachments.read_content(c, attachment_id))
        assert sealed is not None
        return self.keyring.decrypt_bytes(sealed)


@pytest.fixture
def desk(database: Database, keyring: Keyring, clock: ManualClock) -> Desk:
    return Desk(database, keyring, clock)


def photo(source: str = SOURCE, **said: Any) -> Attachment:
    return Attachment(Kind.IMAGE, source, **said)


async def test_a_photo_is_fetched_at_once_stored_encrypted_and_its_link_forgotten(desk: Desk) -> None:
    inbound_id = await desk.receive(photo(name="Cửa hàng.jpg", media_type="image/jpeg", size=5))
    await desk.fetcher.fetch_due()
    kept = Kept(1, inbound_id, Kind.IMAGE, "Cửa hàng.jpg", "image/jpeg", len(PHOTO), None, None, "stored", None)
    assert await desk.kept() == [kept]
    assert await desk.content(1) == PHOTO
    row = await desk.row()
    assert PHOTO not in row.content
    assert (row.source, row.fetch_at, row.stored_at) == (None, None, desk.clock.now())
    assert desk.zalo.asked == [SOURCE]


async def test_everything_of_a_message_is_kept_in_its_order_without_content_in_the_lists(desk: Desk) -> None:
    first = await desk.receive(photo("a"), Attachment(Kind.VOICE, "b", seconds=7), photo("c"))
    second = await desk.receive()
    third = await desk.receive(Attachment(Kind.FILE, "d", name="hoa-don.pdf"))
    asked: list[str] = []
    event.listen(desk.database.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    found = await desk.database.read(lambda c: attachments.of_messages(c, [first, second, third]))
    assert {id_: [item.kind for item in items] for id_, items in found.items()} == {
        first: [Kind.IMAGE, Kind.VOICE, Kind.IMAGE],
        third: [Kind.FILE],
    }
    assert found[first][1].seconds == 7
    assert asked and not any("content" in statement for statement in asked)
    assert await desk.database.read(lambda c: attachments.of_messages(c, [])) == {}
    assert await desk.database.read(lambda c: attachments.find(c, 999)) is None


async def test_a_place_and_a_contact_card_need_no_fetching(desk: Desk) -> None:
    await desk.receive(
        Attachment(Kind.LOCATION, place=(21.592, 105.844)), Attachment(Kind.CONTACT_CARD, name="Chị Hoa")
    )
    await desk.fetcher.fetch_due()
    place, card = await desk.kept()
    assert (place.status, place.place) == ("nothing", (21.592, 105.844))
    assert (card.status, card.name) == ("nothing", "Chị Hoa")
    assert desk.zalo.asked == []


async def test_a_file_that_lies_about_its_type_is_kept_as_what_it_is_with_a_note(desk: Desk) -> None:
    await desk.receive(photo(name="anh.jpg", media_type="image/jpeg"))
    desk.zalo.answers = [Fetched(b"<html><script>alert(1)</script></html>")]
    with capture_logs() as logs:
        await desk.fetcher.fetch_due()
    [kept] = await desk.kept()
    assert (kept.media_type, kept.name, kept.error) == ("text/plain", "anh.txt", "not_as_announced")
    assert logs[0]["note"] == "not_as_announced"
    assert "anh" not in str(logs)


async def test_the_providers_name_for_it_is_better_than_none(desk: Desk) -> None:
    await desk.receive(Attachment(Kind.VOICE, "b"))
    desk.zalo.answers = [Fetched(VOICE, "voice/file_7.oga")]
    await desk.fetcher.fetch_due()
    assert [(kept.media_type, kept.name) for kept in await desk.kept()] == [("audio/ogg", "file_7.ogg")]


async def test_what_cannot_be_had_now_is_tried_later_and_later_and_then_given_up(desk: Desk) -> None:
    await desk.receive(photo())
    desk.zalo.answers = [FetchFailed("zalo_500", final=False)] * 10
    for wait in RETRY_SECONDS:
        await desk.fetcher.fetch_due()
        desk.clock.advance(timedelta(seconds=wait - 1))
        await desk.fetcher.fetch_due()  # not yet
        desk.clock.advance(timedelta(seconds=1))
    assert len(desk.zalo.asked) == len(RETRY_SECONDS)
    await desk.fetcher.fetch_due()
    row = await desk.row()
    assert (row.status, row.error, row.source, row.fetch_at) == ("failed", "zalo_500", None, None)
    assert len(desk.zalo.asked) == MOST_ATTEMPTS == 6


async def test_a_fetch_that_succeeds_after_failures_leaves_no_error(desk: Desk) -> None:
    await desk.receive(photo())
    desk.zalo.answers = [FetchFailed("zalo_500", final=False)]
    await desk.fetcher.fetch_due()
    desk.clock.advance(timedelta(seconds=RETRY_SECONDS[0]))
    await desk.fetcher.fetch_due()
    assert [(kept.status, kept.error) for kept in await desk.kept()] == [("stored", None)]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (FetchFailed("zalo_404", final=True), "zalo_404"),
        (Fetched(b"x" * (LARGEST_BYTES + 1)), "too_large"),
    ],
)
async def test_what_can_never_be_had_fails_at_once_with_its_code(desk: Desk, answer: Any, code: str) -> None:
    await desk.receive(photo())
    desk.zalo.answers = [answer]
    with capture_logs() as logs:
        await desk.fetcher.fetch_due()
    assert [(kept.status, kept.error) for kept in await desk.kept()] == [("failed", code)]
    assert logs == [{"event": "attachment_failed", "attachment": 1, "code": code, "log_level": "warning"}]


async def test_what_is_announced_as_too_large_is_not_even_asked_for(desk: Desk) -> None:
    await desk.receive(photo(size=LARGEST_BYTES + 1))
    await desk.fetcher.fetch_due()
    assert [kept.error for kept in await desk.kept()] == ["too_large"]
    assert desk.zalo.asked == []


@pytest.mark.parametrize(
    ("answer", "code"), [(Fetched(b""), "empty"), (ValueError(f"bad address {SOURCE}"), "broke_ValueError")]
)
async def test_an_empty_or_broken_answer_is_tried_again_and_nothing_personal_is_logged(
    desk: Desk, answer: Any, code: str
) -> None:
    await desk.receive(photo())
    desk.zalo.answers = [answer]
    with capture_logs() as logs:
        await desk.fetcher.fetch_due()
    assert [(kept.status, kept.error) for kept in await desk.kept()] == [("waiting", code)]
    assert SOURCE not in str(logs)


async def test_a_channel_that_is_switched_off_keeps_its_attachments_waiting(desk: Desk) -> None:
    await desk.receive(photo())
    desk.fetcher.providers = {}
    await desk.fetcher.fetch_due()
    assert [(kept.status, kept.error) for kept in await desk.kept()] == [("waiting", "channel_off")]


async def test_absurd_numbers_of_a_provider_are_not_believed(desk: Desk) -> None:
    await desk.receive(Attachment(Kind.VOICE, size=2**63, seconds=-1, media_type="a" * 5000))
    [kept] = await desk.kept()
    assert (kept.size, kept.seconds, kept.media_type) == (None, None, "a" * 100)


async def test_a_killed_process_leaves_the_attachment_due_again_when_its_lease_ends(desk: Desk) -> None:
    await desk.receive(photo())
    assert len(await desk.fetcher._claim(attachments.LANES[0][0], 1)) == 1  # and then the process died
    await desk.fetcher.fetch_due()
    assert desk.zalo.asked == []
    desk.clock.advance(LEASE)
    await desk.fetcher.fetch_due()
    assert [kept.status for kept in await desk.kept()] == ["stored"]


async def test_an_attachment_whose_every_attempt_ends_with_the_process_is_given_up(desk: Desk) -> None:
    await desk.receive(photo())
    for _ in range(MOST_ATTEMPTS):
        assert await desk.fetcher._claim(attachments.LANES[0][0], 1)
        desk.clock.advance(LEASE)
    await desk.fetcher.fetch_due()
    assert [(kept.status, kept.error) for kept in await desk.kept()] == [("failed", "never_finished")]
    assert desk.zalo.asked == []


async def test_the_late_result_of_an_overtaken_attempt_changes_nothing(desk: Desk) -> None:
    await desk.receive(photo())
    [first] = await desk.fetcher._claim(attachments.LANES[0][0], 1)
    desk.clock.advance(LEASE)
    await desk.fetcher.fetch_due()
    desk.zalo.answers = [FetchFailed("zalo_404", final=True)]
    await desk.fetcher._fetch(first)
    assert [kept.status for kept in await desk.kept()] == ["stored"]


async def test_an_overtaken_attempt_has_no_say_while_the_next_one_is_under_way(desk: Desk) -> None:
    await desk.receive(photo())
    [first] = await desk.fetcher._claim(attachments.LANES[0][0], 1)
    desk.clock.advance(LEASE)
    [second] = await desk.fetcher._claim(attachments.LANES[0][0], 1)
    desk.zalo.answers = [FetchFailed("zalo_404", final=True)]
    await desk.fetcher._fetch(first)
    assert [kept.status for kept in await desk.kept()] == ["waiting"]
    await desk.fetcher._fetch(second)
    assert [kept.status for kept in await desk.kept()] == ["stored"]


async def test_two_fetchers_never_take_the_same_attachment(desk: Desk) -> None:
    for number in range(8):
        await desk.receive(photo(str(number)))
    other = Fetcher(desk.database, desk.keyring, desk.clock, desk.fetcher.providers, desk.wakeups)
    await asyncio.gather(desk.fetcher.fetch_due(), other.fetch_due())
    assert sorted(desk.zalo.asked) == [str(number) for number in range(8)]
    assert {kept.status for kept in await desk.kept()} == {"stored"}


@contextlib.asynccontextmanager
async def running(fetcher: Fetcher) -> Any:
    task = asyncio.create_task(fetcher.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_kept_attachment_wakes_the_fetcher_and_slow_files_do_not_hold_up_photos(desk: Desk) -> None:
    never, stored = asyncio.Event(), asyncio.Event()

    async def answer(source: str) -> Fetched:
        if source.startswith("film"):
            await never.wait()
        else:
            stored.set()
        return Fetched(PHOTO)

    desk.zalo.answer = answer
    async with running(desk.fetcher):
        for number in range(5):
            await desk.receive(Attachment(Kind.VIDEO, f"film-{number}"))
        desk.wakeups.notify(ATTACHMENTS)
        await desk.receive(photo())
        desk.wakeups.notify(ATTACHMENTS)
        await asyncio.wait_for(stored.wait(), 5)
    assert sum(source.startswith("film") for source in desk.zalo.asked) <= 2


async def test_whoever_looks_at_the_conversation_is_told_that_the_photo_is_there(desk: Desk) -> None:
    await desk.receive(photo())
    conversation = await desk.database.read(lambda c: c.scalar(select(inbox.conversation.c.id)))
    news = desk.wakeups.listen(conversation)
    await desk.fetcher.fetch_due()
    assert news.done()
