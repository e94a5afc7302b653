"""What the real packs answer on the days that matter."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from pathlib import Path

import pytest
import yaml

from programme.answers import Answer, AnswerBook, Withheld
from programme.packs import load_packs
from tests.programme.days import NEXT_YEAR, PILOT, TODAY

CONTENT = Path(__file__).parents[2] / "content"
FLOWS = Path(__file__).parents[2] / "bot" / "flows"

# every intent whose answer is a pack entry of its name
ASK_INTENTS: list[str] = yaml.safe_load((FLOWS / "answers" / "domain.yml").read_text(encoding="utf-8"))["intents"]
ACTS = ["request_person", "complain", "need_spoken_help", "my_data", "delete_data", "opt_out"]

TEMPLATES = {
    "vendor_of_commune": {"commune", "vendor", "platform"},
    "vendor_of_commune_same_name_as_district": {"commune", "vendor", "platform", "district"},
    "commune_is_also_district": {"name", "commune", "vendor", "platform", "district"},
    "commune_ambiguous": {"name", "choices"},
    "communes_several": {"choices"},
    "commune_split_unit": {"name", "choices"},
    "commune_old_unit": {"old", "commune", "vendor", "platform"},
    "district_only": {"district", "choices"},
    "commune_unknown": {"name", "count"},
    "commune_ask": set(),
    "province_without_pack": {"province", "known"},
}


def vietnamese(answer: Answer) -> str:
    return dict(answer.texts)["vi"]


RULES = (Path(__file__).parents[2] / "docs" / "service-rules.md").read_text(encoding="utf-8")
BOOK = AnswerBook(load_packs(CONTENT))
ALL = list(BOOK)
PHONE = re.compile(r"(?<!\d)(?:\+?84|0\d|1[89]00)[\d .-]{4,}\d")
PRICE = re.compile(r"\d[\d.,]*\s*(?:đ|đồng|vnđ|vnd|nghìn|ngàn|triệu|tỷ|k)(?!\w)", re.IGNORECASE)
CLASS_DATE = re.compile(r"(?:lớp|tập huấn)[^.;,()]*\d{1,2}/\d{1,2}", re.IGNORECASE)
STILL_OPEN = re.compile(
    r"đăng ký ngay|tham gia ngay|đang diễn ra|đang triển khai|đang thí điểm|hiện đang|vẫn còn", re.IGNORECASE
)


def said(intent: str, on: dt.date, province: str = "thai-nguyen") -> str:
    answer = BOOK.find(intent, province, on)
    assert isinstance(answer, Answer), (intent, answer)
    return answer.render()


@pytest.mark.parametrize("on", [TODAY, NEXT_YEAR])
@pytest.mark.parametrize("province", ["thai-nguyen", "thanh-hoa"])
@pytest.mark.parametrize("intent", [*ASK_INTENTS, *ACTS])
def test_every_question_is_answered_without_waiting_for_an_approval(intent: str, province: str, on: dt.date) -> None:
    found = BOOK.find(intent, province, on)
    assert isinstance(found, Answer)
    assert found.confidence != "C"


def test_what_an_entry_refines_is_a_question_of_the_flows() -> None:
    questions = {*ASK_INTENTS, *ACTS, "ask_vendor", "inform_commune"}
    assert {intent for answer in ALL for intent in answer.refines} <= questions
    assert all(answer.questions and answer.searchable for answer in ALL if answer.refines)


def test_the_rules_that_answers_quote_are_written_down() -> None:
    quoted = {s.article for answer in ALL for s in answer.sources if s.document == "Quy tắc phục vụ của hotline"}
    written = set(re.findall(r"^## (.+)$", RULES, re.MULTILINE))
    assert {article for several in quoted for article in several.split("; ")} == written


@pytest.mark.parametrize("intent", [*ASK_INTENTS, *ACTS])
def test_during_the_pilot_nothing_is_said_that_came_into_force_later(intent: str) -> None:
    found = BOOK.find(intent, "thai-nguyen", PILOT)
    if isinstance(found, Answer):
        later = ("141/2026", "254/2026", "91/2026/TT", "50/2026")
        assert not [source.document for source in found.sources if any(name in source.document for name in later)]
    else:
        assert isinstance(found, Withheld)


@pytest.mark.parametrize(
    ("on", "words", "never"),
    [
        (PILOT, "500 triệu", "1 tỷ"),
        (dt.date(2026, 4, 28), "500 triệu", "1 tỷ"),
        (dt.date(2026, 4, 29), "1 tỷ", "500 triệu"),
        (TODAY, "1 tỷ", "500 triệu"),
    ],
)
def test_the_tax_limit_is_the_one_of_the_day(on: dt.date, words: str, never: str) -> None:
    text = said("ask_tax_threshold", on)
    assert words in text
    assert never not in text


def test_the_vat_cut_ends_with_its_last_day() -> None:
    assert "0,8%" in said("ask_tax_vat_cut", dt.date(2026, 12, 31))
    assert "0,8%" not in said("ask_tax_vat_cut", dt.date(2027, 1, 1))


@pytest.mark.parametrize("on", [PILOT, dt.date(2026, 6, 30), dt.date(2026, 7, 1), TODAY, NEXT_YEAR])
@pytest.mark.parametrize("template", TEMPLATES)
def test_every_vendor_template_takes_the_agreed_variables(template: str, on: dt.date) -> None:
    answer = BOOK.get(template, "thai-nguyen", on)
    assert isinstance(answer, Answer)
    assert set(answer.variables) == TEMPLATES[template]
    rendered = answer.render(**{name: f"[{name}]" for name in answer.variables})
    assert all(f"[{name}]" in rendered for name in answer.variables)


def test_asking_for_the_vendor_without_a_commune_asks_for_the_commune() -> None:
    found = BOOK.find("ask_vendor", "thai-nguyen", TODAY)
    assert isinstance(found, Answer)
    assert found.id == "commune_ask"


def test_thanh_hoa_has_no_vendor_table_and_says_so() -> None:
    answer = BOOK.get("vendor_table_missing", "thanh-hoa", TODAY)
    assert isinstance(answer, Answer)
    rendered = answer.render(commune="phường Hạc Thành")
    assert "chưa có bảng" in rendered
    assert "phường Hạc Thành" in rendered
    assert answer.offer_person
    assert BOOK.get("vendor_of_commune", "thanh-hoa", TODAY) is None


@pytest.mark.parametrize("answer", ALL, ids=lambda answer: f"{answer.pack}:{answer.id}:{answer.window.first}")
def test_every_text_is_short_clean_and_claims_nothing_that_no_document_says(answer: Answer) -> None:
    text = vietnamese(answer)
    assert unicodedata.is_normalized("NFC", text)
    assert len(text) <= 420
    assert not PHONE.search(text)
    # amounts of the law are said with the law; what a firm or a class costs stands in no document
    assert quotes_a_law(answer) or not PRICE.search(text)
    assert not CLASS_DATE.search(text)
    assert "chắc chắn miễn phí" not in text
    assert not re.search(r"https?://\S*[.,;)]+(?:\s|$)", text), "punctuation would become part of the link"
    assert text.startswith("Dạ")


def quotes_a_law(answer: Answer) -> bool:
    return any(re.match(r"Nghị định|Thông tư|Luật|Nghị quyết", source.document) for source in answer.sources)


@pytest.mark.parametrize("text", ["gọi 0912 345 678", "1900 6750", "+84 912 345 678", "0208.3855.688"])
def test_the_phone_pattern_would_notice_a_number(text: str) -> None:
    assert PHONE.search(text)


@pytest.mark.parametrize("text", ["250.000 đ", "99k/tháng", "1,5 triệu", "3 nghìn"])
def test_the_price_pattern_would_notice_an_amount(text: str) -> None:
    assert PRICE.search(text)


LATER = [a for a in ALL if a.window.last is None or a.window.last > dt.date(2026, 6, 30)]


@pytest.mark.parametrize("answer", LATER, ids=lambda answer: f"{answer.pack}:{answer.id}:{answer.window.first}")
def test_nothing_said_after_the_pilot_speaks_as_if_it_ran(answer: Answer) -> None:
    assert not STILL_OPEN.search(vietnamese(answer))


@pytest.mark.parametrize("intent", [i for i in ASK_INTENTS if not i.startswith("ask_domain")])
def test_whoever_cites_the_pilot_plan_after_its_end_names_the_end(intent: str) -> None:
    found = BOOK.find(intent, "thai-nguyen", TODAY)
    assert isinstance(found, Answer)
    cites = any("148" in source.document for source in found.sources)
    if cites and found.id != "commune_ask":
        assert "30/6/2026" in found.render() or "15/6/2026" in found.render()


@pytest.mark.parametrize(
    "intent", ["ask_domain_about", "ask_domain_purpose", "ask_domain_free_now", "ask_domain_id_vn"]
)
def test_the_domain_plan_is_said_to_have_ended_from_its_last_day_on(intent: str) -> None:
    assert "31/12/2026" not in said(intent, dt.date(2026, 12, 31))
    assert re.search(r"(?:kết thúc|hết hạn)", said(intent, dt.date(2027, 1, 1)))
    assert "31/12/2026" in said(intent, dt.date(2027, 1, 1))


@pytest.mark.parametrize(
    ("intent", "facts"),
    [
        ("ask_programme_about", ["Kế hoạch 148", "hộ kinh doanh", "miễn phí"]),
        ("ask_programme_cost", ["miễn phí", "gói ưu đãi", "hỏi rõ giá"]),
        ("ask_programme_benefit", ["miễn phí", "tư vấn", "gói ưu đãi"]),
        ("ask_programme_lead", ["Sở Khoa học và Công nghệ", "Vụ Kinh tế và Xã hội số"]),
        ("ask_survey_link", ["https://rdx.gov.vn"]),
        ("ask_response_time", ["24 giờ", "95 %"]),
        (
            "ask_commune_count",
            ["92", "5 doanh nghiệp", "VNPT 22", "Viettel 23", "MISA 19", "Bkav 10", "Sapo 18", "BIDV"],
        ),
        ("ask_vendor_price", ["không ghi giá", "gói ưu đãi", "VNPT"]),
        ("ask_vendor_choice", ["không có câu nào bắt", "cán bộ"]),
        ("ask_bidv", ["BIDV", "toàn tỉnh", "mã QR", "MyShop Pro"]),
    ],
)
def test_the_facts_of_the_programme_are_the_same_before_and_after_its_end(intent: str, facts: list[str]) -> None:
    for on in (PILOT, TODAY):
        missing = [fact for fact in facts if fact not in said(intent, on)]
        assert not missing, (on, missing)


@pytest.mark.parametrize(
    ("intent", "facts"),
    [
        ("ask_community_team", ["thôn, xóm", "UBND xã/phường"]),
        ("ask_market_40", ["không dùng tiền mặt", "mã QR"]),
        ("ask_domain_about", ["giấy đăng ký kinh doanh", "2 năm", "trang web", "email", "xác nhận"]),
        ("ask_domain_purpose", ["trang web", "2026"]),
        ("ask_domain_free_now", ["2026", "31/12/2025", "xác nhận"]),
        ("ask_domain_company", ["trong vòng 01 năm", "trả phí"]),
        ("ask_domain_register", ["https://www.vnnic.vn/nhadangky/", "Tổ công nghệ số cộng đồng"]),
        ("ask_domain_id_vn", ["từ đủ 18 đến 23 tuổi", "2 năm", "xác nhận"]),
        ("ask_programme_open", ["30/6/2026", "chưa thấy văn bản", "cán bộ"]),
    ],
)
def test_today_thai_nguyen_hears_these_facts(intent: str, facts: list[str]) -> None:
    missing = [fact for fact in facts if fact not in said(intent, TODAY)]
    assert not missing


@pytest.mark.parametrize(
    ("intent", "facts"),
    [
        ("ask_programme_about", ["Sở Khoa học và Công nghệ", "cửa hàng bán lẻ", "chưa có"]),
        ("ask_programme_lead", ["Sở Khoa học và Công nghệ", "Vụ Kinh tế và Xã hội số"]),
        ("ask_vendor", ["chưa có", "cán bộ"]),
        ("ask_commune_count", ["166", "147", "19"]),
        ("ask_domain_about", ["67/KH-UBND", "xác nhận"]),
        ("ask_domain_free_now", ["67/KH-UBND", "xác nhận"]),
    ],
)
def test_today_thanh_hoa_hears_these_facts(intent: str, facts: list[str]) -> None:
    text = said(intent, TODAY, "thanh-hoa")
    assert [fact for fact in facts if fact not in text] == []
    assert "Kế hoạch 148" not in text


def test_the_survey_is_no_longer_recommended_the_day_after_it_ended() -> None:
    assert "chưa thấy văn bản kéo dài" not in said("ask_survey_link", dt.date(2026, 6, 15))
    assert "chưa thấy văn bản kéo dài" in said("ask_survey_link", dt.date(2026, 6, 16))


def test_an_old_unit_is_told_as_what_the_list_says() -> None:
    answer = BOOK.get("commune_old_unit", "thai-nguyen", TODAY)
    assert isinstance(answer, Answer)
    text = answer.render(old="thị trấn Hùng Sơn", commune="xã Đại Phúc", vendor="Viettel", platform="Tendoo")
    assert "theo danh sách em có, thị trấn Hùng Sơn cũ nay thuộc xã Đại Phúc" in text
    assert "Viettel" in text
    assert "Tendoo" in text


@pytest.mark.parametrize("entry", ["vendor_of_commune", "vendor_of_commune_same_name_as_district", "commune_old_unit"])
def test_after_the_pilot_a_vendor_is_told_as_what_a_plan_said_that_nothing_extends(entry: str) -> None:
    answer = BOOK.get(entry, "thai-nguyen", dt.date(2026, 7, 1))
    assert isinstance(answer, Answer)
    names = {"old": "thị trấn Hùng Sơn", "district": "huyện Đại Từ", "commune": "phường Phan Đình Phùng"}
    values = names | {"vendor": "Viettel", "platform": "Tendoo"}
    text = answer.render(**{name: values[name] for name in answer.variables})
    assert "Kế hoạch 148 giao Viettel hỗ trợ" in text
    assert "thí điểm đến hết 30/6/2026, em chưa thấy văn bản kéo dài" in text
    assert "phường Phan Đình Phùng" in text
    assert "Tendoo" in text
    assert "BIDV" in text
    assert len(text) <= 300
