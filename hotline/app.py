"""The composition: every room made once, from the settings, and handed what it needs."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from starlette.routing import BaseRoute

from bot.answering import GATHER, Answerer
from bot.attachments import Fetcher
from bot.callbacks import ACTIONS_PATH
from bot.dialogue import Dialogue, TurnRegister
from bot.files import Files
from bot.flow_domain import Flows, load_flows
from bot.intake import Intake
from bot.keeper import Keeper
from bot.mail import Letterbox
from bot.mail_poller import MailPoller
from bot.model_switch import ModelSwitch
from bot.pace import Pace
from bot.polling import TelegramPoller
from bot.receipt_batches import ReceiptBatches
from bot.sender import Sender
from bot.shared_pace import SharedPace
from bot.shared_wakeups import SharedWakeups
from bot.turn import TurnRunner
from bot.wakeups import Wakeups
from bot.web.context import WebContext
from bot.web.limits import WebLimits
from bot.web.oauth import zalo_callback_route
from bot.web.sms_door import SmsDoor
from bot.web.sms_door import address as sms_address
from bot.web.verification import zalo_verification_route
from bot.worker import Worker
from console.api.app import api_mount
from console.api.context import ApiContext
from console.app import console_mount
from console.context import ConsoleContext
from console.words import load_words
from hotline.channels import Channels, open_channels
from hotline.errors import Stop
from hotline.models import release_of
from hotline.paths import RASA_PYTHON, VAR, forgotten_path
from hotline.trainer import Trainer
from integrations.sms.gateway import Gateway
from integrations.sms.registry import open_gateways
from integrations.zalo.consent import Consent
from programme.content import CONTENT_ROOT, Content, load_content
from programme.packs import UnknownProvince
from programme.training_examples import TrainingExamples
from programme.yaml_source import ContentError
from scheduler.dispatcher import Dispatcher
from scheduler.imports import Importer
from scheduler.sms_answers import SmsAnswerer
from scheduler.ticker import Ticker
from scheduler.watch import Watch
from store.clock import Clock
from store.contacts import key_phones
from store.crypto import Keyring
from store.database import Database, WrongKeyError, open_database
from store.forgotten_file import ForgottenFile
from store.migrate import migrate
from store.origins import read_origins
from store.redis_link import RedisLink
from store.settings import Settings, SettingsError, load_settings, secret_key


@dataclass(frozen=True)
class Hotline:
    """One process's worth of rooms."""

    settings: Settings
    clock: Clock
    database: Database
    content: Content
    flows: Flows
    wakeups: Wakeups
    register: TurnRegister
    dialogue: Dialogue
    switch: ModelSwitch
    trainer: Trainer | None
    runner: TurnRunner
    worker: Worker
    keeper: Keeper
    ticker: Ticker
    intake: Intake
    sender: Sender
    fetcher: Fetcher
    channels: Channels
    poller: TelegramPoller | None
    mail_poller: MailPoller | None
    web: WebContext
    console: ConsoleContext
    api: ApiContext
    keyring: Keyring
    redis: RedisLink | None
    notes: ForgottenFile
    gateways: Mapping[str, Gateway]
    dispatcher: Dispatcher
    answerer: SmsAnswerer
    importer: Importer

    def parts(self) -> list[Coroutine[Any, Any, None]]:
        """Everything that runs as long as the process does, beside its ports."""
        running: list[Coroutine[Any, Any, None]] = [
            self.worker.run(),
            self.keeper.run(),
            self.ticker.run(),
            self.sender.run(),
            self.fetcher.run(),
            self.switch.run(),
            self.notes.run(self.database),
            self.dispatcher.run(),
            self.dispatcher.receipts.run(),
            self.answerer.run(),
            self.importer.run(),
        ]
        if self.trainer is not None:
            running.append(self.trainer.run())
        if self.poller is not None:
            running.append(self.poller.run())
        elif self.channels.telegram is not None:
            running.append(self.channels.register_webhook())
        if self.mail_poller is not None:
            running.append(self.mail_poller.run())
        if isinstance(self.wakeups, SharedWakeups):
            running.append(self.wakeups.run())
        return running

    def public_routes(self) -> list[BaseRoute]:
        """The console, the partners' API, and what providers want to find on the public port beside their webhooks."""
        routes: list[BaseRoute] = [console_mount(self.console), api_mount(self.api)]
        if self.settings.zalo_verification is not None:
            routes.append(zalo_verification_route(self.settings.zalo_verification))
        if self.channels.zalo is not None:
            zalo = self.channels.zalo
            consent = Consent(self.keyring, self.clock, zalo.oauth, zalo.tokens, self.settings.zalo_oa_id or "")
            routes.append(zalo_callback_route(consent))
        return routes

    async def finish(self) -> None:
        """Wait for what was begun: turns, deliveries, acknowledgements."""
        await self.worker.finish()
        await self.sender.finish()
        await self.intake.finish()

    async def close(self) -> None:
        for gateway in self.gateways.values():
            await gateway.close()
        await self.channels.close()
        await self.dialogue.close()
        if self.redis is not None:
            await self.redis.close()
        self.database.close()


def read_settings() -> Settings:
    """The settings from the environment. Raises Stop."""
    try:
        return load_settings()
    except SettingsError as error:
        raise Stop(str(error)) from None


def read_content(settings: Settings, root: Path = CONTENT_ROOT) -> Content:
    """All packs, checked. Raises Stop with file, line and what is wrong."""
    try:
        content = load_content(root)
        content.packs.province(settings.province)
    except ContentError as error:
        raise Stop(f"Nội dung chưa dùng được ({error.code}): {error}") from None
    except UnknownProvince:
        known = ", ".join(sorted(content.packs.provinces))
        raise Stop(
            f"HOTLINE_PROVINCE: không có gói nội dung “{settings.province}”. Các gói đang có: {known}."
        ) from None
    return content


def open_migrated_database(settings: Settings, clock: Clock) -> tuple[Database, Keyring]:
    """The configured database at the newest schema, with the keyring it was made with. Raises Stop."""
    url = settings.database_url.get_secret_value()
    try:
        keyring = Keyring(secret_key(settings, VAR))
        newest = Database(url)
        migrate(newest)
        newest.close()
        database = open_database(url, keyring, clock)
        database.run_now(lambda connection: key_phones(connection, keyring))
        return database, keyring
    except WrongKeyError as error:
        raise Stop(str(error)) from None
    except ValueError:
        raise Stop("Khóa trong var/secret.key bị hỏng: hãy chép lại khóa cũ từ bản sao lưu.") from None
    except (SQLAlchemyError, OSError) as error:
        reason = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
        raise Stop(f"HOTLINE_DATABASE_URL: không mở được cơ sở dữ liệu ({reason}).") from None


def compose(
    settings: Settings,
    content: Content,
    rasa_url: str,
    internal_url: str,
    clock: Clock | None = None,
    gather: timedelta = GATHER,
    address: str = "",
) -> Hotline:
    """Make every room. `internal_url`: where this process answers call-backs. `address`: of the public port, where no
    public address is set. Raises Stop."""
    clock = clock or Clock(settings.timezone, settings.now)
    database, keyring = open_migrated_database(settings, clock)
    redis = RedisLink(settings.redis_url.get_secret_value()) if settings.redis_url else None
    wakeups, pace = (SharedWakeups(redis), SharedPace(clock, redis)) if redis else (Wakeups(), Pace(clock))
    flows, register = load_flows(), TurnRegister()
    channels = open_channels(settings, database, keyring, clock)
    gateways, public_url = open_gateways(settings, channels.zalo), settings.public_url or address
    # A real gateway cannot call a loopback: without a public address its messages are asked about
    reachable = settings.public_url or (address if "//127.0.0.1:" in settings.esms_api_url else "")
    callbacks = {"esms": sms_address(reachable, keyring, "esms")} if reachable else {}
    dialogue = Dialogue(rasa_url, internal_url.rstrip("/") + ACTIONS_PATH, register)
    release, examples = release_of(content), TrainingExamples()
    switch = ModelSwitch(database, clock, keyring, wakeups, dialogue, release)
    trainer = None  # containers have one of their own, beside an app without Rasa's environment
    if RASA_PYTHON.exists():
        trainer = Trainer(database, clock, keyring, wakeups, content, release, examples)
    owners = settings.public_url or address, settings.public_url or ""
    answerer = Answerer(database, dialogue, flows, content, clock, gather, *owners)
    files = Files(database, content, clock)
    sender = Sender(database, clock, channels.providers, pace, files, wakeups)
    runner = TurnRunner(database, answerer, clock, keyring, wakeups, sender)
    worker = Worker(database, runner, clock, wakeups)
    intake = Intake(
        database,
        keyring,
        clock,
        worker,
        wakeups,
        content,
        settings.province,
        channels.providers,
        settings.messages_per_minute,
    )
    place = content.packs.province(settings.province).name
    poller = None
    if channels.telegram is not None and settings.public_url is None:
        poller = TelegramPoller(database, clock, channels.telegram, intake.take)
    mail_poller = None
    if channels.email is not None:
        letterbox = Letterbox(keyring, settings.province, clock.timezone, settings.messages_per_minute)
        mail_poller = MailPoller(database, keyring, clock, channels.email, intake, letterbox)
    return Hotline(
        settings=settings,
        clock=clock,
        database=database,
        content=content,
        flows=flows,
        wakeups=wakeups,
        register=register,
        dialogue=dialogue,
        switch=switch,
        trainer=trainer,
        runner=runner,
        worker=worker,
        keeper=Keeper(database, clock, content.answers, wakeups),
        ticker=Ticker(
            database,
            clock,
            content,
            wakeups,
            keyring,
            watch=Watch.from_settings(settings, channels.providers, place, VAR, clock),
            renewals=[channels.zalo.tokens.keep_fresh] if channels.zalo else [],
            gateways=gateways,
        ),
        intake=intake,
        sender=sender,
        fetcher=Fetcher(database, keyring, clock, channels.providers, wakeups),
        channels=channels,
        poller=poller,
        mail_poller=mail_poller,
        web=WebContext(
            database=database,
            clock=clock,
            keyring=keyring,
            wakeups=wakeups,
            content=content,
            flows=flows,
            dialogue=dialogue,
            worker=worker,
            intake=intake,
            receipts=ReceiptBatches(database, clock),
            providers=channels.called,
            files=files,
            province=settings.province,
            embed_origins=read_origins(settings.embed_origins),
            limits=WebLimits(settings.messages_per_minute),
            sms=SmsDoor.from_settings(settings, gateways),
        ),
        api=ApiContext(database, clock, keyring, content, settings.province),
        console=ConsoleContext(
            database=database,
            clock=clock,
            keyring=keyring,
            wakeups=wakeups,
            content=content,
            providers=channels.providers,
            files=files,
            province=settings.province,
            words=load_words(),
            switch=switch,
            examples=examples,
            public_url=settings.public_url,
            carries={name: gateway.kinds for name, gateway in gateways.items()},
        ),
        keyring=keyring,
        redis=redis,
        notes=ForgottenFile(forgotten_path(settings), keyring),
        gateways=gateways,
        dispatcher=Dispatcher(
            database, clock, content, keyring, gateways, wakeups, public_url=public_url, callbacks=callbacks
        ),
        answerer=SmsAnswerer(database, clock, gateways, wakeups),
        importer=Importer(database, clock, content, keyring, wakeups),
    )
