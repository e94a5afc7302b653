"""One typed object for everything that is configured (environment or `.env`). Half-configured refuses to start."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import secrets
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from store.crypto import MIN_SECRET_CHARACTERS
from store.mail_addresses import plain_address, read_mail_server
from store.origins import read_origins

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


class Settings(BaseSettings):
    """Field names are the environment's, in lower case; `hotline config check` prints their descriptions.

    A provider's `*_url` is scheme, host and port only, so that a stand-in on the loopback can replace it.
    """

    model_config = SettingsConfigDict(env_prefix="HOTLINE_", env_file=ENV_FILE, extra="ignore", populate_by_name=True)

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
    forgotten_file: Path | None = Field(
        None,
        description="Tệp ghi những yêu cầu xóa, ngừng nhận tin, rút đồng ý (không có tên hay số điện thoại), để làm lại"
        " sau khi khôi phục bản sao lưu cũ; để trống thì là forgotten.jsonl cạnh tệp SQLite, hoặc ở var/. Hãy chép"
        " tệp này sang máy khác.",
    )
    province: str = Field(
        "thai-nguyen", description="Tỉnh mặc định: tên thư mục gói nội dung (thai-nguyen, thanh-hoa)."
    )
    timezone: str = Field("Asia/Ho_Chi_Minh", description="Múi giờ của tỉnh.")
    now: datetime | None = Field(
        None,
        description="Chỉ để thử và trình diễn: đồng hồ bắt đầu từ thời điểm này (ISO-8601) rồi chạy tiếp.",
    )

    redis_url: SecretStr | None = Field(
        None,
        description="Redis khi chạy nhiều tiến trình ứng dụng: báo tin cho nhau và chia chung nhịp gửi; mất Redis"
        " thì chỉ chậm hơn, không mất tin.",
    )
    public_url: str | None = Field(
        None,
        description="Địa chỉ công khai của hotline (https://…). Có địa chỉ này thì Telegram gọi webhook; không có thì"
        " hotline tự hỏi Telegram.",
    )
    simulators: bool = Field(
        False, description="Bật trình mô phỏng cho kênh chưa có tài khoản cả khi đã đặt HOTLINE_PUBLIC_URL."
    )
    embed_origins: str = Field(
        "", description="Các trang được nhúng khung chat, cách nhau bằng dấu cách, ví dụ https://thainguyen.gov.vn."
    )
    messages_per_minute: int = Field(
        30, ge=1, description="Một người nhắn quá số tin này trong một phút thì trợ lý ảo để tin lại cho cán bộ xem."
    )
    quiet_webhook_hours: int = Field(
        4, ge=1, description="Trong giờ làm việc, kênh im lặng quá số giờ này thì báo cho người trực."
    )

    zalo_app_id: str | None = Field(None, validation_alias="ZALO_APP_ID", description="Mã ứng dụng Zalo.")
    zalo_app_secret: SecretStr | None = Field(
        None, validation_alias="ZALO_APP_SECRET", description="Khóa bí mật của ứng dụng Zalo."
    )
    zalo_oa_id: str | None = Field(None, validation_alias="ZALO_OA_ID", description="Mã Official Account.")
    zalo_oa_secret: SecretStr | None = Field(
        None,
        validation_alias="ZALO_OA_SECRET",
        description="OA secret key, hiện ở trang webhook sau khi Zalo gọi thử; chưa có thì webhook ở chế độ chờ: trả"
        " lời 200 và bỏ qua nội dung.",
    )
    zalo_oa_secret_previous: SecretStr | None = Field(
        None,
        validation_alias="ZALO_OA_SECRET_PREVIOUS",
        description="OA secret key cũ, còn được nhận trong lúc đổi khóa.",
    )
    zalo_signing_secret: Literal["oa", "app"] = Field(
        "oa",
        validation_alias="ZALO_SIGNING_SECRET",
        description="Zalo ký webhook bằng khóa nào: oa (OA secret key) hoặc app (khóa bí mật của ứng dụng).",
    )
    zalo_access_token: SecretStr | None = Field(
        None,
        validation_alias="ZALO_ACCESS_TOKEN",
        description="Cặp mã đầu tiên lấy ở API Explorer; chỉ đọc khi kho mã còn trống, sau đó dùng:"
        " hotline zalo tokens.",
    )
    zalo_refresh_token: SecretStr | None = Field(
        None, validation_alias="ZALO_REFRESH_TOKEN", description="Refresh token đi cùng ZALO_ACCESS_TOKEN."
    )
    zalo_per_minute: int = Field(
        100,
        ge=1,
        validation_alias="ZALO_PER_MINUTE",
        description="Số lần gọi Zalo mỗi phút mà gói OA cho phép (gói Tăng trưởng khoảng 100, Toàn diện khoảng 2000).",
    )
    zalo_template_answer: str | None = Field(
        None,
        validation_alias="ZALO_TEMPLATE_ANSWER",
        description="Mã mẫu ZBS gửi khi đã quá 7 ngày không tương tác, mời chủ cửa hàng mở Zalo xem trả lời.",
    )
    zalo_verification: str | None = Field(
        None,
        validation_alias="ZALO_VERIFICATION",
        description="Mã xác thực tên miền của Zalo: phần nằm giữa zalo_verifier và .html trong tên tệp Zalo cho tải,"
        " cũng là content của thẻ meta.",
    )
    zalo_oauth_url: str = Field(
        "https://oauth.zaloapp.com", validation_alias="ZALO_OAUTH_URL", description="Địa chỉ cấp mã của Zalo."
    )
    zalo_openapi_url: str = Field(
        "https://openapi.zalo.me", validation_alias="ZALO_OPENAPI_URL", description="Địa chỉ OpenAPI của Zalo."
    )
    zalo_business_url: str = Field(
        "https://business.openapi.zalo.me", validation_alias="ZALO_BUSINESS_URL", description="Địa chỉ ZBS của Zalo."
    )

    telegram_bot_token: SecretStr | None = Field(
        None, validation_alias="TELEGRAM_BOT_TOKEN", description="Mã của bot Telegram, do @BotFather cấp."
    )
    telegram_webhook_secret: SecretStr | None = Field(
        None,
        validation_alias="TELEGRAM_WEBHOOK_SECRET",
        description="Mã bí mật Telegram gửi kèm mỗi webhook: 1 đến 256 chữ cái, chữ số, _ hoặc -.",
    )
    telegram_api_url: str = Field(
        "https://api.telegram.org", validation_alias="TELEGRAM_API_URL", description="Địa chỉ API của Telegram."
    )
    telegram_alarm_chat: str | None = Field(
        None,
        validation_alias="TELEGRAM_ALARM_CHAT",
        description="Mã nhóm hoặc người trên Telegram nhận báo động của hotline.",
    )

    smtp_url: SecretStr | None = Field(
        None,
        validation_alias="SMTP_URL",
        description="Máy chủ gửi thư: smtps://tài-khoản:mật-khẩu@máy:465, hoặc smtp://… cổng 587 (tự bật TLS).",
    )
    imap_url: SecretStr | None = Field(
        None,
        validation_alias="IMAP_URL",
        description="Hộp thư nhận yêu cầu: imaps://tài-khoản:mật-khẩu@máy:993, hoặc imap://… cổng 143 (tự bật TLS).",
    )
    mail_from: str | None = Field(
        None,
        validation_alias="HOTLINE_MAIL_FROM",
        description="Địa chỉ mà hotline gửi thư đi và người dân gửi thư đến, ví dụ hotline@thainguyen.gov.vn.",
    )

    sms_gateway: Literal["simulator", "esms", "speedsms"] | None = Field(
        None,
        validation_alias="SMS_GATEWAY",
        description="Cổng tin nhắn SMS được dùng trước: esms, speedsms hoặc simulator (trình mô phỏng trên máy này); để"
        " trống thì là cổng có tài khoản.",
    )
    sms_webhook_sources: str = Field(
        "",
        validation_alias="SMS_WEBHOOK_SOURCES",
        description="Địa chỉ IP hoặc dải địa chỉ mà nhà cung cấp SMS gọi đến, cách nhau bằng dấu cách; để trống thì"
        " nhận từ mọi địa chỉ biết đường dẫn bí mật.",
    )
    esms_api_url: str = Field(
        "https://rest.esms.vn", validation_alias="ESMS_API_URL", description="Địa chỉ API của eSMS."
    )
    esms_api_key: SecretStr | None = Field(
        None, validation_alias="ESMS_API_KEY", description="ApiKey của tài khoản eSMS."
    )
    esms_secret_key: SecretStr | None = Field(
        None, validation_alias="ESMS_SECRET_KEY", description="SecretKey của tài khoản eSMS."
    )
    esms_brandname: str | None = Field(
        None, validation_alias="ESMS_BRANDNAME", description="Brandname đã đăng ký ở eSMS, nhiều nhất 11 ký tự."
    )
    esms_mo_key: SecretStr | None = Field(
        None,
        validation_alias="ESMS_MO_KEY",
        description="Khóa ký tin nhắn đến đầu số ngắn của eSMS; không có thì không nhận tin nhắn đến.",
    )
    speedsms_api_url: str = Field(
        "https://api.speedsms.vn", validation_alias="SPEEDSMS_API_URL", description="Địa chỉ API của SpeedSMS."
    )
    speedsms_access_token: SecretStr | None = Field(
        None, validation_alias="SPEEDSMS_ACCESS_TOKEN", description="Access token của tài khoản SpeedSMS."
    )
    speedsms_sender: str | None = Field(
        None, validation_alias="SPEEDSMS_SENDER", description="Brandname đã đăng ký ở SpeedSMS, nhiều nhất 11 ký tự."
    )

    @field_validator(*_MAY_BE_EMPTY, mode="before")
    @classmethod
    def _empty_is_unset(cls, value: Any) -> Any:
        return None if value == "" else value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("sqlite:///", "postgresql://", "postgres://")):
            raise ValueError("phải bắt đầu bằng sqlite:/// hoặc postgresql://")
        return value

    @field_validator("embed_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        read_origins(value)
        return value

    @field_validator("telegram_webhook_secret")
    @classmethod
    def _header_value(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", value.get_secret_value()):
            raise ValueError("chỉ gồm 1 đến 256 chữ cái, chữ số, _ hoặc -")
        return value

    @field_validator("zalo_verification")
    @classmethod
    def _part_of_a_file_name(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", value):
            raise ValueError("chỉ gồm chữ cái, chữ số, _ hoặc -")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("redis://", "rediss://")):
            raise ValueError("phải bắt đầu bằng redis://")
        return value

    @field_validator("smtp_url", "imap_url")
    @classmethod
    def _mail_server(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None:
            protocol = (info.field_name or "").removesuffix("_url")
            try:
                read_mail_server(value.get_secret_value(), protocol)
            except ValueError as error:
                raise ValueError(str(error)) from None
        return value

    @field_validator("mail_from")
    @classmethod
    def _one_address(cls, value: str | None) -> str | None:
        if value is None:
            return value
        address = plain_address(value)
        if address is None:
            raise ValueError("phải là một địa chỉ thư điện tử, ví dụ hotline@thainguyen.gov.vn")
        return address

    @field_validator("esms_brandname", "speedsms_sender")
    @classmethod
    def _sender_name(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Za-z0-9 ._-]{1,11}", value):
            raise ValueError("nhiều nhất 11 ký tự, không dấu")
        return value

    @field_validator("sms_webhook_sources")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        for one in value.split():
            try:
                ipaddress.ip_network(one)
            except ValueError:
                raise ValueError(f"{one} không phải là địa chỉ IP hoặc dải địa chỉ") from None
        return value

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
    def has_zalo(self) -> bool:
        """Whether there is a Zalo account; its OA secret may still be missing (bootstrap)."""
        return self.zalo_app_id is not None

    @property
    def has_telegram(self) -> bool:
        return self.telegram_bot_token is not None

    @property
    def has_email(self) -> bool:
        """Whether there is a mail account; then all three settings are there."""
        return self.mail_from is not None

    @property
    def has_esms(self) -> bool:
        """Whether there is an eSMS account; its MO key may be missing (nothing comes in)."""
        return self.esms_api_key is not None

    @property
    def has_speedsms(self) -> bool:
        return self.speedsms_access_token is not None

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
