"""One typed object for everything that is configured (environment or `.env`). Half-configured refuses to start."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from store.core_settings import CoreSettings
from store.provider_settings import MailSettings, SmsSettings, TelegramSettings, ZaloSettings

ENV_FILE = ".env"
KEY_FILE = "secret.key"
# Read by the test suite: not misspelt.
READ_ELSEWHERE = frozenset({"HOTLINE_TEST_DATABASE_URL", "HOTLINE_TEST_REDIS_URL", "HOTLINE_CHROMIUM"})
# What an account needs; the OA secret comes later (bootstrap), the first pair of tokens also by command.
_ACCOUNTS = {
    "Zalo": ("zalo_app_id", "zalo_app_secret", "zalo_oa_id"),
    "thư điện tử": ("smtp_url", "imap_url", "mail_from"),
    "eSMS": ("esms_api_key", "esms_secret_key", "esms_brandname"),
    "SpeedSMS": ("speedsms_access_token", "speedsms_sender"),
}
_URLS = (
    "rasa_url",
    "internal_url",
    "public_url",
    "zalo_oauth_url",
    "zalo_openapi_url",
    "zalo_business_url",
    "telegram_api_url",
    "esms_api_url",
    "speedsms_api_url",
)
_MAY_BE_EMPTY = (
    "now",
    "secret_key",
    "forgotten_file",
    "redis_url",
    "zalo_app_id",
    "zalo_app_secret",
    "zalo_oa_secret",
    "zalo_oa_secret_previous",
    "zalo_oa_id",
    "zalo_access_token",
    "zalo_refresh_token",
    "zalo_template_answer",
    "zalo_verification",
    "telegram_bot_token",
    "telegram_webhook_secret",
    "telegram_alarm_chat",
    "smtp_url",
    "imap_url",
    "mail_from",
    "sms_gateway",
    "esms_api_key",
    "esms_secret_key",
    "esms_brandname",
    "esms_mo_key",
    "speedsms_access_token",
    "speedsms_sender",
    *_URLS,
)


class SettingsError(ValueError):
    """The settings cannot be used; the text says which and what to do, in Vietnamese."""


class Settings(SmsSettings, MailSettings, TelegramSettings, ZaloSettings, CoreSettings):
    """All groups, those of the hotline itself first.

    Field names are the environment's, in lower case; `hotline config check` prints their descriptions.

    A provider's `*_url` is scheme, host and port only, so that a stand-in on the loopback can replace it.
    """

    model_config = SettingsConfigDict(env_prefix="HOTLINE_", env_file=ENV_FILE, extra="ignore", populate_by_name=True)

    @field_validator(*_MAY_BE_EMPTY, mode="before")
    @classmethod
    def _empty_is_unset(cls, value: Any) -> Any:
        return None if value == "" else value

    @model_validator(mode="after")
    def _whole_accounts(self) -> Settings:
        """Half an account is worse than none: messages would come in that nobody can answer."""
        for channel, parts in _ACCOUNTS.items():
            missing = [_named(name) for name in parts if getattr(self, name) is None]
            if 0 < len(missing) < len(parts):
                raise ValueError(f"tài khoản {channel} còn thiếu {', '.join(missing)}")
        if self.public_url and self.telegram_bot_token and not self.telegram_webhook_secret:
            raise ValueError("có HOTLINE_PUBLIC_URL thì cần cả TELEGRAM_WEBHOOK_SECRET")
        if self.sms_gateway == "esms" and not self.has_esms:
            raise ValueError("SMS_GATEWAY=esms thì cần ESMS_API_KEY, ESMS_SECRET_KEY và ESMS_BRANDNAME")
        if self.sms_gateway == "speedsms" and not self.has_speedsms:
            raise ValueError("SMS_GATEWAY=speedsms thì cần SPEEDSMS_ACCESS_TOKEN và SPEEDSMS_SENDER")
        return self

    @property
    def may_simulate(self) -> bool:
        """Whether a channel without an account runs against its simulator: never beside a public address unasked."""
        return self.simulators or self.public_url is None

    @field_validator(*_URLS)
    @classmethod
    def _http_address(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "http://x")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("phải có dạng http://máy:cổng")
        return value.rstrip("/") if value else value


def load_settings(**overrides: Any) -> Settings:
    """Read the environment. Raises SettingsError naming each wrong variable; values of secrets are never repeated."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        lines = [f"{_variable(e['loc'])}{e['msg'].removeprefix('Value error, ')}" for e in error.errors()]
        raise SettingsError("Cấu hình chưa đúng:\n  " + "\n  ".join(lines)) from None


def secret_key(settings: Settings, var: Path) -> str:
    """The configured secret, or the one kept in `var`/secret.key, made on first use (mode 0600)."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    path = var / KEY_FILE
    if not path.exists():
        var.mkdir(parents=True, exist_ok=True)
        # Linked into place complete: of two processes that start together one makes the key, the other reads it
        fresh = var / f"secret.{secrets.token_hex(8)}"
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
    return path.read_text().strip()


def explain(settings: Settings) -> list[tuple[str, str, str]]:
    """(variable, value with secrets masked, description) per setting, for `hotline config check`."""
    rows = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        shown = "" if value is None else "********" if isinstance(value, SecretStr) else str(value)
        rows.append((_named(name), shown, field.description or ""))
    return rows


def _named(field: str) -> str:
    """The variable that a field is read from."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else f"HOTLINE_{field.upper()}"


def _variable(place: tuple[int | str, ...]) -> str:
    """ "VARIABLE: " for an error's place; "" when it is about several."""
    if not place:
        return ""
    name = str(place[0])
    return f"{_named(name) if name in Settings.model_fields else name}: "


def unknown_variables() -> list[str]:
    """Names like ours in the environment that nothing reads: most likely misspelt."""
    known = {_named(name) for name in Settings.model_fields} | READ_ELSEWHERE
    ours = ("HOTLINE_", "ZALO_", "TELEGRAM_", "SMTP_", "IMAP_", "SMS_", "ESMS_", "SPEEDSMS_")
    return sorted(name for name in os.environ if name.startswith(ours) and name not in known)
