"""Why a row of the ledger failed, was skipped, is uncertain or waits, and why a run paused itself: in words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "opted_out": ("đã từ chối nhận tin", "refused such messages"),
        "erasing": ("đang yêu cầu xóa dữ liệu", "asked for their data to be erased"),
        "do_not_call": ("số trong danh sách không quảng cáo", "on the do-not-call list"),
        "no_consent": ("chưa đồng ý nhận tin quảng cáo", "did not agree to advertising"),
        "registration_once": ("đã được hỏi xin phép một lần", "was asked for permission before"),
        "cap": ("đủ số tin trong 24 giờ, chờ sang lượt", "enough messages within 24 hours, waits"),
        "hours": ("ngoài giờ được gửi, chờ đến giờ", "outside the hours, waits"),
        "too_late": ("quá hạn gửi", "too late"),
        "left_audience": ("không còn thuộc nhóm người nhận", "no longer in the audience"),
        "cancelled": ("đợt nhắc đã hủy", "the campaign was cancelled"),
        "not_listed": (
            "hỏi cổng gửi suốt 48 giờ, danh sách tin đã nhận của cổng không có tin này",
            "asked for 48 hours, the gateway's list of what it took has it not",
        ),
        "no_number": ("không có số điện thoại", "no telephone number"),
        "number_changed": ("số điện thoại đã đổi sau khi chốt danh sách", "the number changed after the freeze"),
        "no_value": ("thiếu thông tin để điền vào tin", "a value of the text is missing"),
        "no_channel": ("không có kênh nào gửi được", "no channel reaches them"),
        "timeout": ("tổng đài không trả lời, không rõ đã gửi chưa", "no answer from the gateway, fate unknown"),
        "number_invalid": ("số điện thoại không đúng", "not a valid number"),
        "undelivered": ("nhà mạng không chuyển được", "the carrier could not deliver it"),
        "errors": (
            "quá nhiều tin lỗi trong những tin gần nhất. Xem lý do lỗi bên dưới, sửa nguyên nhân rồi bấm “Chạy tiếp”",
            "too many of the last messages failed. Look at the reasons below, mend the cause, then resume",
        ),
        "by_hand": ("có người bấm tạm dừng", "somebody paused it"),
    }
)


def reason_words(reason: str, language: str = "vi") -> str:
    """What a code means; a gateway's own code as it is."""
    if not reason:
        return "không ghi lý do" if language == "vi" else "no reason noted"
    vi, en = _WORDS.get(reason, (reason, reason))
    return vi if language == "vi" else en
