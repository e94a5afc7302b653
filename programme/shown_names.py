"""Names that pages, files and reports show alike, Vietnamese and English: of channels and of where a lead stands.

The console says the same ones, as `channel.…` and `leads.state_…` (console/words.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from programme.lead_states import LeadState

CHANNELS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "zalo": ("Zalo", "Zalo"),
        "telegram": ("Telegram", "Telegram"),
        "webchat": ("Khung chat", "Web chat"),
        "email": ("Thư điện tử", "E-mail"),
        "terminal": ("Dòng lệnh", "Terminal"),
    }
)
LEAD_STATES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        LeadState.ASKING: ("Đang hỏi chủ cửa hàng", "The owner is being asked"),
        LeadState.OFFERED: ("Chờ nhận", "Offered"),
        LeadState.ACCEPTED: ("Đã nhận", "Accepted"),
        LeadState.CONTACTED: ("Đã liên hệ", "Contacted"),
        LeadState.TRIAL: ("Đang dùng thử", "Trial"),
        LeadState.IN_USE: ("Đang sử dụng", "In use"),
        LeadState.REFUSED: ("Đã từ chối", "Refused"),
        LeadState.LAPSED: ("Quá hạn không nhận", "Lapsed"),
        LeadState.DECLINED: ("Chủ cửa hàng không chuyển", "The owner declined"),
        LeadState.WITHDRAWN: ("Đã rút đồng ý", "Consent withdrawn"),
    }
)
