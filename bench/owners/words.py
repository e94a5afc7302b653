"""What owners say, and how likely they do what."""

from __future__ import annotations

from collections.abc import Mapping

Chances = Mapping[str, float]

SHOPS = ("Tạp hóa Hồng Loan", "Quán Ba Lan", "Cửa hàng Minh Đức", "Sạp rau bà Tư", "Vải Thu Hà", "Gạo Sáu Thơm 2")
PEOPLE = ("Nguyễn Thị Loan", "Trần Văn Bình", "Hoa", "Lê Thị Thu Hà", "Đặng Quốc Việt")
PLACES = ("chợ Thái, dãy hàng khô", "đường Hoàng Văn Thụ", "chợ Đồng Quang, quầy số 12")
WISHES = ("mong có lớp học buổi tối", "dạy chậm thôi cho người già", "chương trình tốt, cảm ơn nhiều")
NONSENSE = ("xyzzy plugh abc", "qwe rty uio", "asdf ghjk zxcv", "blorp snarf quux wibble")
ASIDES = (
    "bao lâu thì có người trả lời",
    "vnpt phụ trách những xã nào",
    "tên miền biz.vn là gì vậy",
    "hóa đơn điện tử có bắt buộc không",
)
PHONES = ("0912{:06d}", "0987 {:03d} {:03d}", "0356.{:03d}.{:03d}")

AT_A_QUESTION: Chances = {
    "answer": 0.76,
    "old": 0.03,
    "old_same": 0.015,
    "back": 0.025,
    "edit": 0.03,
    "skip": 0.025,
    "explain": 0.02,
    "aside": 0.02,
    "nonsense": 0.025,
    "unfit": 0.01,
    "reversed": 0.02,
    "pause": 0.012,
    "start": 0.008,
    "withdraw": 0.001,
}
WHILE_AWAY: Chances = {"start": 0.6, "resume": 0.25, "old": 0.08, "aside": 0.07}
AT_THE_OFFER: Chances = {"resume": 0.72, "number": 0.1, "start": 0.06, "old": 0.04, "pause": 0.05, "restart": 0.03}
AFTER_THE_RESULT: Chances = {"old": 0.4, "old_same": 0.1, "edit": 0.25, "start": 0.2, "aside": 0.05}
WAYS: Chances = {"button": 0.5, "number": 0.15, "letter": 0.11, "title": 0.12, "plain_title": 0.12}
SHARE_OF_SHORT_FORM = 0.85
SURE_COMMUNES = frozenset(
    "xa tan cuong,phuong phan dinh phung,xa dong hy,xa dinh hoa,xa la bang,phuong quan trieu,xa phu dinh,"
    "phuong ham rong,phuong hac thanh,xa muong lat,xa quan son,xa ba thuoc".split(",")
)
