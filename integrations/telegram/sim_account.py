"""The simulated bot's account, the same at every start, and the disputed facts about Telegram as switches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from integrations.simulation.switches import Switches, switch

BOT_ID: Final = 7000000001
BOT_USERNAME: Final = "hotline_mophong_bot"
# Open to everybody: they open nothing but a simulator on the loopback
BOT_TOKEN: Final = f"{BOT_ID}:AA_mo-phong_hotline_telegram_000000"
WEBHOOK_SECRET: Final = "mophong-telegram-webhook-secret"  # noqa: S105 - see above

BOT: Final[dict[str, Any]] = {
    "id": BOT_ID,
    "is_bot": True,
    "first_name": "Hotline (mô phỏng)",
    "username": BOT_USERNAME,
}
# What getMe adds to it
ABILITIES: Final[dict[str, Any]] = {
    "can_join_groups": True,
    "can_read_all_group_messages": False,
    "supports_inline_queries": False,
    "can_connect_to_business": False,
    "has_main_web_app": False,
}


@dataclass
class TelegramSwitches(Switches):
    """Seconds are simulated ones. The limits on sending are those that everybody keeps; Telegram promises none."""

    limits: bool = switch(True, "Giới hạn tốc độ gửi (429)")
    retries_extend_limit: bool = switch(True, "Gửi lại khi đang bị giới hạn thì phải chờ lâu hơn")
    strict_keyboard: bool = switch(True, "Bàn phím tối đa 8 nút một hàng, 100 nút tất cả")
    second_answer_refused: bool = switch(False, "Trả lời một lần bấm nút lần thứ hai thì báo lỗi 400")
    callback_seconds: int = switch(15, "Số giây phải trả lời một lần bấm nút")
    https_only: bool = switch(False, "Webhook bắt buộc https và cổng 443, 80, 88, 8443 cả trên máy này")
    one_poller: bool = switch(True, "Chỉ một nơi được gọi getUpdates (409)")
