"""Masking holds for any text: twice is once, nothing around a secret changes, and none takes long."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.secrets import PLACEHOLDER, mask

# What matters to a rule, thrown together: names, values, and what stands between them
PIECES = st.sampled_from(
    """otp,mã otp,mã xác thực,mật khẩu,mk,pass,passcode,pin,mã pin,cvv,số thẻ,cccd,cmnd,mst,stk,tk,sđt,đơn hàng,năm,là
    ,is,:,=,.,?,!,;,(,-,/,của,tôi,số,gì,hoahong,abc@xyz,abc123,hoa,nhé,đồng,k,482913,4829,123 456,12 34 56,1 2 3 4
    ,0912345678,0912 345 678,001085012345,0010 8501 2345,4111111111111111,4111 1111 1111 1111,9704361234567895,123,12
    ,2026,500000,500.000,091234567,19001234,%,.vn,@,là mã otp,là mst,wifi,code,x,[đã che: mã OTP],[đã che: mật khẩu]
    ,[đã che""".split(",")
)
ODD = st.sampled_from(" ,\n\0\u0302\u200b")
MESSAGES = st.lists(st.tuples(PIECES.map(str.strip) | ODD, st.sampled_from(["", " ", " "])))
TEXTS = st.text() | MESSAGES.map(lambda pieces: "".join(piece + space for piece, space in pieces))


@settings(max_examples=1000, deadline=None)
@given(TEXTS)
def test_masking_twice_is_masking_once(text: str) -> None:
    masked, _ = mask(text)
    assert mask(masked) == (masked, ())


@settings(max_examples=500, deadline=None)
@given(TEXTS.filter(lambda text: "[đã che" not in text))
def test_what_stands_around_a_secret_is_unchanged(text: str) -> None:
    masked, kinds = mask(text)
    at = 0
    for piece in re.split("|".join(map(re.escape, PLACEHOLDER.values())), masked):
        at = text.find(piece, at)
        assert at >= 0
        at += len(piece)
    assert {kind for kind, placeholder in PLACEHOLDER.items() if placeholder in masked} == set(kinds)


@given(st.text(st.characters(categories=["Cs", "Cc", "Cf", "Mn", "Nd", "Lo"])))
def test_nothing_makes_it_fail(text: str) -> None:
    mask(text)


HOSTILE = (
    "otp |otp 1 |otp 1234 |otp a |otp: a |otp.|mã xác thực |mã otp abc defgh ijkl mnop qrst uvw |pin |mk |"
    "so o mat sau the |mk:|mk 123456 |mk của |pass=|mật khẩu |mật khẩu là |mật khẩu a b c |mật khẩu abcdefghi |"
    "là |: |mst mk |cccd 001085012345 |stk a |stk a b c d e f 1 |doanh thu abc |ma so |4|1234 |1-|1 |12/|1.|1,000|000 |"
    "0 |+84|9704|0912345678 |4111 1111 1111 1112 |a|@a|a@b.|hoa |[đã che: mã OTP]|xxxxxxxxxxxxxxxxxxxx/ |\u0302|\n|\0"
).split("|")


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_long_hostile_text_takes_little_time(piece: str) -> None:
    text = (piece * 100_000)[:100_000]
    started = time.process_time()
    mask(text)
    # It takes a third of a second; a rule that goes back over the text takes minutes
    assert time.process_time() - started < 5


@settings(max_examples=30, deadline=None)
@given(st.lists(PIECES.map(str.strip), min_size=1, max_size=6))
def test_no_repetition_takes_long(pieces: list[str]) -> None:
    text = (" ".join(pieces) + " ") * 20_000
    started = time.process_time()
    mask(text[:20_000])
    assert time.process_time() - started < 2
