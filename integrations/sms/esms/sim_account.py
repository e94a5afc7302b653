"""The simulated eSMS account, its phones, and the disputed facts about eSMS as switches."""

from __future__ import annotations

import re
from dataclasses import dataclass

from integrations.simulation.people import Person
from integrations.simulation.switches import Switches, switch

API_KEY = "SIMULATEDAPIKEY0000000000000000"
SECRET_KEY = "SIMULATEDSECRETKEY000000000000"  # noqa: S105 - opens only this simulator
MO_KEY = "simulated-mo-key"
BRANDNAME = "CDS.XA"
CPID, SHORT_CODE = "1900", "8041"
TARIFF = 850  # đồng for one part, as in the sample of the page on states

FIRST_PEOPLE = (
    ("+84900000001", "Nguyễn Thị Lan"),
    ("+84900000002", "Trần Văn Hùng"),
    ("+84900000003", "Lò Thị Mai"),
)
# Registered texts; what stands in braces may be anything of up to 200 characters
TEMPLATES = (
    "{don vi} thong bao: {noi dung}",
    "{đơn vị} thông báo: {nội dung}",
    "Ma xac nhan cua ban la {ma}",
)
_CARRIERS = {
    "viettel": (1, "086 096 097 098 032 033 034 035 036 037 038 039"),
    "mobifone": (2, "089 090 093 070 076 077 078 079"),
    "vinaphone": (3, "088 091 094 081 082 083 084 085"),
    "vietnamobile": (4, "092 052 056 058"),
    "gtel": (5, "099 059"),
    "itel": (6, "087"),
    "reddi": (7, "055"),
}
_BY_PREFIX = {prefix: (name, id_) for name, (id_, prefixes) in _CARRIERS.items() for prefix in prefixes.split()}
_NUMBER = re.compile(r"(?:0|(84))([35789]\d{8})")


@dataclass
class Phone(Person):
    """A telephone; its `id` is its number in E.164. `blocked`: at eSMS. `is_off`: messages do not arrive."""

    is_off: bool = False

    def status(self) -> str:
        if self.blocked:
            return f"{self.id} · bị chặn ở eSMS"
        return f"{self.id} · tắt máy" if self.is_off else self.id


@dataclass
class EsmsSwitches(Switches):
    """Every disputed fact, in the position that the better sources support; and what a test wants to be otherwise."""

    template_check: bool = switch(True, "Nội dung phải khớp mẫu đã đăng ký")
    delay_ms: int = switch(0, "Mỗi lời gọi gửi được trả lời sau (mili giây)")
    report_ms: int = switch(2000, "Báo kết quả sau khi nhận tin (mili giây)")
    undelivered_percent: int = switch(0, "Số máy không nhận được tin (phần trăm)")
    silent_percent: int = switch(0, "Số tin không bao giờ có báo kết quả (phần trăm)")
    per_second: int = switch(0, "Số lần gửi mỗi giây (0: không giới hạn)")
    balance: int = switch(1_000_000_000, "Tiền trong tài khoản (đồng)")
    country_code: bool = switch(True, "Nhận cả số viết 84…")
    locked: bool = switch(False, "Tài khoản bị khóa")
    ip_allowed: bool = switch(True, "Địa chỉ IP của máy gọi được phép")
    banned_word: str = switch("", "Từ khóa bị cấm")
    unregistered: str = switch("none", "Nhà mạng chưa có brandname", ("none", *_CARRIERS))
    accented_plain: str = switch("refuse", "Tin có dấu mà IsUnicode là 0", ("refuse", "garble"))
    repeat_while_busy: int = switch(124, "Mã khi lặp RequestId lúc lời gọi trước chưa xong", (124, 199))
    counts_parts: bool = switch(True, "TotalSent, SendSuccess, SendFailed đếm số đoạn tin")
    empty_request_id: bool = switch(False, "Báo kết quả không có RequestId")
    reports_sending: bool = switch(False, "Báo cả lúc đã gửi, đang chờ nhà mạng (SendStatus 7)")
    callback_deadline_ms: int = switch(10_000, "Chờ hotline trả lời báo kết quả (mili giây)")
    errors_status: int = switch(200, "Mã HTTP của lời từ chối", (200, 400))
    journal: bool = switch(True, "Ghi nhật ký và tin của từng máy (tắt khi đo tốc độ)")


def number(said: str, switches: EsmsSwitches) -> str | None:
    """A number as eSMS takes it, in E.164; None: error 108."""
    found = _NUMBER.fullmatch(said)
    return None if found is None or (found[1] and not switches.country_code) else f"+84{found[2]}"


def carrier(phone: str) -> tuple[str, int]:
    """The name and telcoid of the carrier of a number in E.164; one that nobody has is Viettel's."""
    return _BY_PREFIX.get("0" + phone[3:5], ("viettel", 1))
