"""Why a row of the ledger failed, was skipped, is uncertain or waits, and why a run paused itself: the hotline's own
codes in words. What a provider's code means: integrations/provider_errors.py.
"""

from __future__ import annotations

import re
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
        "label": ("nội dung thiếu nhãn mà luật đòi hỏi lúc gửi", "without the label that the law wanted by then"),
        "opt_out_way": ("nội dung thiếu cách từ chối ở cuối", "without a way to refuse at its end"),
        "fixed_line": ("số máy bàn, không nhận được tin SMS", "a fixed line, which gets no SMS"),
        "too_late": ("quá hạn gửi", "too late"),
        "matter_over": (
            "việc được nhắc không còn (lớp đổi ngày, đã bỏ đăng ký, đã gia hạn, đã làm xong)",
            "what it is about is over (moved, left, renewed, finished)",
        ),
        "told_before": ("đã được nhắc về việc này rồi", "was told of it before"),
        "left_audience": ("không còn thuộc nhóm người nhận", "no longer in the audience"),
        "cancelled": ("đợt nhắc đã hủy", "the campaign was cancelled"),
        "not_listed": (
            "hỏi cổng gửi suốt 48 giờ, danh sách tin đã nhận của cổng không có tin này",
            "asked for 48 hours, the gateway's list of what it took has it not",
        ),
        "no_number": ("không có số điện thoại", "no telephone number"),
        "no_conversation": ("không có hội thoại nào nhắn được lúc này", "no conversation to write to just now"),
        "number_changed": ("số điện thoại đã đổi sau khi chốt danh sách", "the number changed after the freeze"),
        "kind_not_carried": ("không có kênh nào gửi được loại tin này", "no channel carries this kind of message"),
        "held": ("đang nói chuyện với cán bộ, chờ xong mới gửi", "talks with an officer, waits until that is over"),
        "window_closed": ("đã lâu không nhắn, Zalo không cho gửi", "has not written for too long, Zalo takes nothing"),
        "message_gone": ("tin Zalo đã quá lâu, không còn tra được", "the message on Zalo is too old to ask about"),
        "settled": ("cán bộ đã xử lý tin này", "an officer has dealt with it"),
        "failed": ("không gửi được", "it could not be sent"),
        "interrupted": ("hệ thống dừng giữa lúc gửi, không rõ đã gửi chưa", "cut off while sending, fate unknown"),
        "restored": ("vừa khôi phục từ bản sao lưu, không rõ đã gửi chưa", "restored from a backup, fate unknown"),
        "timed_out": ("cổng SMS không trả lời, không rõ đã gửi chưa", "no answer from the gateway, fate unknown"),
        "dispatcher_broke": ("lỗi của hotline khi gửi, không rõ đã gửi chưa", "our own fault, fate unknown"),
        "esms_rejected": ("eSMS không nhận tin này", "eSMS did not take it"),
        "esms_undelivered": ("nhà mạng không chuyển được tới máy", "the carrier could not deliver it"),
        "speedsms_undelivered": ("nhà mạng không chuyển được tới máy", "the carrier could not deliver it"),
        "no_gateway": (
            "chưa có cổng SMS nào của đợt này được cài ở hotline",
            "none of its gateways is set up at this hotline",
        ),
        "too_many_errors": (
            "quá nhiều tin lỗi trong những tin gần nhất (lý do từng loại lỗi ở phần Tiến độ)",
            "too many of the last messages failed (the reasons stand under Progress)",
        ),
        "run_broke": ("lỗi của hotline, đã ghi vào nhật ký máy chủ", "our own fault, which is in the server's log"),
        "text_broke": ("lỗi của hotline khi soạn tin này", "our own fault while the message was made"),
        "by_hand": ("có người bấm tạm dừng", "somebody paused it"),
    }
)


_NO_VALUE = re.compile(r"no_([a-z]+)")


def is_known(reason: str) -> bool:
    """Whether it is a code of our own."""
    return not reason or reason in _WORDS or bool(_NO_VALUE.fullmatch(reason))


def reason_words(reason: str, language: str = "vi") -> str:
    """What a code means; a provider's own code as it is."""
    if not reason:
        return "không ghi lý do" if language == "vi" else "no reason noted"
    value = _NO_VALUE.fullmatch(reason)
    default = (
        (f"không biết {{{{ {value[1]} }}}} của người này", f"{{{{ {value[1]} }}}} is unknown")
        if value
        else (reason,) * 2
    )
    vi, en = _WORDS.get(reason, default)
    return vi if language == "vi" else en
