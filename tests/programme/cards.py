"""Cards of a survey's result, usual and extreme, for tests of what is made of them."""

from __future__ import annotations

import dataclasses

from programme.survey.card import Bar, Card

CARD = Card(
    title="Mức độ chuyển đổi số của cửa hàng",
    shop="Tạp hóa Bà Tư Hường",
    place="Phường Phan Đình Phùng, tỉnh Thái Nguyên",
    day="Ngày 23/11/2026",
    total="40,2",
    total_label="điểm trên 100",
    level=2,
    level_name="Mức 2: Bắt đầu dùng",
    levels=("Chưa bắt đầu", "Làm quen", "Bắt đầu dùng", "Dùng đều", "Thành thạo", "Dẫn đầu"),
    bars=(
        Bar("Ứng dụng công nghệ", "46,2", 0.462),
        Bar("Con người và kỹ năng", "25,0", 0.25),
        Bar("Dữ liệu số", "43,4", 0.434),
    ),
    advice=(
        "Công nghệ: đã dùng được. Nên nối bán hàng, thanh toán và hóa đơn vào cùng một phần mềm.",
        "Kỹ năng: nên đi lớp cơ bản và có một người quen việc ở bên hướng dẫn.",
        "Dữ liệu: khá. Nên xem báo cáo hàng tuần và lưu khách quen có xin phép.",
    ),
    steps_title="Việc nên làm trước",
    steps=(
        "Ưu tiên số một: học lớp cơ bản trước rồi mới mua máy, khỏi phí tiền.",
        "Nên dán mã QR nhận tiền ở quầy. BIDV hỗ trợ mở tài khoản và hướng dẫn thanh toán trên toàn tỉnh.",
        "Nhớ 3 điều: không đọc mã OTP, không cài ứng dụng từ đường link, cúp máy rồi gọi số chính thức.",
    ),
    compared="Tăng 12,4 điểm so với ngày 15/3/2026.",
    note="Đây là kết quả tham khảo, không phải khảo sát của Bộ. Khảo sát chính thức: https://rdx.gov.vn",
)


def long(letters: int) -> str:
    return ("Trường Thuyền Ưỡn Ẩm Quỳnh Hương " * letters)[:letters].strip()


LONGEST = dataclasses.replace(
    CARD,
    title=long(80),
    shop=long(80),
    place=long(80),
    total="100,0",
    total_label=long(40),
    level=5,
    level_name=long(60),
    levels=(long(30),) * 6,
    bars=(Bar(long(60), "100,0", 1.0),) * 3,
    advice=(long(150),) * 3,
    steps=(long(200),) * 3,
    compared=long(150),
    note=f"{long(200)} https://rdx.gov.vn",
)
UNBROKEN = dataclasses.replace(
    CARD, title="Ư" * 80, shop="W" * 80, level_name="M" * 60, steps=("W" * 200,) * 3, note="https://" + "m" * 120
)
INSUFFICIENT = dataclasses.replace(CARD, total="", total_label="", level=None, level_name="Chưa đủ dữ liệu")
