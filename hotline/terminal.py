"""What the conversing commands and the escalation commands print and read."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson
from sqlalchemy import Connection

from bot import baton, data_requests, holding
from bot.baton import (
    OFFICER_LEASE,
    Holder,
    NotEscalated,
    NotHolder,
    expire_leases,
    officer_named,
    return_to_bot,
)
from bot.escalations import WaitingEscalation, waiting_escalations
from bot.officer_voice import OfficerVoice
from bot.web.attachments import link
from console.words import Words, load_words
from hotline.app import open_migrated_database
from hotline.conversing import Exchange, running_bot
from hotline.errors import Stop
from hotline.paths import VAR
from programme.approvals import approvals, approve
from programme.communes import Commune
from programme.content import Content
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database
from store.messages import Reply
from store.queries import thread
from store.settings import Settings, secret_key
from store.text import clean

SHOWN_CHARACTERS = 200
# How far back the owner's last words are looked up.
LOOK_BACK_MESSAGES = 20

Done = TypeVar("Done")
Conversing = Callable[[Settings, Content, Path], Awaitable[None]]

_FLOWS = {"domain_check_form": "xét điều kiện tên miền"}
_ONLY_THE_HOLDER_SENDS = "Yêu cầu #{number} đang do {holder} giữ; chỉ người giữ mới gửi được."
_ONLY_THE_HOLDER_RETURNS = (
    "Yêu cầu #{number} đang do {holder} giữ; người giữ thì ghi --officer {name}, trả thay người đó thì ghi --force."
)
_REQUESTS = {
    "access": "xem dữ liệu",
    "erasure": "xóa dữ liệu",
    "correction": "sửa dữ liệu",
    "restriction": "hạn chế xử lý",
    "objection": "phản đối xử lý",
}


async def each_line_afresh(settings: Settings, content: Content, model: Path) -> None:
    """`hotline ask`: one conversation per line of standard input, one JSON object per line of standard output."""
    async with running_bot(settings, content, model) as bot:
        async for line in _lines():
            _print_json(await bot.say(await bot.open(), line))


async def all_lines_together(settings: Settings, content: Content, model: Path) -> None:
    """`hotline converse`: the same in one conversation."""
    async with running_bot(settings, content, model) as bot:
        conversation_id = await bot.open(noticed=False)
        async for line in _lines():
            _print_json(await bot.say(conversation_id, line))


async def chat(settings: Settings, content: Content, model: Path) -> None:
    """`hotline chat`: a person at a terminal, until Ctrl-D or Ctrl-C."""
    async with running_bot(settings, content, model) as bot:
        conversation_id = await bot.open(noticed=False)
        click.echo("Nhắn cho trợ lý ảo (Ctrl-D để thôi). Số chọn nút tương ứng.\n\nBạn: ", nl=False)
        async for line in _lines():
            _print_exchange(await bot.say(conversation_id, line))
            click.echo("\nBạn: ", nl=False)
        click.echo()


def list_escalations(settings: Settings, content: Content, as_json: bool) -> None:
    """`hotline escalations list`: what an officer must know, the first due first."""
    clock = Clock(settings.timezone, settings.now)
    with _database(settings, clock) as database:
        database.run_now(lambda connection: expire_leases(connection, clock.now()))
        waiting = database.read_now(waiting_escalations)
    if not waiting and not as_json:
        click.echo("Không có yêu cầu nào đang chờ.")
    titles = {answer.id: answer.title() for answer in content.answers}
    keyring, server = Keyring(secret_key(settings, VAR)), settings.public_url or "http://127.0.0.1:8000"

    def viewer(attachment_id: int) -> str:
        return server + link(keyring, attachment_id, clock.now())

    for one in waiting:
        commune = content.communes.by_code(one.commune_code) if one.commune_code else None
        if as_json:
            place = {"commune": commune.full_name if commune else None}
            place["vendor"] = commune.vendor.short if commune and commune.vendor else None
            click.echo(orjson.dumps({**asdict(one), **place, "last_text": one.last_text}).decode())
        else:
            _print_escalation(one, commune, titles, clock, viewer)


def _print_escalation(
    one: WaitingEscalation,
    commune: Commune | None,
    titles: Mapping[str, str],
    clock: Clock,
    viewer: Callable[[int], str],
) -> None:
    """`viewer`: where an officer looks at an attachment."""
    late = " QUÁ HẠN" if one.due_at < clock.now() and one.waiting_since is not None else ""
    due = one.due_at.astimezone(clock.timezone)
    reason = _words().say(f"reason.{one.reason}", "vi")
    click.echo(f"#{one.id}  hạn {due:%H:%M %d/%m/%Y}{late}  [{one.channel}, {one.language}]  {reason}")
    vendor = commune.vendor.short if commune and commune.vendor else None
    who = [one.name, one.phone, commune.full_name if commune else None, vendor]
    click.echo(f"    {' · '.join(x for x in who if x) or 'chưa để lại tên, số điện thoại'}")
    if one.officer and one.lease_until:
        click.echo(f"    {one.officer} đang giữ đến {one.lease_until.astimezone(clock.timezone):%H:%M %d/%m}")
    if one.flow:
        click.echo(f"    Đang làm dở: {_FLOWS.get(one.flow, one.flow)}")
    # A phrase ("I did not understand") has no title: it answered nothing
    answers = [titles[entry] for entry in one.tried if entry in titles]
    if answers:
        click.echo(f"    Trợ lý ảo đã trả lời: {', '.join(answers)}")
    for said in one.context:
        nothing_said = "" if said.attached else "(bấm nút)"
        click.echo(f"    {_who(said.sender)}: {_shortened(said.text) or nothing_said}")
        for number, kind in said.attached:
            click.echo(f"        {_words().say(f'attached.{kind}', 'vi')}: {viewer(number)}")


@cache
def _words() -> Words:
    """What the console says of the same things."""
    return load_words()


def _who(sender: str) -> str:
    return _words().say(f"who.{sender}", "vi")


def _shortened(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"


def answer_escalation(settings: Settings, number: int, text: str, officer: str, finished: bool) -> None:
    """`hotline escalations answer N TEXT`: send as an officer, who takes the conversation. Raises Stop."""
    words = clean(text)
    if not words:
        raise Stop("Câu trả lời đang trống. Viết nội dung cần gửi cho chủ cửa hàng.")
    clock = Clock(settings.timezone, settings.now)

    def send(connection: Connection) -> None:
        now = clock.now()
        expire_leases(connection, now)
        officer_id = officer_named(connection, officer, now)
        holding.answer(connection, number, officer_id, Reply(words), now)
        if finished:
            return_to_bot(connection, number, now, officer_id)

    _act(settings, clock, number, send, _ONLY_THE_HOLDER_SENDS)
    click.echo(
        f"Đã nhận trả lời của yêu cầu #{number}; hotline đang gửi. Không gửi được thì có ở: hotline dead-letters list"
    )
    if finished:
        click.echo("Đã trả cuộc trò chuyện về cho trợ lý ảo.")
    else:
        until = (clock.now() + OFFICER_LEASE).astimezone(clock.timezone)
        done = f"hotline escalations return {number} --officer {shlex.quote(officer)}"
        click.echo(f"{officer} giữ cuộc trò chuyện đến {until:%H:%M}. Xong thì: {done}")


def return_escalation(
    settings: Settings,
    content: Content,
    number: int,
    officer: str | None,
    close: bool,
    force: bool,
    topic: str | None = None,
) -> None:
    """`hotline escalations return N [--officer NAME | --force] [--close [--topic ID]]`; warns where the owner has no
    answer.

    Raises Stop when N does not wait, when somebody else holds it and it is not forced, and for an unknown topic.
    """
    if topic is not None and topic not in content.topics.all:
        raise Stop(f"Không có chủ đề “{topic}”. Các chủ đề: {', '.join(content.topics.all)}.")
    clock = Clock(settings.timezone, settings.now)
    voice = OfficerVoice(content.phrases, clock.timezone, content.bulk_law)

    def end(connection: Connection) -> bool:
        now = clock.now()
        holder = baton.holding_officer(connection, number)
        if holder not in (None, officer) and not force:
            raise NotHolder(holder)
        unanswered = baton.owner_waits(connection, number)
        if close:
            baton.close(connection, number, now, topic=topic, voice=voice)
        else:
            return_to_bot(connection, number, now)
        return unanswered

    if _act(settings, clock, number, end, _ONLY_THE_HOLDER_RETURNS):
        click.echo(f"Lưu ý: tin sau cùng của chủ cửa hàng ở yêu cầu #{number} chưa có cán bộ nào trả lời.", err=True)
    if close:
        click.echo(f"Đã đóng yêu cầu #{number}. Chủ cửa hàng nhắn lại thì trợ lý ảo trả lời từ đầu.")
    else:
        click.echo(f"Đã trả cuộc trò chuyện của yêu cầu #{number} về cho trợ lý ảo.")


def list_data_requests(settings: Settings) -> None:
    """`hotline data-requests list`: who asked to see or erase their data, the first deadline first."""
    clock = Clock(settings.timezone, settings.now)
    with _database(settings, clock) as database:
        rows = database.read_now(data_requests.unfinished)
        last_words = database.read_now(
            lambda c: [_last_words(c, row.conversation_id) if row.conversation_id else "" for row in rows]
        )
    if not rows:
        click.echo("Không có yêu cầu nào về dữ liệu cá nhân.")
    for row, words in zip(rows, last_words, strict=True):
        late = " QUÁ HẠN" if row.due_on < clock.today() else ""
        days = f"trả lời trước {row.acknowledge_by:%d/%m/%Y}, xong trước {row.due_on:%d/%m/%Y}"
        opened = row.opened_at.astimezone(clock.timezone)
        click.echo(f"#{row.id}  {_REQUESTS[row.kind]}  {days}{late}, nhận ngày {opened:%d/%m/%Y}")
        who = [row.name, row.phone, f"{row.channel}, cuộc trò chuyện {row.conversation_id}"]
        click.echo(f"    {' · '.join(x for x in who if x)}")
        if words:
            click.echo(f"    {_who('owner')}: {_shortened(words)}")


def _last_words(connection: Connection, conversation_id: str) -> str:
    """What the owner wrote last; empty when only buttons were pressed."""
    said = thread(connection, conversation_id, 0, LOOK_BACK_MESSAGES)
    return next((one["text"] for one in reversed(said) if one["sender"] == "owner" and one["text"]), "")


def finish_data_request(settings: Settings, number: int, identity: str | None) -> None:
    """`hotline data-requests done N`. Raises Stop when no request N is open, or nobody made sure that it is them."""
    clock = Clock(settings.timezone, settings.now)
    with _database(settings, clock) as database:
        try:
            kind = database.run_now(lambda c: data_requests.finish(c, number, clock.now(), identity))
        except data_requests.StepNotPossible:
            raise Stop(
                f"Yêu cầu #{number} chưa xác nhận đúng người. Thêm --identity called_back, in_person hoặc letter."
            ) from None
    if kind is None:
        raise Stop(f"Không có yêu cầu #{number} đang mở. Xem danh sách: hotline data-requests list")
    if kind == "erasure":
        click.echo(f"Yêu cầu #{number}: hotline xóa dữ liệu trong vài phút tới, khi đang chạy.")
    else:
        click.echo(f"Đã ghi là xong: yêu cầu #{number}.")


def list_unapproved(settings: Settings, content: Content) -> None:
    """`hotline content list`: the entries that wait for an approval, with their words and sources."""
    clock = Clock(settings.timezone, settings.now)
    with _database(settings, clock) as database:
        approved = database.read_now(approvals)
    for answer in content.answers:
        if answer.confidence != "C":
            continue
        state = "đã duyệt" if answer.approval in approved else "CHƯA DUYỆT"
        sources = "; ".join(f"{source.document}, {source.article}" for source in answer.sources)
        click.echo(f"{answer.id}  [{answer.pack}]  {state}\n    {answer.render_raw()}\n    (Nguồn: {sources})")


def approve_entry(settings: Settings, content: Content, entry: str, by: str) -> None:
    """`hotline content approve ID`: from now on the entry may be said, in exactly these words. Raises Stop."""
    found = [answer for answer in content.answers if answer.id == entry and answer.confidence == "C"]
    if not found:
        raise Stop(f"Không có câu “{entry}” nào chờ duyệt. Xem danh sách: hotline content list")
    clock = Clock(settings.timezone, settings.now)
    with _database(settings, clock) as database:
        new = database.run_now(lambda c: [approve(c, answer.approval, by, clock.now()) for answer in found])
    for answer, is_new in zip(found, new, strict=True):
        click.echo(f"{'Đã duyệt' if is_new else 'Đã duyệt từ trước'}: {answer.id} [{answer.pack}]")


def print_search_figures(figures: dict[str, Any]) -> None:
    """The search's part of `hotline evaluate`."""
    click.echo(f"\nsearch over the packs, threshold {figures['threshold']}")
    columns = ("answerable", "unanswerable", "right", "wrong", "unanswerable_answered")
    click.echo(f"{'':14}" + "".join(f"{name:>23}" for name in columns))
    rows = [(part, figures[part]) for part in ("calibration", "test")]
    rows += [(f"at {row['threshold']}", row) for row in figures["thresholds"]]
    for name, row in rows:
        click.echo(f"{name:14}" + "".join(f"{row[column]:>23}" for column in columns))


@contextlib.contextmanager
def _database(settings: Settings, clock: Clock) -> Iterator[Database]:
    database, _ = open_migrated_database(settings, clock)
    try:
        yield database
    finally:
        database.close()


def _act(settings: Settings, clock: Clock, number: int, act: Callable[[Connection], Done], refusal: str) -> Done:
    """Do `act` in one transaction; `refusal` is said when another officer holds the conversation. Raises Stop."""
    with _database(settings, clock) as database:
        try:
            return database.run_now(act)
        except NotEscalated:
            raise Stop(f"Không có yêu cầu #{number} đang chờ. Xem danh sách: hotline escalations list") from None
        except NotHolder as holder:
            name = shlex.quote(str(holder))
            raise Stop(refusal.format(number=number, holder=holder, name=name)) from None


async def _lines() -> AsyncIterator[str]:
    """Standard input line by line as it comes; bytes that are no UTF-8 are a message too."""
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[bytes] = asyncio.Queue()

    def read() -> None:
        for line in iter(sys.stdin.buffer.readline, b""):
            loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, b"")

    # A daemon: nothing can interrupt a thread that reads, and Ctrl-C must not wait for the next Enter
    threading.Thread(target=read, daemon=True).start()
    while line := await lines.get():
        yield line.decode("utf-8", errors="replace").removesuffix("\n").removesuffix("\r")


def _print_json(exchange: Exchange) -> None:
    click.echo(orjson.dumps(exchange.as_json()).decode())


def _print_exchange(exchange: Exchange) -> None:
    for reply in exchange.replies:
        click.echo(f"\nTrợ lý: {reply.text}")
        for source in reply.sources:
            click.echo(f"        (Nguồn: {source.document}, {source.article})")
        for number, button in enumerate(reply.buttons, 1):
            click.echo(f"   [{number}] {button.title}")
    if not exchange.replies and exchange.holder in (Holder.QUEUE, Holder.OFFICER):
        click.echo("(Cán bộ đang giữ cuộc trò chuyện; trợ lý ảo im lặng.)")
