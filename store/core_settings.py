"""The settings of the hotline itself: where its data is, where it is reached, how it behaves. Field names are the
environment's, in lower case, behind HOTLINE_. Those of providers: provider_settings.py; how they are read: settings.py.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from store.crypto import MIN_SECRET_CHARACTERS
from store.origins import read_origins


class CoreSettings(BaseSettings):
    """The hotline itself."""

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

    @field_validator("redis_url")
    @classmethod
    def _redis_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("redis://", "rediss://")):
            raise ValueError("phải bắt đầu bằng redis://")
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
