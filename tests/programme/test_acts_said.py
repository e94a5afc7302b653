from __future__ import annotations

import time

import pytest

from programme.acts_said import (
    Said,
    consent_withdrawn,
    data_request_said,
    data_request_taken_back,
    in_distress,
    person_refused,
    said_about_data,
    said_about_opt_out,
    wants_messages_again,
)
from programme.calls_said import callback_phone, own_number, scam_told, wants_call


@pytest.mark.parametrize(
    ("said", "texts"),
    [
        (
            Said.REFUSED,
            "đừng xóa dữ liệu của tôi|tôi không muốn xóa dữ liệu|thôi không xóa nữa|dung xoa du lieu|rút yêu cầu xóa"
            "|k muốn xoá nữa|khoan hãy xóa|chưa muốn xóa đâu em|hủy yêu cầu xóa dữ liệu|don't delete my data"
            "|I do not want you to delete my data|cancel my deletion request|đừng xóa, tôi chỉ hỏi thôi|khỏi xóa em ạ"
            "|không được xóa dữ liệu của tôi|tui nỏ muốn xóa mô|rút lại yêu cầu xóa|không cần phải xóa nữa đâu",
        ),
        (
            Said.ASKED_ABOUT,
            "xóa dữ liệu có mất gì không|xóa dữ liệu thì sao|nếu xóa dữ liệu thì có được hỗ trợ nữa không"
            "|xóa dữ liệu mất bao lâu|what happens if you delete my data|xoa du lieu co lay lai duoc khong"
            "|đã xóa dữ liệu của tôi chưa",
        ),
        (
            Said.WANTED,
            "xóa dữ liệu|xóa dữ liệu của tôi đi|xóa giúp tôi được không|có thể xóa dữ liệu của tôi không|delete my data"
            "|đúng rồi xóa dữ liệu đi|tôi không dùng nữa, xóa dữ liệu đi|sao không xóa dữ liệu cho tôi"
            "|không biết xóa dữ liệu thế nào|tôi không xóa được dữ liệu|tài khoản xóa giúp tôi"
            "|why don't you delete my data"
            "|không dùng hotline nữa thì xóa dữ liệu giúp tôi|xóa dữ liệu có được không|quên tôi đi em"
            "|tôi đã bảo xóa mà sao chưa xóa dữ liệu",
        ),
    ],
)
def test_an_erasure_is_wanted_refused_or_asked_about(said: Said, texts: str) -> None:
    for text in texts.split("|"):
        assert said_about_data(text, "erasure") is said, text


def test_what_to_see_may_be_refused_too() -> None:
    assert said_about_data("không cần xem dữ liệu nữa", "access") is Said.REFUSED
    assert said_about_data("cho tôi xem dữ liệu của tôi", "access") is Said.WANTED


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        (
            "erasure",
            "xóa dữ liệu|xóa hết dữ liệu của tôi đi|xoa thong tin cua toi|delete my data|xóa giúp cô dữ liệu với",
        ),
        ("access", "dữ liệu của tôi|cho tôi xem dữ liệu của tôi|my data|du lieu cua minh|xem thông tin của bác"),
        (
            None,
            "đừng xóa dữ liệu|tôi lỡ xóa dữ liệu rồi|xóa dữ liệu trên máy thế nào|xóa sản phẩm trên web|dạ vâng"
            "|dữ liệu của tôi có bị lộ không|xóa dữ liệu có mất gì không|0912345678",
        ),
    ],
)
def test_a_request_is_read_without_an_intent(kind: str | None, texts: str) -> None:
    for text in texts.split("|"):
        assert data_request_said(text) == kind, text


def test_a_request_is_taken_back() -> None:
    assert data_request_taken_back("thôi không xóa nữa") == "erasure"
    assert data_request_taken_back("rút yêu cầu xem dữ liệu") == "access"
    for text in ("xóa dữ liệu", "không cần xem nữa", "không gửi hàng", "dạ"):
        assert data_request_taken_back(text) is None, text


@pytest.mark.parametrize(
    ("says", "texts"),
    [
        (
            True,
            "rút lại đồng ý|tôi rút đồng ý|thôi không lưu nữa|tôi không cho lưu nữa|thu hồi sự đồng ý|hủy đồng ý"
            "|đừng lưu dữ liệu của tôi|đừng lưu nữa|tôi không đồng ý cho lưu nữa|withdraw my consent|rut lai dong y"
            "|không đồng ý nữa|stop storing my data|ko cho lưu thông tin nữa đâu|tôi muốn rút lại sự đồng ý",
        ),
        (
            False,
            "không lưu|đồng ý|đừng lưu|không rút lại đồng ý|rút lại đồng ý có mất gì không"
            "|không lưu hóa đơn nữa có sao không"
            "|không giữ hàng nữa|rút tiền, tôi đồng ý|đồng ý lưu|không lưu ý nữa|sao không lưu dữ liệu của tôi",
        ),
    ],
)
def test_consent_is_withdrawn(says: bool, texts: str) -> None:
    for text in texts.split("|"):
        assert consent_withdrawn(text) is says, text


@pytest.mark.parametrize(
    ("says", "texts"),
    [
        (
            True,
            "thôi ko cần gặp cán bộ nữa|không muốn gặp cán bộ, trả lời luôn đi|tôi không khiếu nại|đừng chuyển cán bộ"
            "|khỏi gặp cán bộ|không cần cán bộ gọi lại đâu|không gặp cán bộ nữa|chưa cần gặp cán bộ"
            "|đừng gọi lại cho tôi"
            "|i don't want to talk to a human|khong muon gap can bo dau|thôi khỏi chuyển|tôi không có khiếu nại gì"
            "|không phải khiếu nại",
        ),
        (
            False,
            "gặp cán bộ|không muốn nói chuyện với máy, cho gặp người thật|không gặp được cán bộ"
            "|không muốn chat với máy nữa"
            "|sao không gọi lại cho tôi|cán bộ không gọi lại cho tôi|chưa ai gọi|tôi không khiếu nại được|khiếu nại"
            "|không muốn gặp cán bộ xã, cho tôi gặp cán bộ tỉnh|không cần gấp|không cho tôi gặp cán bộ",
        ),
    ],
)
def test_a_person_is_refused(says: bool, texts: str) -> None:
    for text in texts.split("|"):
        assert person_refused(text) is says, text


def test_hearing_no_more_may_be_refused() -> None:
    for text in ("đừng dừng gửi tin", "tôi không muốn ngừng nhận tin", "đừng tắt tin nhắn", "dung dung gui tin"):
        assert said_about_opt_out(text) is Said.REFUSED, text
    for text in (
        "stop",
        "đừng gửi tin nữa",
        "dừng gửi tin",
        "không dùng nữa, ngừng nhắn",
        "hủy nhận tin",
        "tắt tin đi",
    ):
        assert said_about_opt_out(text) is Said.WANTED, text


@pytest.mark.parametrize(
    ("says", "texts"),
    [
        (
            True,
            "nhận lại tin nhắn nhắc hạn|bật lại tin nhắn|cho tôi nhận tin lại|gửi lại tin nhắc cho bác"
            "|tôi muốn nhận tin nhắc hạn|tiếp tục nhận tin|turn the reminders back on|bat lai tin nhan nhac",
        ),
        (
            False,
            "không muốn nhận lại tin nhắn nữa|cứ gửi lại tin nhắn hoài|stop|đừng gửi lại tin nhắn|nhận tin nhiều quá"
            "|dừng mấy cái tin quảng bá lại, máy tôi kêu ting ting cả đêm",
        ),
    ],
)
def test_messages_are_wanted_again(says: bool, texts: str) -> None:
    for text in texts.split("|"):
        assert wants_messages_again(text) is says, text


@pytest.mark.parametrize(
    ("says", "texts"),
    [
        (
            True,
            "tôi muốn chết|không muốn sống nữa|tự tử|toi muon chet|chẳng thiết sống nữa|chán sống|i want to die"
            "|định tự vẫn"
            "|nợ quá, chỉ muốn chết cho xong|I don't want to live any more",
        ),
        (
            False,
            "nóng muốn chết|từ từ thôi|cần tư vấn|tu tu da em|không muốn sống ở quê|đói muốn chết"
            "|tu van giup toi|muốn từ từ tìm hiểu",
        ),
    ],
)
def test_distress_is_heard(says: bool, texts: str) -> None:
    for text in texts.split("|"):
        assert in_distress(text) is says, text


@pytest.mark.parametrize(
    ("says", "texts"),
    [
        (
            True,
            "gọi lại cho chị 0912345678 gấp|cần gọi lại số 0912345678|gọi cho chị số 0912 345 678 nhé"
            "|gọi 0912345678 giúp"
            "|nhờ cán bộ gọi lại cho bác 0912.345.678|số 0912345678 gọi lại cho chị nhé|call me back at 0912345678"
            "|chị bị lừa mất tiền rồi, gọi lại cho chị 0912345678|số em là 0912345678, gọi em nhé"
            "|goi lai cho toi theo so nay nhe 0912345678|gọi lại cho chị 0912345678 được không"
            "|em gọi bác nhé, số 0912345678"
            "|sđt tôi 0912345678 cần gọi lại",
        ),
        (
            False,
            "số 0912345678 gọi lừa tôi|0912345678 gọi cho tôi bảo là cán bộ thuế|số 0912345678 cứ gọi lại cho tôi hoài"
            "|có nên gọi lại số 0912345678 không|gọi lại cho tôi|0912345678|tôi gọi số 0912345678 không ai nghe"
            "|gọi số 0912345678 của VNPT không được|có số 0912345678 gọi lừa tôi, gọi lại cho tôi với"
            "|đừng gọi lại cho tôi số 0912345678|số em là 0912345678|số 0912345678 gọi đến đòi tiền"
            "|cán bộ thuế gọi cho tôi bảo chuyển tiền, số 0912345678 là của ai|gọi lại cho MISA số 0912345678",
        ),
    ],
)
def test_a_call_is_wanted(says: bool, texts: str) -> None:
    for text in texts.split("|"):
        assert wants_call(text) is says, text


@pytest.mark.parametrize(
    ("says", "texts"),
    [
        (
            True,
            "số em là 0912.345.678|sđt của tôi 0912345678|số điện thoại của bác là 0912 345 678"
            "|0912345678 là số của tôi"
            "|sđt: 0912345678|my number is 0912345678|so toi 0912345678|số tôi 0912345678 nhé",
        ),
        (
            False,
            "số gọi cho tôi là 0912345678|số của VNPT là 0912345678|số 0912345678 gọi lừa tôi|số lạ 0912345678"
            "|số em là gì"
            "|số của em là 0912345678 phải không",
        ),
    ],
)
def test_a_number_is_ones_own(says: bool, texts: str) -> None:
    for text in texts.split("|"):
        assert own_number(text) is says, text


def test_only_a_number_to_call_back_is_kept() -> None:
    for text in ("0912345678", "gặp cán bộ giúp bác, gọi 0912345678", "cho tôi gặp cán bộ, số tôi 0912 345 678"):
        assert callback_phone(text) == "+84912345678", text
    for text in ("số 0912345678 gọi lừa tôi, cho gặp cán bộ", "số lạ 0912345678 nhắn tin", "gặp cán bộ"):
        assert callback_phone(text) is None, text


def test_a_scam_is_told() -> None:
    for text in ("chị bị lừa mất tiền rồi, gọi chị 0912345678", "mất hết tiền rồi em ơi", "bi lua mat 20 trieu"):
        assert scam_told(text) == "ask_scam_lost_money", text
    for text in ("có người lừa đảo, gọi lại cho tôi", "nó hỏi mã otp", "bi lua dao"):
        assert scam_told(text) == "ask_scam_check", text
    for text in ("gặp cán bộ có mất tiền không", "bán lúa, gọi lại cho tôi", "lựa chọn phần mềm", "sợ mất tiền điện"):
        assert scam_told(text) is None, text


@pytest.mark.parametrize("words", ["em ", "cho em ", "xem ", "xóa ", "rút lại ", "không lưu "])
def test_no_repetition_takes_long(words: str) -> None:
    text = words * 4000
    began = time.process_time()
    data_request_said(text), data_request_taken_back(text), consent_withdrawn(text)
    assert time.process_time() - began < 0.5
