from __future__ import annotations

import pytest

from programme.yes_or_no import asks, read_yes_no, says_unknown


@pytest.mark.parametrize(
    ("says", "texts"),
    [
        (
            True,
            "có|dạ có ạ|có rồi em|rồi|vâng|đã đăng ký|mới làm xong|nhà em có giấy phép rồi|nó có rồi|có chứ",
        ),
        (True, "yes|we have it|yes i have got one"),
        (
            False,
            "chưa|ko|dạ chưa ạ|chưa có giấy|em chưa|cô không|giấy thì chưa|không, chưa có|nỏ có|hem",
        ),
        (False, "no|nope|not yet|I don't have it|we haven't"),
        (
            False,
            "có đâu|đâu có|làm gì có|có giấy gì đâu|chưa có giấy đâu|à nhầm, chưa có giấy đâu|đang làm|mới nộp hồ sơ",
        ),
        (
            None,
            "có mất phí k|phí ko|có không|có giấy chưa|có được không|có giấy không em|làm sao để có giấy",
        ),
        (
            None,
            "giấy này xin ở đâu có|tôi không biết|không rõ|chưa biết|dạ|ok|được rồi|không phải chưa có",
        ),
        (None, "phải có giấy không|Chưa đúng ý|do we have it|mất rồi"),
    ],
)
def test_only_a_plain_answer_is_one(says: bool | None, texts: str) -> None:
    for text in texts.split("|"):
        assert read_yes_no(text) is says, text


@pytest.mark.parametrize(
    ("question", "texts"),
    [
        (
            True,
            "có mất phí k|phí ko|cơ quan nào|ở đâu|có liên quan gì không|bao nhiêu tiền|hộ hay chưa?",
        ),
        (True, "how much|can i apply|do we have it"),
        (False, "hộ kinh doanh|không|cô không|đầu năm ngoái|dau nam ngoai|20 tuổi|có giấy rồi|3 tháng"),
    ],
)
def test_a_question_is_noticed(question: bool, texts: str) -> None:
    for text in texts.split("|"):
        assert asks(text) is question, text


@pytest.mark.parametrize(
    ("unknown", "texts"),
    [
        (
            True,
            "không biết|ko bit|chịu|chịu thôi|dạ em không nhớ ạ|quên mất rồi|không nhớ ngày nào|i don't know|no idea",
        ),
        (False, "không biết chữ|khong biet chu|không|không có|chịu thuế|không biết gọi ai|tôi không biết làm thế này"),
    ],
)
def test_not_knowing_is_told_from_a_no_and_from_not_reading(unknown: bool, texts: str) -> None:
    for text in texts.split("|"):
        assert says_unknown(text) is unknown, text
