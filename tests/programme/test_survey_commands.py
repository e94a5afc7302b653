"""What an owner says instead of an answer: explain, back, skip, pause, edit; and what only looks like it."""

from __future__ import annotations

import pytest

from programme.content import Content
from programme.survey.commands import Command, read_command
from programme.survey.definition import Survey
from programme.survey.reading import Chosen, read_option


@pytest.fixture
def survey(content: Content) -> Survey:
    return content.surveys.latest


SAID = {
    "explain": """giải thích|giai thich|GIẢI THÍCH|giải thích giúp em|dạ giải thích ạ|là gì|la gi a|là sao|nghĩa là gì|
        không hiểu|ko hieu|k hiểu|em ơi không hiểu|chưa hiểu|câu này hỏi gì|vi du di|ví dụ|cho ví dụ|nói rõ hơn|help|
        không hiểu câu hỏi|explain please|câu này là sao?|hướng dẫn""",
    "back": """quay lại|quay lai|QUAY LẠI|dạ quay lại ạ|quay lại câu trước|trở lại|câu trước|lùi lại|lùi lại một câu|
        back|go back|quay lại nhé|quay lai cau truoc em oi|về câu trước""",
    "skip": """bỏ qua|bo qua|BỎ QUA|bỏ qua câu này|dạ bỏ qua ạ|qua câu khác|câu tiếp|câu tiếp theo|không trả lời|
        ko muốn trả lời|không muốn nói|từ chối|skip|next|cho qua|bỏ câu này""",
    "pause": """dừng|dừng lại|dạ dừng ạ|dừng nhé|Dừng.|DỪNG LẠI|dung lai|tạm dừng|tam dung|để sau|de sau|để khi khác|
        thôi|thôi không làm nữa|bận rồi|ban roi|có khách|co khach roi|đang bận|hôm khác|mai làm tiếp|thoát|pause|
        dừng khảo sát|không làm nữa|lúc khác""",
}


@pytest.mark.parametrize(
    ("text", "number", "place"),
    [
        ("đổi câu 1 thành 2", "1", "2"),
        ("sửa câu ba thành số bốn ạ", "3", "4"),
        ("cau 12 chon 5", "12", "5"),
        ("change question 3 to 2", "3", "2"),
    ],
)
def test_an_answer_may_be_changed_in_one_breath(content: Content, text: str, number: str, place: str) -> None:
    assert read_command(content.surveys.latest, text) == Command("edit", number, place)


@pytest.mark.parametrize(
    ("name", "text"), [(name, t.strip()) for name, texts in SAID.items() for t in texts.split("|")]
)
def test_a_command_is_heard_in_many_spellings(survey: Survey, name: str, text: str) -> None:
    assert read_command(survey, text) == Command(name)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("sửa câu 3", "3"),
        ("sua cau 3", "3"),
        ("SỬA CÂU 3", "3"),
        ("dạ sửa câu 3 ạ", "3"),
        ("em ơi sửa câu 12 nhé", "12"),
        ("sửa lại câu số 5", "5"),
        ("đổi câu ba", "3"),
        ("chọn lại câu mười", "10"),
        ("trả lời lại câu 7", "7"),
        ("quay lại câu 7", "7"),
        ("về câu 2", "2"),
        ("cho sửa câu 2 ạ", "2"),
        ("tôi muốn sửa câu 4", "4"),
        ("edit question 6", "6"),
        ("change question 6", "6"),
        ("sửa câu 99", "99"),
        ("sửa tên cửa hàng", "P01"),
        ("sua ten cua hang", "P01"),
        ("đổi số điện thoại", "P03"),
        ("sửa xã", "P05"),
        ("sửa phường", "P05"),
        ("sửa lại mặt hàng nhé", "P07"),
        ("change phone number", "P03"),
        ("nhầm số điện thoại rồi", "P03"),
        ("sửa giấy đăng ký", "P11"),
    ],
)
def test_an_edit_names_its_question(survey: Survey, text: str, target: str) -> None:
    assert read_command(survey, text) == Command("edit", target)


@pytest.mark.parametrize(
    "text",
    """đúng|đúng rồi|dung|dung roi|đúng ạ|đúng làm|đừng|dùng|dùng lại|dùng điện thoại|đúng lại|sửa xe|sửa xe máy|
    sửa chữa|đổi trả hàng|sửa điện thoại|đổi tiền|thôi thì ghi sổ|ghi sổ thôi|tiền mặt thôi|bán rồi|đang bán|
    không|có|chưa|3|câu 3|số 3|AI là gì|QR là gì|otp là gì|phần mềm là gì|khách quay lại mua|có khách quen|
    quán Dừng Chân|Quay Lại Quán|tạp hóa Thôi Nở|cửa hàng Bỏ Qua Đi|Tiệm sửa xe Hùng|shop Câu Trước Ngõ|bỏ mối|
    bỏ sỉ|nghỉ bán rồi|không biết|không nhớ|mai|sau|để sau này tính|bán ở câu lạc bộ|dừng xe trước cửa|tôi dừng bán rồi|
    sửa|đổi|sửa câu|sửa câu cuối|sửa gì|quay|lại||   |?|👍""".replace("\n    ", "").split("|"),
)
def test_what_only_looks_like_a_command_is_none(survey: Survey, text: str) -> None:
    assert read_command(survey, text) is None


def test_a_pause_without_accents_is_no_pause(survey: Survey) -> None:
    """ "dung" may be "đúng": who wanted to stop is asked again, who said yes would have been stopped."""
    assert read_command(survey, "dung") is read_command(survey, "dung a") is None
    assert read_command(survey, "dừng") == read_command(survey, "dừng") == Command("pause")


# These are said as an answer where an option has these very words.
ALSO_ANSWERS = {"P10", "P14", "CONSENT", "K02"}


def test_no_command_is_an_answer_to_a_question(content: Content) -> None:
    """A command is looked for only after an option was not found: "bỏ qua" must be none anywhere."""
    for item in content.surveys.latest.items:
        for text in [t.strip() for texts in SAID.values() for t in texts.split("|")] + ["sửa câu 3", "quay lại câu 7"]:
            if item.options and item.id not in ALSO_ANSWERS and (item.id, text) != ("NL04", "hướng dẫn"):
                values = [option.value for option in item.options]
                said = read_option(item, values, text, content.words_of)
                assert not isinstance(said, Chosen), (item.id, text, said)


def test_every_label_can_be_edited(survey: Survey) -> None:
    labelled = [item for item in survey.items if item.label]
    assert len(labelled) >= 20
    for item in labelled:
        assert item.label is not None
        for spoken in (f"sửa {item.label.vi}", f"change {item.label.en}", f"SỬA {item.label.vi.upper()}"):
            assert read_command(survey, spoken) == Command("edit", item.id)


@pytest.mark.parametrize("text", ["bỏ qua " * 1000, "sửa câu " + "3" * 3000, "sửa " + "tên " * 3000, "\u0301" * 1000])
def test_a_long_text_is_no_command(survey: Survey, text: str) -> None:
    assert read_command(survey, text) is None
