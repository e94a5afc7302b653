"""One typed object for everything that is configured (environment or `.env`). Half-configured refuses to start."""

from __future__ import annotations

import contextlib
import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from store.crypto import MIN_SECRET_CHARACTERS

ENV_FILE = ".env"
# Read by the test suite, or announced for later versions: not misspelt.
READ_ELSEWHERE = frozenset(
    {
        "HOTLINE_TEST_DATABASE_URL",
        "HOTLINE_TEST_REDIS_URL",
        "HOTLINE_CHROMIUM",
        "HOTLINE_PUBLIC_URL",
        "HOTLINE_REDIS_URL",
    }
)


class SettingsError(ValueError):
    """The settings cannot be used; the text says which and what to do, in Vietnamese."""


class Settings(BaseSettings):
    """Field names are the environment's, in lower case; `hotline config check` prints their descriptions."""

    model_config = SettingsConfigDict(env_prefix="HOTLINE_", env_file=ENV_FILE, extra="ignore")

    database_url: SecretStr = Field(
        SecretStr("sqlite:///var/hotline.db"),
        description="Cơ sở dữ liệu: sqlite:///đường-dẫn hoặc postgresql://người-dùng:mật-khẩu@máy/tên.",
    )
    rasa_url: str | None = Field(
        None,
        description="Địa chỉ dịch vụ Rasa đang chạy sẵn; để trống thì hotline tự chạy một dịch vụ trên máy này.",
    )
    internal_url: str | None = Field(
        None,
        description="Địa chỉ cổng nội bộ mà dịch vụ Rasa gọi lại; để trống thì là 127.0.0.1 và cổng trống bất kỳ.",
    )
    secret_key: SecretStr | None = Field(
        None,
        description=f"Khóa mã hóa dữ liệu cá nhân, ít nhất {MIN_SECRET_CHARACTERS} ký tự; để trống thì được tạo"
        " ở var/secret.key (quyền 0600).",
    )
    province: str = Field(
        "thai-nguyen", description="Tỉnh mặc định: tên thư mục gói nội dung (thai-nguyen, thanh-hoa)."
    )
    timezone: str = Field("Asia/Ho_Chi_Minh", description="Múi giờ của tỉnh.")
    now: datetime | None = Field(
        None,
        description="Chỉ để thử và trình diễn: đồng hồ bắt đầu từ thời điểm này (ISO-8601) rồi chạy tiếp.",
    )

    @field_validator("now", "rasa_url", "internal_url", "secret_key", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: Any) -> Any:
        return None if value == "" else value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("sqlite:///", "postgresql://", "postgres://")):
            raise ValueError("phải bắt đầu bằng sqlite:/// hoặc postgresql://")
        return value

    @field_validator("rasa_url", "internal_url")
    @classmethod
    def _http_address(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "http://x")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("phải có dạng http://máy:cổng")
        return value

    @field_validator("province")
    @classmethod
    def _province_folder(cls, value: str) -> str:
        return value.replace("_", "-")

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{value} không phải là múi giờ") from error
        return value

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < MIN_SECRET_CHARACTERS:
            raise ValueError(f"cần ít nhất {MIN_SECRET_CHARACTERS} ký tự")
        return value


def load_settings(**overrides: Any) -> Settings:
    """Read the environment. Raises SettingsError naming each wrong variable; values of secrets are never repeated."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        lines = [
            f"HOTLINE_{str(e['loc'][0]).upper()}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()
        ]
        raise SettingsError("Cấu hình chưa đúng:\n  " + "\n  ".join(lines)) from None


def secret_key(settings: Settings, var: Path) -> str:
    """The configured secret, or the one kept in `var`/secret.key, made on first use (mode 0600)."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    path = var / "secret.key"
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
        rows.append((f"HOTLINE_{name.upper()}", shown, field.description or ""))
    return rows


def unknown_variables() -> list[str]:
    """HOTLINE_* names in the environment that nothing reads: most likely misspelt."""
    known = {f"HOTLINE_{name.upper()}" for name in Settings.model_fields}
    return sorted(name for name in os.environ if name.startswith("HOTLINE_") and name not in known | READ_ELSEWHERE)
