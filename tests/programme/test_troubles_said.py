"""What owners tell that a person must see, in their own spelling, and what only looks like it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from programme.content import CONTENT_ROOT
from programme.troubles_said import trouble_said
from store.messages import MAX_UNDERSTOOD_CHARACTERS

TOLD = {
    "anger": """giận quá đi mất | bực quá!!! hỏi mãi không trả lời | buc qua hoi mai ko tra loi | tức quáaaaa
        làm ăn kiểu gì mà tồi tệ thế | mấy người vô trách nhiệm vừa thôi | trả lời vớ vẩn, bực mình | đồ ngu
        this hotline is ridiculous | you are useless | tổng đài gì gọi mãi không ai nghe, quá tệ""",
    "money": """mất tiền oan | bị trừ tiền mà ko dùng | bi tru tien oan roi ad oi | tự nhiên bị trừ 200k
        vo chong em bi tru tien oan
        tôi muốn trả lại tiền | tôi yêu cầu trả tiền | trả lại tiền cho tôi
        tôi muốn hoàn lại tiền phần mềm | đóng tiền rồi mà chưa có ai xuống cài
        nộp 2 triệu rồi mà không dùng được | you charged me twice, i want a refund""",
    "legal": """tôi sẽ kiện | toi se kien | tao kiện ra tòa đấy | kiện mấy người luôn | tôi sẽ báo công an
        quán tôi vừa bị phạt 5 triệu | bị phạt oan | tố cáo lên thanh tra | i will sue you""",
    "scam": """tôi bị lừa mất 5 triệu rồi | bi lua het tien roi em oi | mẹ em vừa chuyển khoản cho bọn lừa đảo
        chồng tôi bị lừa mất 5 triệu rồi | chong em vua bi lua qua mang mat 3 trieu | hôm đó tôi bị lừa mất 2 triệu
        cán bộ ơi tôi bị lừa mất 5 triệu rồi | do tin người nên tôi bị lừa mất 20 triệu
        lỡ đọc otp cho nó rồi | tôi vừa bị hack zalo | i was scammed yesterday""",
}
NOTHING = """
    thời gian qua shop bán được không | thoi gian qua ban cham | thủ tục lâu quá | thu tuc lau qua
    tức là phải nộp thuế à | bức xúc vì telesale gọi suốt ngày | buồn ngủ quá
    mất điện thoại rồi đăng nhập lại thế nào | gian hàng của tôi | khách chuyển tiền rồi mà chưa thấy báo
    dùng phần mềm có bị trừ tiền không | có mất tiền không em | tôi muốn hoàn thuế
    khách đòi hoàn tiền thì làm sao | nếu bị trừ tiền thì sao | sợ bị trừ tiền lắm
    đăng ký có phải trả tiền không | làm sao lấy lại mật khẩu | điều kiện đăng ký tên miền | dieu kien ra sao
    su kien ra mat khi nao | kiện hàng chưa tới | không xuất hóa đơn có bị phạt không | bị phạt bao nhiêu tiền
    có nên báo công an không | tôi sẽ kiên nhẫn chờ | bị lừa thì báo công an ở đâu | phụ kiện điện thoại
    nhận giấy triệu tập qua zalo có phải lừa đảo không | có người gọi xưng thuế có phải lừa không
    làm sao biết tin nhắn lừa đảo | nhiều khách lựa chọn | có đứa đòi mã otp | cảm ơn em
    cách phòng chống bị lừa mất tiền | lam sao phong bi lua mat tien roi | chống bị lừa mất tiền thế nào
    tôi muốn trả tiền điện qua mạng | em phai tra phi duy tri ten mien o dau | minh can doi tien mat
    đóng phí rồi giờ chưa biết dùng | toi phai di khai bao cong an tam tru | toi vua bi phat thi nop o dau
    bi thue phat bao nhieu neu khong xuat hoa don | nhờ luật sư của sở tư pháp được không
    trả lời nhầm muốn sửa lại | máy đợt này chạy tốt
"""


def _each(words: str) -> list[str]:
    return [one.strip() for line in words.splitlines() for one in line.split("|") if one.strip()]


@pytest.mark.parametrize(("trouble", "text"), [(what, text) for what, words in TOLD.items() for text in _each(words)])
def test_troubles_are_read(trouble: str, text: str) -> None:
    assert trouble_said(text) == trouble
    assert trouble_said(text.upper()) == trouble


@pytest.mark.parametrize("text", _each(NOTHING))
def test_what_is_asked_feared_or_somebody_elses_is_no_trouble(text: str) -> None:
    assert trouble_said(text) is None


def test_none_of_our_business_is_no_legal_trouble_unless_it_is_aimed_at_us() -> None:
    assert trouble_said("nhà hàng xóm lấn đất, tôi kiện ra đâu", "out_of_scope") is None
    assert trouble_said("tôi kiện ra tòa cả hotline này", "out_of_scope") == "legal"
    assert trouble_said("tức quá đi mất", "out_of_scope") == "anger"


def test_what_the_model_takes_for_a_loss_is_one_if_it_happened() -> None:
    assert trouble_said("mất 20 triệu rồi o ơi", "ask_scam_lost_money") == "scam"
    assert trouble_said("mất tiền qua mạng thì làm gì", "ask_scam_lost_money") is None


def _questions(node: Any) -> list[str]:
    if isinstance(node, dict):
        return [text for value in node.values() for text in _questions(value)]
    return [text for value in node for text in _questions(value)] if isinstance(node, list) else [str(node)]


def test_ordinary_questions_are_nobodys_trouble_but_those_of_people_who_were_robbed() -> None:
    files = sorted(Path(CONTENT_ROOT).glob("*/questions.yaml"))
    texts = [text for path in files for text in _questions(yaml.safe_load(path.read_text(encoding="utf-8")))]
    said = [(text, trouble) for text in texts if (trouble := trouble_said(text))]
    assert len(texts) > 1000
    assert {trouble for _, trouble in said} <= {"scam", "money"}
    assert len(said) <= len(texts) * 0.005, said


@pytest.mark.parametrize("word", ["chuyển ", "bị ", "mất tiền ", "link ", "kiện ", "a, ", "trả tiền rồi "])
def test_a_long_message_is_read_at_once(word: str) -> None:
    text = (word * MAX_UNDERSTOOD_CHARACTERS)[:MAX_UNDERSTOOD_CHARACTERS]
    started = time.process_time()
    trouble_said(text)
    assert time.process_time() - started < 0.2
