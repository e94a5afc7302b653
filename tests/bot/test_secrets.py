from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.secrets import mask


@pytest.mark.parametrize(
    ("text", "kind", "secret"),
    [
        ("mã OTP của tôi là 123456", "otp", "123456"),
        ("ma xac nhan 4821 nhe", "otp", "4821"),
        ("482913 là mã otp", "otp", "482913"),
        ("mật khẩu là Hoa@1990", "password", "Hoa@1990"),
        ("mk: abc123", "password", "abc123"),
        ("pass abc123", "password", "abc123"),
        ("my password is hunter22", "password", "hunter22"),
        ("thẻ 4111 1111 1111 1111", "card", "4111 1111 1111 1111"),
        ("cccd 019085001234", "id_card", "019085001234"),
        ("chứng minh thư 091234567", "id_card", "091234567"),
    ],
)
def test_a_secret_is_taken_out(text: str, kind: str, secret: str) -> None:
    masked, kinds = mask(text)
    assert kinds == (kind,)
    assert secret not in masked
    assert mask(masked) == (masked, ())


@pytest.mark.parametrize(
    "text",
    [
        "có nên đọc mã OTP không",
        "mật khẩu là gì",
        "mk la j vay",
        "quên mật khẩu thì làm sao",
        "đổi mật khẩu ở đâu",
        "doanh thu 1.600.000.000 đồng",
        "bán được 800000000",
        "gọi 0912 345 678 nhé",
        "mã số thuế 4600123456",
        "ngày 15/8/2027",
        "thẻ 4111 1111 1111 1112",
    ],
)
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert mask(text) == (text, ())


@given(st.text())
def test_masking_twice_is_masking_once(text: str) -> None:
    masked, _ = mask(text)
    assert mask(masked)[0] == masked


@pytest.mark.parametrize("piece", ["otp ", "mk ", "1234 ", "4", "mật khẩu là ", "otp 1 "])
def test_a_long_hostile_text_takes_no_time(piece: str) -> None:
    started = time.perf_counter()
    mask((piece * 20_000)[:20_000])
    assert time.perf_counter() - started < 1
