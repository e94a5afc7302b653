"""What the conversing commands and the escalation commands print and read."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import click
import orjson

from bot.baton import Holder, NotEscalated, return_to_bot
from bot.escalations import open_escalations
from hotline.app import open_migrated_database
from hotline.conversing import Exchange, running_bot
from hotline.errors import Stop
from programme.content import Content
from store.clock import Clock
from store.settings import Settings

Conversing = Callable[[Settings, Content, Path], Awaitable[None]]

_REASONS = {
    "asked_for_person": "chủ cửa hàng muốn gặp cán bộ",
    "bot_unavailable": "trợ lý ảo bị gián đoạn",
    "state_unreadable": "lỗi trạng thái hội thoại",
}


async def each_line_afresh(settings: Settings, content: Content, model: Path) -> None:
    """`hotline ask`: one conversation per line of standard input, one JSON object per line of standard output."""
    async with running_bot(settings, content, model) as bot:
        async for line in _lines():
            _print_json(await bot.say(await bot.open(), line))


async def all_lines_together(settings: Settings, content: Content, model: Path) -> None:
    """`hotline converse`: the same in one conversation."""
    async with running_bot(settings, content, model) as bot:
        conversation_id = await bot.open()
        async for line in _lines():
            _print_json(await bot.say(conversation_id, line))


async def chat(settings: Settings, content: Content, model: Path) -> None:
    """`hotline chat`: a person at a terminal, until Ctrl-D or Ctrl-C."""
    async with running_bot(settings, content, model) as bot:
        conversation_id = await bot.open()
        click.echo("Nhắn cho trợ lý ảo (Ctrl-D để thôi). Số chọn nút tương ứng.\n\nBạn: ", nl=False)
        async for line in _lines():
            _print_exchange(await bot.say(conversation_id, line))
            click.echo("\nBạn: ", nl=False)
        click.echo()


def list_escalations(settings: Settings, content: Content, as_json: bool) -> None:
    """`hotline escalations list`: what an officer must know, the first due first."""
    clock = Clock(settings.timezone, settings.now)
    database, _ = open_migrated_database(settings, clock)
    waiting = database.read_now(open_escalations)
    database.close()
    if not waiting and not as_json:
        click.echo("Không có yêu cầu nào đang chờ.")
    for one in waiting:
        commune = content.communes.by_code(one.commune_code) if one.commune_code else None
        if as_json:
            row = {**vars(one), "commune": commune.full_name if commune else None}
            click.echo(orjson.dumps(row).decode())
            continue
        late = " QUÁ HẠN" if one.due_at < clock.now() else ""
        due = one.due_at.astimezone(clock.timezone)
        click.echo(f"#{one.id}  hạn {due:%H:%M %d/%m/%Y}{late}  [{one.channel}]  {_REASONS[one.reason]}")
        who = [one.name, one.phone, commune.full_name if commune else None]
        click.echo(f"    {' · '.join(x for x in who if x) or 'chưa để lại tên, số điện thoại'}")
        click.echo(f"    “{one.last_text[:200]}”")


def return_escalation(settings: Settings, number: int) -> None:
    """`hotline escalations return N`. Raises Stop when there is no open escalation N."""
    clock = Clock(settings.timezone, settings.now)
    database, _ = open_migrated_database(settings, clock)
    try:
        database.run_now(lambda connection: return_to_bot(connection, number, clock.now()))
    except NotEscalated:
        raise Stop(f"Không có yêu cầu #{number} đang chờ. Xem danh sách: hotline escalations list") from None
    finally:
        database.close()
    click.echo(f"Đã trả cuộc trò chuyện của yêu cầu #{number} về cho trợ lý ảo.")


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
    if not exchange.replies and exchange.holder == Holder.QUEUE:
        click.echo("(Cán bộ đang giữ cuộc trò chuyện; trợ lý ảo im lặng.)")
