"""The settings of providers, a group for each: the accounts with Zalo, Telegram, a mail server and SMS gateways.

Field names are the environment's, by their alias. What holds between several of them, and how they are read:
settings.py.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from store.mail_addresses import plain_address, read_mail_server


class ZaloSettings(BaseSettings):
    """The Official Account."""

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

    @field_validator("zalo_verification")
    @classmethod
    def _part_of_a_file_name(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", value):
            raise ValueError("chỉ gồm chữ cái, chữ số, _ hoặc -")
        return value

    @property
    def has_zalo(self) -> bool:
        """Whether there is a Zalo account; its OA secret may still be missing (bootstrap)."""
        return self.zalo_app_id is not None


class TelegramSettings(BaseSettings):
    """The bot."""

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

    @field_validator("telegram_webhook_secret")
    @classmethod
    def _header_value(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", value.get_secret_value()):
            raise ValueError("chỉ gồm 1 đến 256 chữ cái, chữ số, _ hoặc -")
        return value

    @property
    def has_telegram(self) -> bool:
        return self.telegram_bot_token is not None


class MailSettings(BaseSettings):
    """The mailbox."""

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

    @property
    def has_email(self) -> bool:
        """Whether there is a mail account; then all three settings are there."""
        return self.mail_from is not None


class SmsSettings(BaseSettings):
    """The gateways of bulk messages."""

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
    sms_balance_least: int = Field(
        200_000,
        ge=0,
        validation_alias="SMS_BALANCE_LEAST",
        description="Khi có đợt nhắc mà tài khoản SMS còn ít hơn số đồng này hoặc ít hơn số các đợt cần thì báo động.",
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

    @property
    def has_esms(self) -> bool:
        """Whether there is an eSMS account; its MO key may be missing (nothing comes in)."""
        return self.esms_api_key is not None

    @property
    def has_speedsms(self) -> bool:
        return self.speedsms_access_token is not None
