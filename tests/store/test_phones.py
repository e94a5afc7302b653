"""How a number is written does not matter; what is no mobile number is refused with the reason."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given, strategies

from store.contacts import normalise_phone
from store.phones import NEW_PREFIXES, PhoneRefused, phone_for_sms, read_phone, read_phones

ONE = "+84912345678"
WAYS = (
    "0912345678", "0912 345 678", "0912.345.678", "0912-345-678", "(091) 234 5678", "+84912345678", "+84 912 345 678",
    "84912345678", "0084912345678", "(+84) 912345678", "+84(0)912345678", "912345678", "912345678.0", "9.12345678E+8",
    "9,12345678E+08", "8.4912345678E+10", "84912345678.0", "'0912345678", "０９１２３４５６７８", "O912345678",
    "091 2345678", "0912 345678", "ĐT: 0912345678", "0912345678 (Zalo)", "0912–345–678", " 0912345678\t",
    "Tel. 0912345678", "0912\u00a0345\u00a0678", "09 12 34 56 78", "0912345678 - chị Lan",
)  # fmt: skip


@pytest.mark.parametrize("written", WAYS)
def test_thirty_ways_of_writing_a_number_are_one_number(written: str) -> None:
    phone, others = phone_for_sms(written)
    assert (phone.number, phone.was, others) == (ONE, None, [])


@pytest.mark.parametrize(("old", "new"), NEW_PREFIXES.items())
def test_a_number_of_before_2018_becomes_today_s_and_says_so(old: str, new: str) -> None:
    phone = read_phone(f"{old}9123456")
    if phone is not None:  # some blocks behind a new prefix were never given out
        assert (phone.number, phone.was) == (f"+84{new[1:]}9123456", f"{old}9123456")


@pytest.mark.parametrize("written", ["01689123456", "1689123456", "+841689123456", "841689123456", "1.689123456E+9"])
def test_an_old_number_is_read_however_it_is_written(written: str) -> None:
    assert normalise_phone(written) == "+84389123456"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("0208 3851234", "fixed_line"), ("19001234", "premium_number"), ("1900 123456", "premium_number"),
        ("113", "invalid_phone"), ("9.12E+8", "rounded_phone"), ("không có", "invalid_phone"), ("", "invalid_phone"),
        ("+1 202 555 0100", "invalid_phone"),
    ],
)  # fmt: skip
def test_what_gets_no_sms_is_refused_with_the_reason(written: str, code: str) -> None:
    with pytest.raises(PhoneRefused) as refused:
        phone_for_sms(written)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "written",
    [
        "0912345678/0987654321", "0912345678 0987654321", "0912 345 678 - 0987 654 321", "0912345678; 0987.654.321",
        "chị Lan 0912345678 hoặc 0987654321", "0912345678\n0987654321",
    ],
)  # fmt: skip
def test_several_numbers_in_a_cell_are_all_found(written: str) -> None:
    assert [phone.number for phone in read_phones(written)] == [ONE, "+84987654321"]


def test_of_a_fixed_line_and_a_mobile_number_the_mobile_one_is_taken() -> None:
    phone, others = phone_for_sms("0208 3851234, 0912345678")
    assert (phone.number, [other.number for other in others]) == (ONE, ["+842083851234"])


@given(strategies.text("0123456789", min_size=8, max_size=9).map(lambda rest: f"0{rest}"))
def test_the_quick_way_to_a_mobile_number_says_what_the_library_says(written: str) -> None:
    number = phonenumbers.parse(written, "VN")
    kind = phonenumbers.number_type(number)
    is_mobile = phonenumbers.is_valid_number_for_region(number, "VN") and kind == phonenumbers.PhoneNumberType.MOBILE
    phone = read_phone(written)
    assert (phone is not None and phone.is_mobile) == is_mobile
    if phone is not None:
        assert phone.number == phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
