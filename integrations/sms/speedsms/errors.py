"""SpeedSMS's codes as a closed table (speedsms.vn/sms-api): a message's fate, a person's words."""

from __future__ import annotations

from integrations.errors import Fate, ProviderError
from integrations.sms.transport import MAYBE, Outcomes

OUTCOMES = Outcomes.of("speedsms", "SpeedSMS")
PARAMETER, PHONE = 101, 105
_PROGRAM = "SpeedSMS không nhận tin này vì sai định dạng; cần báo người phụ trách kỹ thuật."

_Entry = tuple[Fate, str, bool]


def _down(reason: str) -> _Entry:
    return Fate.CHANNEL_DOWN, f"SpeedSMS đang không cho gửi tin: {reason}.", True


def _refused(detail: str = _PROGRAM) -> _Entry:
    return Fate.REFUSED, detail, True


_UNKNOWN = _refused("SpeedSMS không nhận tin này vì một lý do hotline chưa biết; cần báo người phụ trách kỹ thuật.")

TABLE: dict[int, _Entry] = {
    7: _down("địa chỉ IP của máy chủ đang bị khóa"),
    8: _down("tài khoản bị khóa"),
    9: _down("tài khoản chưa được phép gọi API"),
    PARAMETER: _refused(),
    PHONE: (Fate.UNREACHABLE, "Không gửi được đến số này: số điện thoại không đúng.", False),
    110: _refused("SpeedSMS không gửi được bảng mã của tin này; hãy dùng nội dung không dấu."),
    113: _refused("Nội dung tin quá dài đối với SpeedSMS."),
    300: _down("tài khoản không đủ tiền"),
    # "Internal error, please try again": it does not say where the message was when it happened
    500: (Fate.UNCERTAIN, MAYBE, False),
}
# The platform in front of the API refuses the call itself: by its HTTP status, without a code of the table
LOCKED_OUT = ProviderError("speedsms_401", *_down("access token không đúng"))
MALFORMED = ProviderError("speedsms_malformed", *_refused())
BALANCE = frozenset({"speedsms_300"})
KEYS = frozenset({"speedsms_007", "speedsms_008", "speedsms_009", "speedsms_401"})


def error(code: int) -> ProviderError:
    """What `code` comes to. One that nobody has described is taken for final, and somebody is told."""
    return ProviderError(f"speedsms_{code:03}", *TABLE.get(code, _UNKNOWN))


ERRORS = {one.code: one for one in (*OUTCOMES.all(), LOCKED_OUT, MALFORMED, *map(error, TABLE))}
