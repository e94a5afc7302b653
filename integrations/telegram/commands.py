"""The commands of the bot: what Telegram's menu shows, and which intent of the flows each stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """`name`: 1–32 of a–z, 0–9, _ (Telegram allows no accents). `payload` as a button's."""

    name: str
    description: str
    payload: str


COMMANDS = (
    Command("batdau", "Bắt đầu trò chuyện", "/greet"),
    Command("khaosat", "Làm khảo sát chuyển đổi số của cửa hàng", "/start_survey"),
    Command("ketqua", "Xem lại kết quả khảo sát", "/show_survey_result"),
    Command("congty", "Doanh nghiệp hỗ trợ xã, phường của tôi", "/ask_vendor"),
    Command("tenmien", "Xem cửa hàng có được cấp tên miền .biz.vn không", "/check_domain_eligibility"),
    Command("lophoc", "Lớp học chuyển đổi số", "/ask_class"),
    Command("canbo", "Gặp cán bộ", "/request_person"),
    Command("trogiup", "Xem hotline giúp được việc gì", "/open_menu"),
    Command("lienket", "Nối với cuộc trò chuyện trên Zalo hoặc web", "/link_channels"),
    Command("dulieu", "Xem dữ liệu hotline đang giữ về tôi", "/my_data"),
    Command("dung", "Không nhận tin nhắc nữa", "/opt_out"),
)
# What Telegram's clients send by themselves (the Start button), and what people who know other bots type.
ALIASES = {"start": "batdau", "help": "trogiup", "menu": "trogiup", "stop": "dung"}

_BY_NAME = {command.name: command for command in COMMANDS}
_BY_NAME.update({alias: _BY_NAME[name] for alias, name in ALIASES.items()})
_TYPED = re.compile(r"/(?P<name>[a-z0-9_]{1,32})(?:@\w+)?(?:\s+(?P<words>.*))?", re.IGNORECASE | re.DOTALL)
# The parameter of t.me/<bot>?start=…: a code that links two channels. Any other is where a poster hung, not words.
_LINK_CODE = re.compile(r"LK[0-9]{6}", re.IGNORECASE)


def read_command(text: str) -> tuple[str, str | None]:
    """(text, payload) that a typed text stands for: itself unless it is a command of ours.

    Words behind a command are the message: "/congty Đồng Hỷ" asks about Đồng Hỷ.
    """
    match = _TYPED.fullmatch(text)
    command = _BY_NAME.get(match["name"].lower()) if match else None
    if match is None or command is None:
        return text, None
    words = match["words"] or ""
    if words and (match["name"].lower() != "start" or _LINK_CODE.fullmatch(words)):
        return words, None
    return text, command.payload
