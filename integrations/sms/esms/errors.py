"""eSMS's codes as a closed table (developers.esms.vn, bang-ma-loi): a message's fate, a person's words."""

from __future__ import annotations

from integrations.errors import Fate, ProviderError
from integrations.sms.transport import Outcomes

OUTCOMES = Outcomes.of("esms", "eSMS")
ACCEPTED, NOT_FOUND, REPEATED = 100, 105, 124
BACK_OFF_SECONDS = 1.0
_PROGRAM = "eSMS không nhận tin này vì sai định dạng; cần báo người phụ trách kỹ thuật."

_Entry = tuple[Fate, str, bool]


def _down(reason: str) -> _Entry:
    return Fate.CHANNEL_DOWN, f"eSMS đang không cho gửi tin: {reason}.", True


def _unreachable(reason: str) -> _Entry:
    return Fate.UNREACHABLE, f"Không gửi được đến số này: {reason}.", False


def _refused(detail: str = _PROGRAM) -> _Entry:
    return Fate.REFUSED, detail, True


_UNKNOWN = _refused("eSMS không nhận tin này vì một lý do hotline chưa biết; cần báo người phụ trách kỹ thuật.")

TABLE: dict[int, _Entry] = {
    99: _unreachable("số bị chặn ở eSMS"),
    101: _down("ApiKey hoặc SecretKey không đúng"),
    102: _down("tài khoản chưa có bảng giá"),
    103: _down("tài khoản hết tiền"),
    104: _refused("Brandname chưa đăng ký ở eSMS."),
    105: (Fate.RETRY, "eSMS chưa có tin này; hotline sẽ hỏi lại.", False),
    108: _unreachable("số điện thoại không đúng"),
    118: _refused(),
    140: _down("địa chỉ IP của máy chủ chưa được eSMS cho phép"),
    143: _down("tài khoản bị khóa hoặc chưa kích hoạt"),
    146: _refused("Nội dung không khớp mẫu đã đăng ký cho brandname."),
    160: (Fate.BACK_OFF, "Hotline gọi eSMS quá nhanh; sẽ gửi tiếp sau.", False),
    177: (Fate.REFUSED, "Brandname chưa đăng ký với nhà mạng của số này.", True),
    199: (Fate.UNCERTAIN, "eSMS đang xử lý chính tin này; hotline chờ kết quả.", False),
    201: _refused("Nội dung có từ khóa bị cấm."),
    **dict.fromkeys((106, 107, 110, 115, 120, 163, 171, 204, 210, 300, 301, 687), _refused()),
    **dict.fromkeys((789, 790, 791, 799, 801, 802, 851, 854), _refused("eSMS báo lỗi về Zalo cho một tin SMS.")),
}
MALFORMED = ProviderError("esms_malformed", *_refused())
# Only of a list that is read: nothing is sent with it
TOO_MANY = ProviderError("esms_list_too_long", Fate.RETRY, "Danh sách tin đã gửi của eSMS quá dài để xem hết.")
BALANCE = frozenset({"esms_102", "esms_103"})
KEYS = frozenset({"esms_101", "esms_140", "esms_143"})


def error(code: int) -> ProviderError:
    """What `code` comes to. One that nobody has described is taken for final, and somebody is told."""
    return ProviderError(f"esms_{code}", *TABLE.get(code, _UNKNOWN))


ERRORS = {one.code: one for one in (*OUTCOMES.all(), MALFORMED, TOO_MANY, *map(error, TABLE))}
