"""Runs a campaign from a file to its end: database, scheduler's job, dispatcher, and a door for the gateway's reports.

The law goes by HOTLINE_NOW's clock; how long this waits for receipts goes by real time. So do leases: a start after a
kill, when that clock begins anew, knows that nobody calls any more and waits for none of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.receipt_batches import ReceiptBatches
from bot.wakeups import CAMPAIGNS, Wakeups
from hotline.app import open_migrated_database
from hotline.errors import Stop
from hotline.gateway_process import Alone, GatewayProcess, alone
from hotline.serve import LOOPBACK, bind, server_for
from integrations.errors import NotReadable
from integrations.sms.esms.callback import read_callback
from integrations.sms.esms.client import KINDS, EsmsGateway
from programme import campaign_trial, ledger
from programme.campaign_file import CampaignFile, CampaignFileInvalid
from programme.campaign_people import Addressee
from programme.content import Content
from programme.ledger import State
from scheduler.campaigns import make_runs
from scheduler.dispatcher import Dispatcher
from scheduler.kinds import JobContext
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database
from store.settings import Settings

SIMULATOR, ESMS = "simulator", "esms"
CARRIED: Mapping[str, Collection[str]] = {SIMULATOR: KINDS | {"advertising"}, ESMS: KINDS}
RECEIPT_SECONDS = 10.0
LOOK_SECONDS = 0.1
HOSTS = frozenset(("127.0.0.1", "::1", "localhost"))


@dataclass(frozen=True)
class Outcome:
    """`figures`: the contract's keys. `paused_for`: why the campaign paused itself."""

    figures: dict[str, Any]
    paused_for: str | None


def require_loopback(settings: Settings, gateway: str) -> None:
    """Raises CampaignFileInvalid where the gateway is none that may be called here."""
    if gateway != ESMS:
        return
    if not settings.has_esms:
        words = "cổng esms cần ESMS_API_KEY, ESMS_SECRET_KEY và ESMS_BRANDNAME"
        raise CampaignFileInvalid("gateway_not_configured", words)
    if urlsplit(settings.esms_api_url).hostname not in HOSTS:
        words = "ESMS_API_URL không ở trên máy này; chạy thử thì chỉ được gọi cổng có địa chỉ 127.0.0.1"
        raise CampaignFileInvalid("gateway_not_loopback", words)


async def simulate(
    settings: Settings,
    content: Content,
    file: CampaignFile,
    people: list[Addressee],
    tell: Callable[[str], None],
) -> Outcome:
    """The whole way of `file` to its end, or on from where a killed start left it. Raises Stop."""
    clock, wakeups = Clock(settings.timezone, settings.now), Wakeups()
    with _database(settings, clock) as (database, keyring), alone(database.url) as holder:
        id_ = await database.run(lambda c: _planned(c, keyring, content, settings, file, people, clock))
        context = JobContext(database, clock, content, wakeups, keyring)
        async with (
            _gateway(settings, file.gateway, database, clock, holder) as gateway,
            _reports(database, clock, keyring, file.gateway, holder) as (url, callback),
        ):
            dispatcher = Dispatcher(
                database,
                clock,
                content,
                keyring,
                {file.gateway: gateway},
                wakeups,
                public_url=url,
                callbacks={file.gateway: callback},
            )
            run = await _due(context, file, id_, tell)
            if (waits := outside_hours(file, content, clock)) is not None:
                tell(waits)
            await database.run(lambda c: campaign_trial.take_over(c, run, file.gateway, clock.now()))
            before = campaign_trial.called(await database.read(lambda c: ledger.counts(c, run)))
            began = time.monotonic()
            sending = asyncio.create_task(dispatcher.run())
            try:
                wakeups.notify(CAMPAIGNS)
                await _end(database, run, sending)
                seconds = time.monotonic() - began
                await _receipts(database, run, sending)
            finally:
                sending.cancel()
                await asyncio.wait([sending])
        figures = await database.read(lambda c: campaign_trial.outcome(c, run, seconds, before, people))
        row = await database.read(lambda c: campaign_trial.run_of(c, id_))
    is_paused = row is not None and row["status"] == ledger.RunStatus.PAUSED
    return Outcome(figures, str(row["pause_reason"]) if row is not None and is_paused else None)


def outside_hours(file: CampaignFile, content: Content, clock: Clock) -> str | None:
    """What to tell whoever waits for the law's hours: it may be a whole night. None: messages may leave now."""
    local = clock.now().astimezone(clock.timezone)
    hours = content.bulk_law.hours(file.kind, "sms", local.date())
    if hours is None or hours[0] <= local.time() < hours[1]:
        return None
    return f"Ngoài giờ được gửi: loại tin {file.kind} chỉ gửi từ {hours[0]:%H:%M} đến trước {hours[1]:%H:%M}; đang chờ."


@contextlib.contextmanager
def _database(settings: Settings, clock: Clock) -> Iterator[tuple[Database, Keyring]]:
    """The one that is configured, or one of its own for this run."""
    with contextlib.ExitStack() as stack:
        if "database_url" not in settings.model_fields_set:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="hotline-"))
            url = type(settings.database_url)(f"sqlite:///{folder}/campaign.db")
            settings = settings.model_copy(update={"database_url": url})
        database, keyring = open_migrated_database(settings, clock)
        stack.callback(database.close)
        yield database, keyring


def _planned(
    connection: Connection,
    keyring: Keyring,
    content: Content,
    settings: Settings,
    file: CampaignFile,
    people: list[Addressee],
    clock: Clock,
) -> int:
    if campaign_trial.others_open(connection, [file.gateway]):
        raise Stop("database_in_use: cơ sở dữ liệu này đang có đợt gửi khác chạy. Hãy dùng một cơ sở dữ liệu riêng.")
    known = campaign_trial.find(connection, file.digest)
    if known is not None:
        return known
    now = clock.now()
    text = file.lawful_text(content.bulk_law, now, clock.timezone)
    return campaign_trial.write(connection, keyring, content.communes, settings.province, file, text, people, now)


@contextlib.asynccontextmanager
async def _gateway(
    settings: Settings, name: str, database: Database, clock: Clock, holder: Alone
) -> AsyncIterator[EsmsGateway]:
    async with contextlib.AsyncExitStack() as stack:
        if name == ESMS:
            gateway = EsmsGateway.from_settings(settings)
        else:
            process = await stack.enter_async_context(GatewayProcess(database.url, clock, holder).running())
            gateway = process.gateway(SIMULATOR, CARRIED[SIMULATOR])
        stack.push_async_callback(gateway.close)
        yield gateway


@contextlib.asynccontextmanager
async def _reports(
    database: Database, clock: Clock, keyring: Keyring, gateway: str, holder: Alone
) -> AsyncIterator[tuple[str, str]]:
    """A port on the loopback where the gateway's reports arrive, the same as before a kill if nobody has it since: its
    address, and the one for callbacks."""
    secret = keyring.lasting_hash(gateway, "campaign_simulate").hex()[:32]
    path, batches = f"/webhooks/sms/esms/{secret}", ReceiptBatches(database, clock)

    async def take(request: Request) -> Response:
        try:
            report = read_callback(request.query_params)
        except NotReadable:
            return Response(status_code=400)
        await batches.take(gateway, report)
        return Response()

    try:
        listener = bind(LOOPBACK, holder.port)
    except Stop:
        listener = bind(LOOPBACK, 0)
    holder.keep_port(listener.getsockname()[1])
    server = server_for(Starlette(routes=[Route(path, take)]))
    serving = asyncio.create_task(server.serve([listener]))
    url = f"http://{LOOPBACK}:{listener.getsockname()[1]}"
    try:
        yield url, url + path
    finally:
        server.should_exit = True
        await serving


async def _due(context: JobContext, file: CampaignFile, id_: int, tell: Callable[[str], None]) -> int:
    """The run, once the scheduler's job has made it."""
    is_told = False
    while True:
        await make_runs(context)
        row = await context.database.read(lambda c: campaign_trial.run_of(c, id_))
        if row is not None:
            return int(row["id"])
        if not is_told and file.start is not None:
            tell(f"Chờ đến giờ gửi {file.start.astimezone(context.clock.timezone):%H:%M:%S %d/%m/%Y}.")
            is_told = True
        await asyncio.sleep(LOOK_SECONDS)


async def _end(database: Database, run: int, sending: asyncio.Task[None]) -> None:
    """Wait until every row is accepted or final, or the run does not go on."""
    while True:
        unsent, status = await database.read(
            lambda c: (campaign_trial.has(c, run, State.WAITING, State.SENDING), campaign_trial.status(c, run))
        )
        if not unsent:
            return
        if status in (ledger.RunStatus.PAUSED, ledger.RunStatus.CANCELLED):
            return  # calls under way are finished by the dispatcher when it is stopped
        _raise_if_ended(sending)
        await asyncio.sleep(LOOK_SECONDS)


async def _receipts(database: Database, run: int, sending: asyncio.Task[None]) -> None:
    """Reports may still come for ten seconds."""
    until = time.monotonic() + RECEIPT_SECONDS
    while time.monotonic() < until:
        if not await database.read(lambda c: campaign_trial.has(c, run, State.ACCEPTED)):
            return
        _raise_if_ended(sending)
        await asyncio.sleep(LOOK_SECONDS)


def _raise_if_ended(sending: asyncio.Task[None]) -> None:
    if sending.done():
        sending.result()
        raise Stop("Phần gửi tin đã dừng giữa chừng; xem các dòng báo lỗi ở trên.")
