"""Who gets a free name: what is asked, what is read, and that no verdict is given before it is certain."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programme.domain_names import (
    Case,
    DomainOffer,
    Question,
    answered,
    corrected,
    next_question,
    qualifies,
    read_applicant,
    told,
    verdict,
)
from programme.spans import Span, full_years, years_later

TODAY = dt.date(2026, 3, 15)
OFFER = DomainOffer(document="kh103", company_years=1, citizen_from=18, citizen_to=23)
DAYS = st.dates(dt.date(1950, 1, 1), dt.date(2026, 12, 31))
SPANS = st.tuples(DAYS, st.integers(0, 1500)).map(lambda pair: Span(pair[0], pair[0] + dt.timedelta(days=pair[1])))


@pytest.mark.parametrize(
    ("answers", "entry"),
    [
        (["hộ kinh doanh", "có giấy rồi"], "domain_household_yes"),
        (["ho kd ca the", "chua co"], "domain_household_no_certificate"),
        (["quán phở", "có đâu"], "domain_household_no_certificate"),
        (["cty", "15/3/2025"], "domain_company_yes"),
        (["công ty", "14/3/2025"], "domain_company_no"),
        (["công ty", "được 3 năm rồi"], "domain_company_no"),
        (["công ty", "hơn 1 năm"], "domain_company_no"),
        (["công ty", "năm ngoái", "tháng 11"], "domain_company_yes"),
        (["công ty", "3/2025", "ngày 20"], "domain_company_yes"),
        (["công ty", "mới mở", "20/1/2025"], "domain_company_no"),
        (["công ty", "tháng 3", "2024"], "domain_company_no"),
        (["công ty", "tháng 3", "năm ngoái", "ngày 20"], "domain_company_yes"),
        (["công ty", "15/3", "2025"], "domain_company_yes"),
        (["công ty", "15/3", "20/1/2024"], "domain_company_no"),
        (["công ty", "mới mở", "tháng 12", "2025"], "domain_company_yes"),
        (["tôi là cá nhân 55 tuổi"], "domain_citizen_no"),
        (["công ty thành lập năm 2019"], "domain_company_no"),
        (["con gái tôi", "20"], "domain_citizen_yes"),
        (["sinh viên", "sinh năm 2008", "1/3/2008"], "domain_citizen_yes"),
        (["sinh viên", "2k8", "tháng 12"], "domain_citizen_no"),
        (["cá nhân", "2002", "16/3/2002"], "domain_citizen_yes"),
        (["cá nhân", "17 tuổi"], "domain_citizen_no"),
        (["cá nhân", "24"], "domain_citizen_no"),
    ],
)
def test_the_dialogue_ends_with_the_right_verdict(answers: list[str], entry: str) -> None:
    case = Case("thai-nguyen")
    for text in answers:
        question = next_question(case, OFFER, TODAY)
        assert question is not None, text
        read = answered(case, question, text, TODAY)
        assert read is not None, (question, text)
        case = Case.from_slot(read.as_slot())
    assert next_question(case, OFFER, TODAY) is None
    assert verdict(case, OFFER, TODAY) == entry


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("applicant", "hộ hay công ty"),
        ("applicant", "có liên quan gì không"),
        ("applicant", "cơ quan nào"),
        ("applicant", "làm hộ em với"),
        ("certificate", "có cần giấy không"),
        ("founded", "lâu rồi"),
        ("founded", "tên miền dùng từ 3/2025"),
        ("founded", "1/2027"),
        ("founding_year", "2027"),
        ("age", "trẻ"),
        ("age", "²"),
        ("age", "lớp 12"),
        ("age", "15/12"),
        ("age", "con gái 20 tuổi, con trai 17 tuổi"),
    ],
)
def test_what_is_no_answer_is_not_taken_for_one(question: Question, text: str) -> None:
    assert answered(Case(), question, text, TODAY) is None


@pytest.mark.parametrize(
    ("text", "applicant"),
    [
        ("hộ", "household"),
        ("dạ hộ ạ", "household"),
        ("tôi là chủ quán", "household"),
        ("quan pho nha toi", "household"),
        ("cửa hàng tạp hóa", "household"),
        ("cty tnhh", "company"),
        ("cá nhân", "citizen"),
        ("con trai tôi", "citizen"),
        ("còn tôi thì sao", None),
        ("công ty chứ không phải hộ", "company"),
        ("tôi không phải công ty", None),
        ("cửa hàng của công ty", None),
    ],
)
def test_who_is_asking(text: str, applicant: str | None) -> None:
    assert read_applicant(text) == applicant


def test_the_same_again_does_not_narrow_anything_down_and_a_contradiction_corrects() -> None:
    last_year = Case(applicant="company", founded=Span(dt.date(2025, 1, 1), dt.date(2025, 12, 31)))
    assert answered(last_year, "founding_day", "năm ngoái", TODAY) is None
    corrected = answered(last_year, "founding_day", "à không, 20/11/2024", TODAY)
    assert corrected is not None
    assert qualifies(corrected, OFFER, TODAY) is False


@pytest.mark.parametrize(
    ("applicant", "text", "corrected_to"),
    [
        ("household", "nhầm, tôi là công ty", "company"),
        ("household", "sorry em công ty chứ không phải hộ đâu nhé", "company"),
        ("household", "công ty mà", "company"),
        ("company", "không phải công ty", "nobody"),
        ("company", "à không phải, hộ kinh doanh", "household"),
        ("household", "giấy đứng tên công ty", None),
        ("household", "công ty thì sao", None),
        ("household", "xin lỗi cho tôi hỏi công ty nộp thuế thế nào", None),
        ("household", "sorry, công ty", "company"),
        ("household", "cửa hàng tôi", None),
        ("household", "tôi bán hàng ở cạnh công ty điện lực", None),
        (None, "nhầm, công ty", None),
    ],
)
def test_who_asks_can_be_corrected(applicant: str | None, text: str, corrected_to: str | None) -> None:
    case = corrected(Case("thai-nguyen", applicant), text, TODAY)  # type: ignore[arg-type]
    assert (case and (case.applicant or "nobody")) == corrected_to


@pytest.mark.parametrize("text", ["có", "24 tuổi", "con tôi lớn rồi, 24", "cảm ơn", "công ty", "nhầm rồi", "tháng 3"])
def test_after_the_verdict_only_a_word_of_correction_takes_something_back(text: str) -> None:
    for case in (Case("thai-nguyen", "household", True), Case("thai-nguyen", "citizen", born=Span(TODAY, TODAY))):
        assert corrected(case, text, TODAY, is_closed=True) is None


def _eligible_company(founded: dt.date, on: dt.date) -> bool:
    return on <= years_later(founded, OFFER.company_years)


def _eligible_citizen(born: dt.date, on: dt.date) -> bool:
    return OFFER.citizen_from <= full_years(born, on) <= OFFER.citizen_to


@given(known=SPANS, on=st.dates(dt.date(2025, 1, 1), dt.date(2027, 12, 31)))
def test_a_verdict_holds_for_every_day_that_is_left_open(known: Span, on: dt.date) -> None:
    every_day = [known.first + dt.timedelta(days=n) for n in range((known.last - known.first).days + 1)]
    for case, eligible in (
        (Case(applicant="company", founded=known), _eligible_company),
        (Case(applicant="citizen", born=known), _eligible_citizen),
    ):
        outcomes = {eligible(one, on) for one in every_day}
        assert qualifies(case, OFFER, on) is (outcomes.pop() if len(outcomes) == 1 else None)


@given(text=st.text(max_size=60), question=st.sampled_from(["applicant", "certificate", "founded", "age"]))
def test_no_text_breaks_the_reading(text: str, question: Question) -> None:
    read = answered(Case(), question, text, TODAY)
    assert read is None or Case.from_slot(read.as_slot()) == read


@pytest.mark.parametrize(
    ("applicant", "question", "certain"),
    [
        ("company", "công ty em thành lập 1/2025 có được biz.vn không", False),
        ("company", "cty mới lập 3 tháng trước có dc biz.vn ko", True),
        ("citizen", "con tôi sinh năm 2009 có được id.vn không", False),
        ("citizen", "thằng cháu 20 tuổi có được id.vn không", True),
        ("citizen", "id.vn dành cho ai", None),
        ("citizen", "từ đủ 18 đến 23 tuổi là được id.vn à", None),
        ("company", "công ty thành lập tháng 3 có được không", None),
        ("household", "tôi có hộ kinh doanh có giấy phép rồi thì được tên miền miễn phí không", True),
        ("household", "hộ kinh doanh chưa có giấy có được tên miền không", False),
        ("household", "hộ kinh doanh có cần có giấy không", None),
        ("household", "hộ phải có giấy rồi mới được à", None),
        ("household", "hộ kinh doanh đã có giấy chưa", None),
        ("company", "công ty đăng ký biz.vn năm 2025 mất bao nhiêu", None),
    ],
)
def test_a_question_that_tells_everything_needs_no_form(applicant: str, question: str, certain: bool | None) -> None:
    case = told(applicant, question, "thai-nguyen", TODAY)  # type: ignore[arg-type]
    assert qualifies(case, OFFER, TODAY) is certain
