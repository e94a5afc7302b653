"""The composition: every room made once, from the settings, and handed what it needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from bot.answering import GATHER, Answerer
from bot.callbacks import ACTIONS_PATH
from bot.dialogue import Dialogue, TurnRegister
from bot.flow_domain import Flows, load_flows
from bot.keeper import Keeper
from bot.turn import TurnRunner
from bot.wakeups import Wakeups
from bot.web.context import WebContext
from bot.worker import Worker
from hotline.errors import Stop
from hotline.paths import VAR
from programme.content import CONTENT_ROOT, Content, load_content
from programme.packs import UnknownProvince
from programme.yaml_source import ContentError
from scheduler.ticker import Ticker
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database, WrongKeyError, open_database
from store.migrate import migrate
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
    runner: TurnRunner
    worker: Worker
    keeper: Keeper
    ticker: Ticker
    web: WebContext
    keyring: Keyring

    async def close(self) -> None:
        await self.dialogue.close()
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
        return open_database(url, keyring, clock), keyring
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
) -> Hotline:
    """Make every room. `internal_url`: where this process answers call-backs. Raises Stop."""
    clock = clock or Clock(settings.timezone, settings.now)
    database, keyring = open_migrated_database(settings, clock)
    flows, wakeups, register = load_flows(), Wakeups(), TurnRegister()
    dialogue = Dialogue(rasa_url, internal_url.rstrip("/") + ACTIONS_PATH, register)
    answerer = Answerer(database, dialogue, flows, content, clock, gather)
    runner = TurnRunner(database, answerer, clock, keyring, wakeups)
    worker = Worker(database, runner, clock, wakeups)
    return Hotline(
        settings=settings,
        clock=clock,
        database=database,
        content=content,
        flows=flows,
        wakeups=wakeups,
        register=register,
        dialogue=dialogue,
        runner=runner,
        worker=worker,
        keeper=Keeper(database, clock, content.answers, wakeups),
        ticker=Ticker(database, clock, content, wakeups, keyring),
        web=WebContext(database, clock, keyring, wakeups, content, flows, dialogue, worker, settings.province),
        keyring=keyring,
    )
