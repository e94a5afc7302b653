"""Secrets in owners' messages: each is taken out, however it is written, and nothing else."""

from __future__ import annotations

import pytest

from bot.secrets import PLACEHOLDER, mask, mask_behind
from tests.bot.ways_of_writing import WAYS

# In each sentence the secret stands between braces
SECRETS = {
    "otp": """
        otp {482913} k biết ai gửi
        otp {482913} họ bảo đọc
        otp {482913} ngân hàng gửi
        otp đây nha {482913}
        nó bảo đọc mã 6 số, bác đọc {482913} rồi
        cái mã gửi về máy là {482913}
        mã trong tin nhắn là {482913}
        họ gửi mã xác nhận đến số 0912345678, mã là {482913}
        tài khoản 123456789 otp {482913}
        Mã giao dịch 482913, otp {556677}
        mã OTP của tôi là {123456}
        mã OTP là {123 456}
        mã OTP là {123-456}
        mã otp: {12 34 56}
        otp {4 8 2 9 1 3} nhé
        OTP={482913}
        otp{482913}
        ma otp {482913}
        ma otp cua bac la {482913} nhe chau
        otp mk là {482913}
        otp của mk {482913} đúng ko ad
        mã otp gửi về máy mình là {482910}
        mã otp vừa gửi về số điện thoại của tôi là {482910}
        otp dang nhap tai khoan ngan hang la {482913} phai k
        mã otp nó nhắn về lúc nãy bác thấy có ghi {482913} thì bác đọc cho nó rồi
        Họ xin mã OTP, tôi đọc {482913} rồi, có sao không?
        mã otp để nộp thuế khoán là {2026}
        ma xac nhan {4821} nhe
        mã xác thực {48291}
        mã xác minh Zalo của em là {482913}.
        mã kích hoạt VNeID: {482913}
        mã bảo mật là {48291377}
        ma xn {4829}
        mã smart otp {482913}
        Smart OTP là {482913}
        {482913} là mã otp
        {482913} la ma xac thuc OTP dang ky tai khoan Zalo
        {482913} is your Zalo verification code
        G-{482913} is your Google verification code
        {123456} (OTP) có phải lừa đảo không
        they want the otp, the code is {482913}
        My verification code is {482913}
        They sent a verification code. The code is {482913}, should I tell them?
        one-time password is {482913}
        Ma xac thuc (OTP) cua Quy khach la {482913}. Tuyet doi khong chia se
        OTP giao dich chuyen tien 500,000 VND toi TK 0123456789 la {482913}
        VNeID: Ma OTP dang nhap la {482913}, hieu luc 5 phut
        mã otp {482913} 0912345678 gọi tôi
        gọi 0912 345 678 cho bác, mã otp là {482913}
        tôi nhận 500.000 đồng rồi nó hỏi otp, otp là {482913}
    """,
    "password": """
        mật khẩu {Hoa@1990.Em} không vào được
        mật khẩu là {Hoa@1990}.
        mật khẩu - {abc123}
        mk - {123456}
        mật khẩu "{abc123}" đúng không
        mật khẩu ({abc123}) đúng không
        mật khẩu là: "{hoa hồng 99}"
        mật khẩu cấp 2 là {1234}
        mật khẩu chữ ký số {12345678}
        mật khẩu token là {12345678}
        đặt mật khẩu {123456} có an toàn không
        tk/mk: {0912345678/abc123}
        user admin pass {admin123}
        pass {123456} k vào đc
        pass wifi nhà là {12345678}
        mk là {hoa1990} mà ko vào đc
        đăng nhập bằng mst 019085001234 mật khẩu {Abc@123}
        the password for etax is {Abc12345}
        mật khẩu là {12345000}
        mã pin chữ ký số là {12345678}
        pin token {12345678}
        my pin is {1234}
        stk 0123456789 vcb, mã pin {1234}
        mật khẩu là {Hoa@1990}
        mật khẩu {12345678}
        mật khẩu {hoa1990} bị lộ rồi
        Mật khẩu: {hoahong}
        mật khẩu là {hoahong} nhé
        mật khẩu: {matkhau}, tài khoản hoa
        mật khẩu của tôi là: {hoa hong 99}
        mật khẩu là {hoa hồng 99} ạ
        mật khẩu của tôi là {hoahong99}, sao không vào được
        mật khẩu em đặt cho quầy là {abc@xyz}
        mật khẩu wifi quán là {88888888}
        mật khẩu wifi {88888888}
        mật khẩu tài khoản zalo là {abc123}
        mật khẩu là {0912345678}
        mật khẩu là {1234 5678} nhé
        mật khẩu etax của hộ tôi là {Etax#2026!}
        mật khẩu{123456}
        mat khau {123456}
        mat khau cua toi la {abc123}
        mat khau: {abc123}
        MẬT KHẨU LÀ {ABC123}
        mật khẩu ngân hàng là {1990}
        mật mã là {abc123}
        pass {abc123}
        pass: {hoahong}
        pass zalo của em là {zalo1234}
        pass wifi {12345678}
        pass {1234}
        pw: {abc123}
        pwd={hunter22}
        mk: {abc123}
        mk {123456}
        mk{123456}
        mk là {abc@123}
        mk là {abc123}
        mk zalo của em là {hoa1990}
        mk {hoa1990} vào k đc
        mk = {123456}
        mk: {hoahong}
        tk hoahong mk {123456}
        tài khoản 0912345678 mật khẩu {abc123}
        tk: 0912345678, mk: {abc12345}
        my password is {hunter22}
        password {abc123}
        my password is {abc123}
        the password: {hunterhunter}
        passcode {8899}
        my passcode is {482913}
        mã PIN {1234}
        mã pin của bác là {1234}
        ma pin the atm {889900}
        pin thẻ {8899}
        pin: {8899}
        pin là {1990} nhé
        mã pin {1990} có dễ đoán không
        số pin {123456}
        smart pin {123456}
        pin code {1234}
        mã số pin là {8899}
    """,
    "card": """
        số thẻ của bác là {6222021234567890123}
        here is my bank card {4111-1111-1111-1111}
        thẻ của tôi {4111 1111 1111 1111}, sđt 0912345678
        0912 345 678 {4111 1111 1111 1111}
        thẻ {4111 1111 1111 1111}
        {4111111111111111}
        {4111-1111-1111-1111}
        {4111.1111.1111.1111}
        số thẻ {4111111111111111} hết hạn 12/28
        visa {4111 1111 1111 1111} 12/28
        số thẻ ATM {9704361234567895}
        {9704 3612 3456 7895} là thẻ của tôi
        9704: thẻ {9704.3612.3456.7895}
        {9704361234567895123}
        {9704 3612 3456 7895 123}
        so the {9704 36123456 7895}
        stk {9704361234567895}
        thẻ amex {378282246310005}
        số thẻ {4111 1111 1111 1112}
        card number {5555555555554444}
        my card is {5555 5555 5555 4444}
        cvv {123}
        mã CVV là {123}
        cvc2: {1234}
        3 số sau thẻ là {123}
    """,
    "id_card": """
        Nguyễn Văn Thắng {001085012345}
        Nguyễn Văn Nam, {001085012345}, sđt 0912345678
        sinh năm 1985 cccd {001085012345}
        căn cước số {001085012345} cấp ngày 12/3/2021
        số căn cước: {001085012345}, mst: 001085012345
        tài khoản zalo bị khóa rồi, {001085012345}
        mst của hộ là số căn cước {019085001234}
        cccd {019085001234}
        CCCD {0010 8501 2345}
        CCCD: {001 085 012345}
        cccd{001085012345}
        {001.085.012.345}
        {001-085-012-345}
        {001085012345}
        số cccd của tôi {001085012345}
        số căn cước công dân của bác là {001085012345} cháu xem
        so can cuoc cua toi la {001085012345}
        căn cước gắn chip {123456789012}
        cccd mk {001085012345}
        số định danh {001085012345}
        số định danh cá nhân của em là {038212345678}
        cmt {091234567}
        cmnd {091 234 567}
        CMND: {091234567}
        chứng minh thư {091234567}
        chứng minh nhân dân của tôi {091.234.567}
        chung minh thu {091234567}
        my ID card is {001085012345}
        mst của tôi 4600123456, cccd {001085012345}
        tên Hoa, sđt 0912345678, {001085012345}
        {001085012345} 0912345678
        0912345678 {001085012345}
    """,
}
CASES = [(kind, line.strip()) for kind, lines in SECRETS.items() for line in lines.strip().splitlines()]


def marked(line: str) -> tuple[str, str, str]:
    before, rest = line.split("{")
    secret, after = rest.split("}")
    return before, secret, after


@pytest.mark.parametrize(("kind", "line"), CASES)
def test_a_secret_is_taken_out_and_nothing_else(kind: str, line: str) -> None:
    before, secret, after = marked(line)
    masked, kinds = mask(before + secret + after)
    assert masked == before + PLACEHOLDER[kind] + after
    assert kinds == (kind,)
    assert mask(masked) == (masked, ())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("kind", "line"), CASES)
def test_a_secret_is_taken_out_however_it_is_written(kind: str, line: str, way: str) -> None:
    before, secret, after = map(WAYS[way], marked(line))
    assert mask(before + secret + after) == (before + PLACEHOLDER[kind] + after, (kind,))


def test_several_secrets_in_one_message() -> None:
    text = "mk là abc123, pin thẻ 8899, cccd 001085012345, thẻ 4111111111111111, otp 482913, cvv 123"
    masked, kinds = mask(text)
    assert masked == (
        "mk là [đã che: mật khẩu], pin thẻ [đã che: mật khẩu], cccd [đã che: số căn cước], thẻ [đã che: số thẻ], "
        "otp [đã che: mã OTP], cvv [đã che: số thẻ]"
    )
    assert kinds == ("password", "id_card", "card", "otp")


@pytest.mark.parametrize(
    ("before", "text", "kind"),
    [
        ("mật khẩu của chị là", "hoa1975@", "password"),
        ("mã otp", "482913", "otp"),
        ("4111 1111", "1111 1111", "card"),
    ],
)
def test_what_the_message_before_named_is_taken_out(before: str, text: str, kind: str) -> None:
    masked, kinds = mask_behind(before, text)
    assert kinds == (kind,)
    assert text not in masked
