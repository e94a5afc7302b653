"""What looks like a secret and is none: left alone, in owners' messages and in our own texts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bot.secrets import mask, mask_behind
from tests.bot.ways_of_writing import WAYS

ROOT = Path(__file__).parents[2]
UNTOUCHED = """
    hạn đổi mật khẩu là 30-6-2026
    quên mật khẩu etax mst 019085001234
    mật khẩu là số điện thoại à
    mật khẩu là chữ hay số
    mật khẩu: do ai cấp
    mật khẩu là facebook hay zalo
    đổi mật khẩu 90 ngày một lần
    nhập sai mật khẩu 5 lần bị khóa 24 giờ
    what is the password for 2026 tax
    mk dùng iphone15
    mk tên Hoa, sn 1990
    mk: hộ kinh doanh
    mk kê khai 01/CNKD
    mk thu 12345678 mỗi tháng
    mk ở tổ 12 phường 5
    mình pass lại shop 0912345678
    otp hết hạn sau 1200 giây
    otp từ đầu số 8198
    otp theo nghị định 123/2020/NĐ-CP
    OTP gửi lúc 14:30 ngày 15/8
    số 02838123456 xin otp
    tổng đài 1900558868 xin otp
    mã xã 14758 mã otp
    tin nhắn 482913 có phải otp không
    đọc otp mất 12.500.000
    mst cũ 8012345678, mst mới 019085001234
    mst 019.085.001.234
    mst: 0190 8500 1234
    MST019085001234
    my tax code is 019085001234
    số hồ sơ H26.038212345678
    SPXVN038212345678
    chuyển khoản 001085012345 vietcombank
    cccd hết hạn 15/08/2027
    cccd gắn chip 2021
    thẻ nhớ 128gb
    1.234.567.890.123
    mk muốn hỏi là thuế 2026 thế nào
    mk bán hàng là chính
    mk ở phường nào là được hỗ trợ
    mk là chủ shop quần áo
    mk là hộ kinh doanh ở phường 5
    mk hỏi nghị định 70/2025/NĐ-CP
    mk theo nđ70 phải xuất hóa đơn à
    mk 30 tuổi, bán hàng từ 2019
    mk bán được 500000 một ngày
    mk nộp 1200000 rồi
    mk t10/2026 mới mở shop
    mk mở cửa 24/24
    sđt mk 0912345678
    sđt mk là 0912345678
    sdt cua mk la 0912 345 678
    số mk 0912345678
    gọi mk 0912345678 nhé
    lh mk: 0912345678
    mk 0912345678
    stk mk 0123456789
    mst mk là 4600123456
    mst của shop mk là 019085001234
    doanh thu mk 482913456
    mk: cho hỏi thuế khoán
    quên mật khẩu là phải làm sao
    mật khẩu là gì
    mk la j vay
    mật khẩu là cái chi rứa
    quên mật khẩu thì làm sao
    quên mật khẩu: làm thế nào
    quên mật khẩu, gọi 19001234 được không
    quên mật khẩu 0912345678
    quên mật khẩu tài khoản 4600123456
    quên mật khẩu sđt của tôi là 0912345678
    đổi mật khẩu ở đâu
    đổi mật khẩu từ năm 2026 à
    mật khẩu phải có 8 ký tự
    mật khẩu 2 lớp là sao
    phí đổi mật khẩu là 50000 đồng
    phí đổi mật khẩu là 50.000đ
    hạn đổi mật khẩu là 30/6/2026
    mật khẩu gửi về email là hoa99@gmail.com
    link đổi mật khẩu là https://dichvucong.gov.vn/123
    my password is wrong
    I forgot my password
    can I pass 2026 exam
    pass lại cái máy in 500k
    gia han passport 2026
    có nên đọc mã OTP không
    tin nhắn xin mã otp, số 19001234 có phải lừa đảo
    tin nhắn xin otp từ số 8198
    soạn tin từ 8198 xin mã otp
    OTP để nhận 500000 đồng
    otp để nhận 500000
    otp để nhận 500.000đ
    otp nhận 1.500.000 vnd
    otp mất 250k
    họ xin otp xong trừ 3 triệu
    otp năm 2026
    otp 2026
    otp ngày 15/8/2027
    otp ngày 15-8-2027
    xin mã otp, đơn hàng 482913 của tôi
    xin mã otp. Doanh thu của tôi là 48291345
    họ xin otp gửi về 0912345678
    họ xin otp gửi về 0912 345 678
    có mã otp, hóa đơn số 482913 có hợp lệ không
    mã OTP 6 số gửi về là sao
    pin 5000mah
    pin điện thoại 20000 đồng
    máy quét pin dùng 12 tiếng
    mst 019085001234
    MST: 019085001234
    mã số thuế 019085001234
    mã số thuế của tôi là 019085001234
    ma so thue ho kinh doanh la 019085001234
    mã số thuế hộ kinh doanh nhà em 019085001234
    019085001234 là mã số thuế của tôi
    cccd hết hạn, mst 019085001234 có sao không
    mã số thuế 4600123456
    mst 4600123456-001
    đơn hàng 038212345678
    mã đơn hàng của tôi là 038212345678
    vận đơn 038212345678
    số hóa đơn 038212345678
    hóa đơn 00001234
    hóa đơn 1C26TAA số 482913
    stk 4111111111111111
    tài khoản 4111111111111111
    số tk của tôi là 4111111111111111 vietcombank
    số tài khoản ngân hàng 001085012345
    stk 1903 0010 8501 2345
    doanh thu 1200000000
    doanh thu 038212345678
    doanh thu 1.600.000.000 đồng
    bán được 800000000
    bán được 001
    gọi 0912 345 678 nhé
    gọi 0912345678 12 giờ trưa
    0912345678 0987654321
    +84 912 345 678
    02373852147
    hotline 1900 1234
    ngày 15/8/2027
    từ 01/01/2026 đến 31/12/2026
    mã xã 05437
    xã 14758 thuộc đâu
    4111 1111 1111 1112
    hoahong99.biz.vn
    0912345678.biz.vn
    đăng ký tên miền 123456.biz.vn
    imei 356938035643809
    thẻ bhyt DN4010110012345
    cần căn cước không
    cccd cần 2 mặt
    cccd và 500000000 đồng
    cmt dạo 100 cái
    nộp phạt 482913 đồng
"""


@pytest.mark.parametrize("text", [line.strip() for line in UNTOUCHED.strip().splitlines()])
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    for written in (text, *(write(text) for write in WAYS.values())):
        assert mask(written) == (written, ())


def sentences(document: object) -> Iterator[str]:
    """Every line of text in a YAML document."""
    if isinstance(document, str):
        yield from document.splitlines()
    elif isinstance(document, (dict, list)):
        for part in document.values() if isinstance(document, dict) else document:
            yield from sentences(part)


@pytest.mark.parametrize("folder", ["nlu/data", "nlu/eval", "content"])
def test_nothing_owners_ask_and_nothing_we_answer_is_masked(folder: str) -> None:
    files = list((ROOT / folder).rglob("*.y*ml"))
    assert files
    masked = {
        line: mask(line)[0]
        for path in files
        for line in sentences(yaml.load(path.read_text("utf-8"), yaml.CSafeLoader))
        if mask(line)[1]
    }
    assert masked == {}


@pytest.mark.parametrize(
    ("before", "text"), [("doanh thu", "800 triệu"), ("số điện thoại của bác", "0912345678"), ("", "2")]
)
def test_an_ordinary_value_behind_an_ordinary_message_stays(before: str, text: str) -> None:
    assert mask_behind(before, text) == (text, ())
