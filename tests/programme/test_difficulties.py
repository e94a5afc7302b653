"""What owners and firms find difficult: categories by words, each telling once, and the report that counts them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text, update

from bot.flow_domain import load_flows
from programme import difficulty_table
from programme.content import Content
from programme.difficulties import LONGEST_TEXT, Difficulty, load_difficulties, record
from programme.difficulties_said import says_nothing_more, says_something
from programme.difficulty_report import BadMonth, By, Month, counts, difficulty_report, scope_of, stretch_of
from programme.yaml_source import ContentError
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database
from store.difficulty_tables import difficulty
from store.tables import conversation

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
NOVEMBER = datetime(2026, 11, 10, 9, tzinfo=VIETNAM)
TODAY = date(2026, 11, 23)


class Told:
    """Difficulties of a test, and what the table holds."""

    def __init__(self, database: Database, keyring: Keyring, content: Content) -> None:
        self.database, self.keyring, self.content = database, keyring, content

    def conversation(self) -> str:
        def add(connection: Any) -> str:
            contact = Contacts(connection, self.keyring).add(NOVEMBER)
            number = f"{contact:032x}"
            row = {"id": number, "channel": "zalo", "address": number, "contact_id": contact, "province": "thai-nguyen"}
            row |= {"holder": "bot", "version": 0, "last_seq": 0, "created_at": NOVEMBER}
            connection.execute(conversation.insert().values(row))
            return number

        return self.database.run_now(add)

    def tell(self, category: str = "price", at: datetime = NOVEMBER, source: Any = "owner", **values: Any) -> int:
        told = Difficulty(source=source, category=category, province="thai-nguyen", at=at, **values)
        return self.database.run_now(lambda c: record(c, told))

    def rows(self) -> list[Any]:
        kept = select(difficulty).order_by(difficulty.c.id)
        return list(self.database.read_now(lambda c: c.execute(kept).all()))

    def report(self, by: By = By.CATEGORY, month: str = "2026-11", months: int = 1, **scope: Any) -> Any:
        wanted = replace(scope_of(self.content, "thai-nguyen"), **scope)
        stretch = stretch_of(month, months, TODAY)
        now = datetime(2026, 11, 23, 9, tzinfo=VIETNAM)
        return self.database.read_now(
            lambda c: difficulty_report(
                c, self.content, "thai-nguyen", wanted, stretch, by, now, VIETNAM, difficulty_table.source_name
            )
        )


@pytest.fixture
def told(database: Database, keyring: Keyring, content: Content) -> Told:
    return Told(database, keyring, content)


def test_words_say_the_category_with_or_without_accents(content: Content) -> None:
    said = {
        "may tinh tien hu hoai": "technical",
        "dat qua": "price",
        "ko biet dung": "skills",
        "thue kho qua": "tax",
        "Giấy tờ rườm rà": "procedures",
        "nhân viên thái độ kém": "support",
        "sợ lừa đảo lắm": "safety",
        "phần mềm đắt quá mà hay lỗi, giá cao nữa": "price",  # most of whose words are said
        # Spelt with accents a word is itself, and no word is part of another
        "thuê nhà khó quá": None,
        "đánh giá tốt": None,
        "đất quá xấu": None,
        "lựa chọn nào": None,
        "vâng ạ": None,
        "": None,
        "😡": None,
        "a" * 100_000: None,
    }
    assert {text: content.difficulties.said(text) for text in said} == said
    assert content.difficulties.said("xin chào", "ask_vendor_price") == "price"
    assert content.difficulties.said("hỏng máy", "ask_vendor_price") == "technical"
    assert content.difficulties.rest == "other"
    assert content.difficulties.title("tax") == "Thuế, hóa đơn" and content.difficulties.title("gone") == "gone"
    named = {intent for one in content.difficulties.all.values() for intent in one.intents}
    assert named <= load_flows().intents


def test_an_opening_tells_nothing_yet_and_leaving_is_understood() -> None:
    for words in (
        "góp ý",
        "tôi muốn góp ý cho chương trình",
        "Bác có cái vướng mắc",
        "I want to give feedback",
        "",
        "😡",
    ):
        assert not says_something(words), words
    assert says_something("góp ý: lớp học nên mở buổi tối")
    for words in (
        "thôi em",
        "Thôi ạ",
        "hết rồi",
        "bỏ qua",
        "never mind",
        "thôi không góp ý nữa",
        "thôi khỏi góp ý nữa em",
    ):
        assert says_nothing_more(words), words
    for words in ("không", "thôi nhưng mà đắt quá", "", "😡"):
        assert not says_nothing_more(words), words


A, B = "vi: A, en: A, hint: x", "vi: B, en: B, hint: x"


@pytest.mark.parametrize(
    ("rows", "problem", "line"),
    [
        ((f"{{id: a, {A}, words: [], intents: []}}", f"{{id: a, {B}, words: [], intents: []}}"), "đã có", 3),
        ((f"{{id: a, {A}, words: [ba], intents: []}}", f"{{id: b, {B}, words: [Ba], intents: []}}"), "đã thuộc", 3),
        ((f"{{id: a, {A}, words: [], intents: [x]}}", f"{{id: b, {B}, words: [], intents: [x]}}"), "đã thuộc", 3),
        ((f'{{id: a, {A}, words: ["…"], intents: []}}',), "không có chữ", 2),
        (("{id: a, vi: A, en: A, words: [], intents: []}",), "thiếu mục", 2),
        ((f"{{id: a, {A}, words: [], intents: [], colour: red}}",), "không có trong khuôn mẫu", 2),
    ],
)
def test_a_broken_file_is_refused_with_its_line(
    tmp_path: Path, content: Content, rows: tuple[str, ...], problem: str, line: int
) -> None:
    path = tmp_path / "difficulties.yaml"
    path.write_text("\n- ".join(("difficulties:", *rows)), encoding="utf-8")
    with pytest.raises(ContentError, match=problem) as refused:
        load_difficulties(path, content.words_of)
    assert refused.value.line == line


def test_the_same_told_again_counts_once_and_loses_no_words(told: Told) -> None:
    here, there = told.conversation(), told.conversation()
    first = told.tell(conversation_id=here, text=" đắt  quá ")
    assert told.tell(conversation_id=here, text="tháng nào cũng đóng", at=NOVEMBER + timedelta(days=3)) == first
    # An officer notes what the owner has told already; the same words add nothing
    assert told.tell(conversation_id=here, source="officer", text="đắt", at=NOVEMBER + timedelta(days=6)) == first
    assert told.tell(conversation_id=here, text=None, at=NOVEMBER + timedelta(days=6)) == first
    (row,) = told.rows()
    assert (row.source, row.text) == ("owner", "đắt  quá\ntháng nào cũng đóng")
    others = {
        told.tell("skills", conversation_id=here),
        told.tell(conversation_id=there),
        told.tell(conversation_id=here, at=NOVEMBER + timedelta(days=7)),  # after a week it is told anew
    }
    assert len(others) == 3 and len(told.rows()) == 4


def test_what_comes_from_no_conversation_is_named_by_its_teller(told: Told) -> None:
    first = told.tell(source="vendor", vendor="VNPT", telling="lead 1 refused", text="x" * 5000)
    assert told.tell(source="vendor", vendor="VNPT", telling="lead 1 refused", text="lần hai") == first
    assert told.tell(source="vendor", vendor="VNPT", telling="lead 2 refused") != first
    assert told.tell(source="vendor", vendor="VNPT") != told.tell(source="vendor", vendor="VNPT")
    assert [len(row.text or "") for row in told.rows()] == [LONGEST_TEXT, 0, 0, 0]


def test_two_at_one_instant_meet_at_the_key(told: Told) -> None:
    """The look-up found nothing for either of them."""
    here = told.conversation()
    first = told.tell(conversation_id=here, text="một")
    hidden = update(difficulty).values(at=NOVEMBER - timedelta(days=30))
    told.database.run_now(lambda c: c.execute(hidden))
    assert told.tell(conversation_id=here, text="hai") == first
    assert [row.text for row in told.rows()] == ["một\nhai"]


def test_words_are_encrypted_and_what_identifies_can_be_cut_off(told: Told, keyring: Keyring) -> None:
    here = told.conversation()
    told.tell(conversation_id=here, text="chị Hồng ở chợ", commune="05503")
    stored = told.database.read_now(lambda c: bytes(c.execute(text("SELECT text FROM difficulty")).scalar_one()))
    assert "Hồng".encode() not in stored
    cut = dict.fromkeys(("contact_id", "conversation_id", "lead_id", "officer_id", "text", "telling"))
    told.database.run_now(lambda c: c.execute(update(difficulty).values(cut)))
    (line,) = [one for one in told.report(By.COMMUNE).lines if one.told]
    assert line.key == "05503"


def test_the_report_counts_by_every_dimension_with_the_month_before(told: Told) -> None:
    for category, commune, source, day in (
        ("price", "05503", "owner", 1),
        ("price", "05503", "owner", 30),
        ("price", None, "vendor", 2),
        ("tax", "05503", "officer", 3),
        ("gone", None, "owner", 4),
    ):
        told.tell(category, datetime(2026, 11, day, 0, 30, tzinfo=VIETNAM), source, commune=commune)
    # The last minute of October and the first of December where the hotline is, which is October and November in UTC
    told.tell("price", datetime(2026, 10, 31, 23, 59, tzinfo=VIETNAM))
    told.tell("tax", datetime(2026, 12, 1, 0, 0, tzinfo=VIETNAM))
    report = told.report()
    assert [(one.name, one.told, one.before, one.change) for one in report.lines[:3]] == [
        ("Giá, chi phí", 3, 1, 2),
        ("Thuế, hóa đơn", 1, 0, 1),
        ("gone", 1, 0, 1),
    ]
    assert (report.total.told, report.total.before, report.is_running) == (5, 1, True)
    assert [name for _, name in report.columns] == ["Chủ cửa hàng", "Doanh nghiệp", "Cán bộ ghi"]
    table = difficulty_table.rows(report)
    assert table[:2] == [("Tất cả", 5, "100,00", 1, 4, 3, 1, 1), ("Giá, chi phí", 3, "60,00", 1, 2, 2, 1, 0)]
    assert all(len(row) == len(difficulty_table.header(report)) for row in table)
    communes = {one.name: one.told for one in told.report(By.COMMUNE).lines}
    assert communes == {"xã Tân Cương": 3, None: 2}
    assert [(one.name, one.told) for one in told.report(By.MONTH, months=2).lines] == [("10/2026", 1), ("11/2026", 5)]
    assert {one.key: one.told for one in told.report(By.SOURCE).lines} == {"owner": 3, "vendor": 1, "officer": 1}
    assert told.report(communes=("05503",)).total.told == 3
    assert told.report(communes=()).total.told == 0
    assert told.report(category="price", source="vendor").total.told == 1
    assert told.report(told_by="VNPT").total.told == 0
    detail = told.database.read_now(
        lambda c: counts(c, scope_of(told.content, "thai-nguyen"), stretch_of("2026-11", 1, TODAY), VIETNAM)
    )
    rows = difficulty_table.detail_rows(told.content, "thai-nguyen", detail)
    assert ("2026-11", "xã Tân Cương", "Giá, chi phí", "Chủ cửa hàng", "", 2) in rows
    assert sum(row[-1] for row in rows) == 5  # type: ignore[misc]


def test_a_month_that_is_none_is_refused() -> None:
    assert stretch_of(None, 1, TODAY).last == Month(2026, 11)
    assert str(stretch_of("2026-02", 3, TODAY).first) == "2025-12"
    for month, months in (
        ("2026-12", 1),
        ("2026-13", 1),
        ("11/2026", 1),
        ("٢٠٢٦-11", 1),
        ("2026-11", 0),
        ("2026-11", 25),
    ):
        with pytest.raises(BadMonth):
            stretch_of(month, months, TODAY)
