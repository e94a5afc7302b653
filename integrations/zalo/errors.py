"""Zalo's error codes as a closed table: what becomes of the message, what an officer reads, who must be alarmed.

Three numberings that overlap: openapi.zalo.me, business.openapi.zalo.me (messages by phone number), oauth.zaloapp.com.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from integrations.errors import Fate, ProviderError

_DOWN = "Zalo đang không cho hotline gửi tin"
_USER = "Zalo không chuyển được tin cho người này"
_OUTAGE = "Zalo tạm thời chưa nhận tin; hotline sẽ tự gửi lại."
_WINDOW = "Đã quá 7 ngày người này chưa nhắn cho OA: Zalo chỉ cho gửi khi họ nhắn lại hoặc bằng mẫu tin ZBS."
_PROGRAM = "Zalo không nhận tin này vì sai định dạng; cần báo người phụ trách kỹ thuật."
_MAYBE = "Không rõ Zalo đã nhận tin này hay chưa; hotline không tự gửi lại để tránh gửi hai lần."

_Entry = tuple[Fate, str, bool]


def _retry(detail: str = _OUTAGE, alarm: bool = False) -> _Entry:
    return Fate.RETRY, detail, alarm


def _down(reason: str) -> _Entry:
    return Fate.CHANNEL_DOWN, f"{_DOWN}: {reason}.", True


def _unreachable(reason: str) -> _Entry:
    return Fate.UNREACHABLE, f"{_USER}: {reason}.", False


def _refused(detail: str = _PROGRAM, alarm: bool = True) -> _Entry:
    return Fate.REFUSED, detail, alarm


def _closed(detail: str = _WINDOW, alarm: bool = False) -> _Entry:
    return Fate.WINDOW_CLOSED, detail, alarm


@dataclass(frozen=True)
class Numbering:
    """The codes of one of Zalo's hosts. `token_codes`: a new access token cures them. `others`: it also says those."""

    prefix: str
    entries: Mapping[int, tuple[Fate, str, bool]]
    token_codes: frozenset[int] = frozenset()
    others: Numbering | None = None

    def error(self, code: int) -> ProviderError:
        """What `code` comes to. One that nobody has described yet is taken for final, and somebody is told."""
        code = _signed(code)
        if self.others is not None and code not in self.entries:
            return self.others.error(code)
        return ProviderError(f"{self.prefix}_{code}", *self.entries.get(code, _UNKNOWN))

    def is_about_token(self, code: int) -> bool:
        return _signed(code) in self.token_codes


def _signed(code: int) -> int:
    """Token trouble was seen without its minus."""
    return -abs(code) if abs(code) in (216, 401) else code


_UNKNOWN = _refused("Zalo không nhận tin này vì một lý do hotline chưa biết; cần báo người phụ trách kỹ thuật.")
_TOO_FAST: _Entry = (Fate.BACK_OFF, "Hotline gọi Zalo quá nhanh; sẽ gửi tiếp sau một phút.", False)
_NIGHT = _retry("Zalo không cho gửi loại tin này ban đêm (22 giờ đến 6 giờ); hotline sẽ gửi vào buổi sáng.")
_OUT_OF_QUOTA = _retry("OA đã hết lượt gửi tin theo gói; hotline sẽ gửi khi Zalo cấp lượt mới.", alarm=True)
_TOKEN = _down("mã truy cập không còn dùng được, cần dán cặp mã mới (hotline zalo tokens)")

OPENAPI = Numbering(
    "zalo",
    {
        -32: _TOO_FAST,
        -100: _retry("Tệp đã tải lên Zalo hết hạn; hotline sẽ tải lại."),
        -200: _retry(),
        -201: _refused(),
        -202: _refused(),
        -204: _down("OA đã bị khóa hoặc xóa"),
        -205: _down("OA không tồn tại"),
        -207: _down("OA chưa được đăng ký cho ứng dụng bên thứ ba"),
        -208: _down("OA chưa có khóa bí mật"),
        -209: _down("ứng dụng chưa được kích hoạt hoặc không được dùng API này"),
        -210: _refused("Tin vượt giới hạn Zalo cho phép."),
        -211: _OUT_OF_QUOTA,
        -212: _down("ứng dụng chưa đăng ký API này"),
        -213: _unreachable("họ chưa quan tâm OA"),
        -214: _retry("Zalo còn đang xử lý nội dung; hotline sẽ gửi lại."),
        -215: _down("mã ứng dụng không hợp lệ"),
        -216: _TOKEN,
        -217: _unreachable("họ đã chặn lời mời của OA"),
        -218: _retry("Người này đã nhận đủ số tin Zalo cho phép; hotline sẽ gửi sau."),
        -219: _down("ứng dụng đã bị gỡ hoặc bị khóa"),
        -220: _TOKEN,
        -221: _down("OA cần được xác thực"),
        -222: _unreachable("tài khoản bị khóa hoặc đã lâu không dùng Zalo"),
        -223: _down("OA chưa cấp quyền dùng API này, cần đồng ý lại"),
        -224: _down("OA cần nâng cấp gói dịch vụ"),
        -227: _unreachable("tài khoản bị khóa hoặc không dùng Zalo hơn 45 ngày"),
        -230: _closed(),
        -232: _closed("Người này chưa từng nhắn cho OA hoặc đã quá hạn tương tác: chờ họ nhắn lại."),
        -233: _refused(),
        -234: _NIGHT,
        -235: _down("loại OA này không được dùng API"),
        -237: _refused("Nhóm chat Zalo này đã hết hạn.", alarm=False),
        -238: _refused("Nội dung đính kèm không dùng được trên Zalo."),
        -240: _refused(),
        -241: _refused("Nội dung đính kèm không dùng được trên Zalo."),
        -242: _down("khóa bí mật của ứng dụng không đúng"),
        -244: _unreachable("họ không nhận loại tin này từ OA"),
        -248: _refused("Zalo cho rằng nội dung tin vi phạm tiêu chuẩn; cần người xem lại."),
        -249: _refused("Mẫu tin này không gửi được theo tài khoản Zalo, chỉ gửi được theo số điện thoại."),
        -305: _closed(),
        -311: _OUT_OF_QUOTA,
        -320: _down("ứng dụng chưa liên kết tài khoản Zalo Cloud"),
        # Inside the free 48 hours it can be sent all the same: only this message waits, not the channel
        -321: _closed(
            "Tài khoản Zalo Cloud hết tiền nên chưa gửi được tin tính phí; chờ nạp tiền hoặc khi họ nhắn lại.", True
        ),
        -401: _TOKEN,
        -403: _refused("OA không ở trong nhóm chat này.", alarm=False),
    },
    token_codes=frozenset({-216, -220, -401}),
)

_ZBS_TEMPLATE = _refused("Mẫu tin ZBS hoặc dữ liệu điền vào mẫu chưa đúng; cần báo người phụ trách kỹ thuật.")
_ZBS_DOWN = _down("tài khoản hoặc quyền gửi tin ZBS có vấn đề")
_ZBS_USER = _unreachable("họ không nhận được hoặc từ chối loại tin này")
_ZBS_QUOTA = _retry("Đã hết lượt gửi tin ZBS; hotline sẽ gửi khi có lượt mới.", alarm=True)

BUSINESS = Numbering(
    "zalo_zbs",
    {
        -32: _TOO_FAST,
        -100: _retry(),
        **dict.fromkeys((-101, -103, -104), _down("mã hoặc khóa bí mật của ứng dụng không đúng")),
        -107: _refused(),
        -108: _unreachable("số điện thoại không hợp lệ"),
        **dict.fromkeys((-109, -1091, -111, -112, -1121, -1122, -1123, -1124, -113, -1131, -1132, -116), _ZBS_TEMPLATE),
        -114: _ZBS_USER,
        -115: _down("tài khoản ZBS hết tiền"),
        **dict.fromkeys((-117, -120, -1202, -135, -1351, -136, -138, -1381, -145), _ZBS_DOWN),
        **dict.fromkeys((-118, -119), _unreachable("số này không có tài khoản Zalo nhận tin")),
        **dict.fromkeys((-121, -122), _refused()),
        -125: _down("mã OA không hợp lệ"),
        -124: _TOKEN,
        -1241: _down("khóa bí mật của ứng dụng không đúng"),
        **dict.fromkeys((-126, -127), _refused("Mẫu tin ZBS còn ở chế độ thử, chỉ gửi được cho quản trị viên.")),
        **dict.fromkeys((-130, -131, -132), _ZBS_TEMPLATE),
        -133: _NIGHT,
        -137: _down("thanh toán ZBS không thành công"),
        **dict.fromkeys((-139, -140, -141), _ZBS_USER),
        **dict.fromkeys((-142, -143, -151, -152), _refused()),
        **dict.fromkeys((-144, -1441, -147, -160), _ZBS_QUOTA),
        **dict.fromkeys((-1471, -1472), _retry("Người này đã nhận đủ số tin ZBS cho phép; hotline sẽ gửi sau.")),
        **dict.fromkeys((-146, -148, -149, -150, -153, -158, -159, -161, -162, -249), _ZBS_TEMPLATE),
    },
    token_codes=frozenset({-124}),
)

# Templates to users of the OA: openapi's own codes, and those of templates.
TEMPLATE = replace(OPENAPI, token_codes=OPENAPI.token_codes | BUSINESS.token_codes, others=BUSINESS)

OAUTH = Numbering(
    "zalo_oauth",
    {
        -118: _TOKEN,
        -14002: _down("mã ứng dụng không hợp lệ hoặc ứng dụng chưa hoạt động"),
        -14003: _down("địa chỉ nhận kết quả cấp quyền chưa đúng với khai báo trên Zalo"),
        -14014: _TOKEN,
    },
)
# The refresh token is used up or expired: trying again is useless.
BURNT = frozenset({"zalo_oauth_-118", "zalo_oauth_-14014"})
_WAITS = dict.fromkeys((-211, -218, -311, -144, -1441, -147, -160, -1471, -1472), 3600.0)
_AT_NIGHT = frozenset({-133, -234})
_MORNING, _ZALO_TIMEZONE = 6, ZoneInfo("Asia/Ho_Chi_Minh")

# Errors of ours about calls to Zalo, and what an answer that is none comes to.
NOT_SENT = ProviderError("zalo_not_sent", Fate.RETRY, _OUTAGE)
NO_ANSWER = ProviderError("zalo_no_answer", Fate.UNCERTAIN, _MAYBE)
NOT_JSON = ProviderError("zalo_not_json", Fate.UNCERTAIN, _MAYBE)
SERVER_ERROR = ProviderError("zalo_server_error", Fate.UNCERTAIN, _MAYBE)
RATE_LIMITED = -32
TOO_FAST = OPENAPI.error(RATE_LIMITED)
WINDOW_CLOSED = OPENAPI.error(-230)
NO_TOKEN = ProviderError("zalo_no_token", *_TOKEN)
TOKEN_LOST = ProviderError("zalo_token_lost", Fate.RETRY, "Hotline đang xin lại mã truy cập Zalo; sẽ tự gửi lại.", True)
TOKEN_RENEWING = ProviderError("zalo_token_renewing", Fate.RETRY, _OUTAGE)
NO_TEMPLATE = ProviderError(
    "zalo_zbs_no_template", Fate.REFUSED, "Chiến dịch chưa có mẫu tin ZBS nên không gửi được theo số điện thoại.", True
)
FILE_REFUSED = ProviderError(
    "zalo_file", Fate.REFUSED, "Tệp này không gửi được qua Zalo (ảnh, PDF, DOC, DOCX hoặc CSV, nhiều nhất 5 MB)."
)


def seconds_to_wait(code: int, now: datetime) -> float | None:
    """How long an answer with `code` makes trying again useless; None: no telling."""
    if code == RATE_LIMITED:
        return seconds_to_next_minute(now)
    if code in _AT_NIGHT:
        local = now.astimezone(_ZALO_TIMEZONE)
        morning = local.replace(hour=_MORNING, minute=0, second=0, microsecond=0)
        return ((morning if local < morning else morning + timedelta(days=1)) - local).total_seconds()
    return _WAITS.get(code)


def seconds_to_next_minute(now: datetime) -> float:
    """Zalo counts calls per minute of the clock; one second more for clocks that differ."""
    return 61.0 - now.second
