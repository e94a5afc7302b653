from __future__ import annotations

import datetime as dt

import pytest

from programme.domain_names import (
    Case,
    DomainOffer,
    DomainStatus,
    answered,
    next_question,
    read_age,
    read_date,
    read_founding,
    read_status,
    verdict,
)

TODAY = dt.date(2026, 11, 24)
OFFER = DomainOffer(document="kh103", company_years=1, citizen_from=18, citizen_to=23)


@pytest.mark.parametrize(
    ("answers", "entry"),
    [
        (["hộ kinh doanh", "có giấy rồi"], "domain_household_yes"),
        (["ho kd ca the", "chua co"], "domain_household_no_certificate"),
        (["cty", "24/11/2025"], "domain_company_yes"),
        (["công ty", "23/11/2025"], "domain_company_no"),
        (["công ty", "được 3 năm rồi"], "domain_company_no"),
        (["con gái tôi", "20"], "domain_citizen_yes"),
        (["sinh viên", "sinh năm 2008"], "domain_citizen_yes"),
        (["cá nhân", "17 tuổi"], "domain_citizen_no"),
        (["cá nhân", "24"], "domain_citizen_no"),
    ],
)
def test_the_dialogue_ends_with_the_right_verdict(answers: list[str], entry: str) -> None:
    case = Case()
    for text in answers:
        question = next_question(case)
        assert question is not None
        read = answered(case, question, text, TODAY)
        assert read is not None, (question, text)
        case = Case.from_slot(read.as_slot())
    assert next_question(case) is None
    assert verdict(case, OFFER, TODAY) == entry


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("applicant", "hộ hay công ty"),
        ("certificate", "có cần giấy không"),
        ("founded", "lâu rồi"),
        ("age", "trẻ"),
    ],
)
def test_what_is_no_answer_is_not_taken_for_one(question: str, text: str) -> None:
    case = {"certificate": Case("household"), "founded": Case("company"), "age": Case("citizen")}.get(question, Case())
    assert answered(case, question, text, TODAY) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("15/8/2027", dt.date(2027, 8, 15)),
        ("tháng 8 năm 2027", dt.date(2027, 8, 1)),
        ("5/2027", dt.date(2027, 5, 1)),
        ("ngày 3 tháng 2 năm sau", dt.date(2027, 2, 3)),
        ("năm ngoái", dt.date(2025, 1, 1)),
        ("31/2/2027", None),
        ("hôm nào đó", None),
    ],
)
def test_dates_are_read_as_people_write_them(text: str, day: dt.date | None) -> None:
    assert read_date(text, TODAY) == day


def test_a_company_is_not_founded_tomorrow() -> None:
    assert read_founding("1/2027", TODAY) is None


@pytest.mark.parametrize(("text", "age"), [("hai mươi", 20), ("mười chín tuổi", 19), ("2005", 21), ("trẻ lắm", None)])
def test_ages(text: str, age: int | None) -> None:
    assert read_age(text, TODAY) == age


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("tên miền hết hạn 15/8/2027", DomainStatus("biz.vn", "active", expires_on=dt.date(2027, 8, 15))),
        ("da nop ho so ten mien", DomainStatus("biz.vn", "applied")),
        ("chưa làm tên miền", DomainStatus("biz.vn", "none")),
        ("tôi có id.vn rồi", DomainStatus("id.vn", "active")),
        ("tên miền", None),
    ],
)
def test_a_status_is_read_from_a_sentence(text: str, status: DomainStatus | None) -> None:
    assert read_status(text, TODAY) == status
