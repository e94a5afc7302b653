"""Answers: which entry may be said where and when, and which entries are refused."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from programme.answers import Answer, AnswerBook, Source, Window, Withheld
from programme.packs import UnknownProvince, load_packs
from programme.yaml_source import ContentError
from tests.programme.days import PILOT, TODAY

PACKS = {
    "national/pack.yaml": """\
id: national
name: Toàn quốc
kind: national
documents:
  - id: law
    number: null
    title: Luật
    short: Luật chung
    issued_by: Quốc hội
    date: null
    valid_from: 2025-01-01
    valid_to: 2030-12-31
""",
    "national/provinces.yaml": "source: {document: law, article: Điều 1}\nprovinces: [{name: Bắc Sông}]\n",
    "national/lexicon.yaml": "expansions: [{forms: [ko], means: không, risk: low}]\n",
    "bac-song/pack.yaml": """\
id: bac-song
name: Bắc Sông
kind: province
documents:
  - id: plan
    number: 1/KH-UBND
    title: Kế hoạch 1
    short: Kế hoạch 1/KH-UBND
    issued_by: UBND tỉnh
    date: 2026-01-02
    valid_from: 2026-01-02
    valid_to: 2026-06-30
    url: https://example.vn/plan
sla: {hours: 24, target: 0.95, warnings: [18, 22]}
contacts: {hotline: null, zalo_oa: null, facebook: null, email: null, sms_brandname: null}
vendors: []
working_hours: {}
""",
}

ENTRY = """\
  - id: {id}
    intent: {intent}
    text: {{vi: "{vi}", en: "{en}"}}
    sources: [{{document: {document}, article: Mục I}}]
    confidence: {confidence}
"""


def entry(
    entry_id: str = "about",
    *,
    intent: str = "ask_about",
    vi: str = "Dạ đây ạ.",
    en: str | None = None,
    document: str = "plan",
    confidence: str = "A",
    more: str = "",
) -> str:
    text = ENTRY.format(id=entry_id, intent=intent, vi=vi, en=en or vi, document=document, confidence=confidence)
    title = '    title: {vi: "Tên câu", en: "A title"}\n'
    return text + "".join(f"    {line}\n" for line in more.splitlines()) + title


def book(root: Path, province: str, national: str = "", approved: tuple[str, ...] = ()) -> AnswerBook:
    files = {"bac-song/answers.yaml": province, "national/answers.yaml": national}
    for file, text in (PACKS | {k: f"answers:\n{v}" if v else "answers: []\n" for k, v in files.items()}).items():
        (root / file).parent.mkdir(exist_ok=True, parents=True)
        (root / file).write_text(text, encoding="utf-8")
    answers = AnswerBook(load_packs(root))
    answers.release(answer.approval for answer in answers if answer.id in approved)
    return answers


def refused(root: Path, province: str, file: str = "bac-song/answers.yaml") -> ContentError:
    with pytest.raises(ContentError) as refusal:
        book(root, province)
    assert refusal.value.file == file
    return refusal.value


# which entry is found


def test_an_answer_brings_its_words_and_its_sources(tmp_path: Path) -> None:
    answer = book(tmp_path, entry()).find("ask_about", "bac_song", PILOT)
    assert isinstance(answer, Answer)
    assert answer.render() == "Dạ đây ạ."
    assert answer.sources == (Source("Kế hoạch 1/KH-UBND", "Mục I", "https://example.vn/plan"),)


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (dt.date(2026, 1, 1), Withheld("about", "not_yet_valid")),
        (dt.date(2026, 1, 2), "about"),
        (dt.date(2026, 6, 30), "about"),
        (dt.date(2026, 7, 1), Withheld("about", "expired")),
    ],
)
def test_a_document_bounds_its_answers_to_the_day(tmp_path: Path, day: dt.date, said: str | Withheld) -> None:
    found = book(tmp_path, entry()).find("ask_about", "bac-song", day)
    assert (found.id if isinstance(found, Answer) else found) == said


def test_an_entry_may_open_or_move_the_bounds_of_its_document_only_in_so_many_words(tmp_path: Path) -> None:
    entries = entry(more="valid_to: 2026-05-31") + entry(more="valid_from: 2026-07-01\nvalid_to: null")
    answers = book(tmp_path, entries)
    windows = [answer.window for answer in answers]
    assert windows == [
        Window(dt.date(2026, 1, 2), dt.date(2026, 5, 31)),
        Window(dt.date(2026, 7, 1), None),
    ]
    assert answers.find("ask_about", "bac-song", dt.date(2026, 6, 15)) == Withheld("about", "expired")
    assert isinstance(answers.find("ask_about", "bac-song", dt.date(2031, 1, 1)), Answer)


def test_the_narrowest_of_several_documents_bounds_an_answer(tmp_path: Path) -> None:
    two = entry(document="law").replace("Mục I}]", "Mục I}, {document: plan, article: Mục II}]")
    answers = book(tmp_path, two)
    assert [answer.window for answer in answers] == [Window(dt.date(2026, 1, 2), dt.date(2026, 6, 30))]


def test_the_province_goes_before_the_nation_and_gives_way_when_it_must_not_speak(tmp_path: Path) -> None:
    answers = book(tmp_path, entry(vi="Của tỉnh."), entry(vi="Của nước.", document="law"))
    for day, words in [(PILOT, "Của tỉnh."), (TODAY, "Của nước.")]:
        found = answers.find("ask_about", "bac-song", day)
        assert isinstance(found, Answer)
        assert found.render() == words


def test_an_unapproved_entry_is_withheld_until_its_id_is_approved(tmp_path: Path) -> None:
    entries = entry(confidence="C")
    assert book(tmp_path, entries).find("ask_about", "bac-song", PILOT) == Withheld("about", "not_approved")
    assert book(tmp_path, entries, approved=("other",)).get("about", "bac-song", PILOT) == Withheld(
        "about", "not_approved"
    )
    assert isinstance(book(tmp_path, entries, approved=("about",)).find("ask_about", "bac-song", PILOT), Answer)


def test_until_it_is_approved_an_entry_may_have_a_stand_in(tmp_path: Path) -> None:
    entries = entry(vi="Dạ chưa rõ ạ.") + entry(confidence="C", vi="Dạ rõ ạ.")
    for folder, approved, words in [("a", (), "Dạ chưa rõ ạ."), ("b", ("about",), "Dạ rõ ạ.")]:
        answers = book(tmp_path / folder, entries, approved=approved)
        for found in (answers.find("ask_about", "bac-song", PILOT), answers.get("about", "bac-song", PILOT)):
            assert isinstance(found, Answer)
            assert found.render() == words


def test_approval_does_not_revive_what_has_expired(tmp_path: Path) -> None:
    answers = book(tmp_path, entry(confidence="C"), approved=("about",))
    assert answers.find("ask_about", "bac-song", TODAY) == Withheld("about", "expired")


def test_nothing_is_found_where_nothing_is_written(tmp_path: Path) -> None:
    answers = book(tmp_path, entry())
    assert answers.find("ask_weather", "bac-song", PILOT) is None
    assert answers.get("weather", "bac-song", PILOT) is None
    with pytest.raises(UnknownProvince):
        answers.find("ask_about", "ha-noi", PILOT)


def test_rendering_takes_exactly_the_declared_variables(tmp_path: Path) -> None:
    answer = book(tmp_path, entry(vi="Dạ {commune} ạ.", more="variables: [commune]")).get("about", "bac-song", PILOT)
    assert isinstance(answer, Answer)
    assert answer.render(commune="xã {la}") == "Dạ xã {la} ạ."
    for wrong in ({}, {"commune": "a", "vendor": "b"}):
        with pytest.raises(ValueError, match="takes the variables"):
            answer.render(**wrong)


def test_every_entry_speaks_both_languages_and_has_a_name(tmp_path: Path) -> None:
    answer = book(tmp_path, entry(en="Here.")).get("about", "bac-song", PILOT)
    assert isinstance(answer, Answer)
    assert (answer.render("en"), answer.render("vi")) == ("Here.", "Dạ đây ạ.")
    assert (answer.title("en"), answer.title()) == ("A title", "Tên câu")


def test_an_approval_is_for_the_words_that_were_read(tmp_path: Path) -> None:
    before, after = (
        book(tmp_path / name, entry(confidence="C", vi=words)) for name, words in (("a", "Dạ."), ("b", "Dạ ạ."))
    )
    after.release(answer.approval for answer in before)
    assert after.find("ask_about", "bac-song", PILOT) == Withheld("about", "not_approved")


DAYS = st.none() | st.dates(min_value=dt.date(2026, 1, 1), max_value=dt.date(2026, 1, 20))


@settings(deadline=None)
@given(DAYS, DAYS, DAYS, DAYS)
def test_windows_overlap_exactly_when_they_share_a_day(
    a: dt.date | None, b: dt.date | None, c: dt.date | None, d: dt.date | None
) -> None:
    one, other = Window(a, b), Window(c, d)
    days = [dt.date(2025, 12, 1) + dt.timedelta(days=n) for n in range(120)]
    sound = all(any(day in window for day in days) for window in (one, other))
    if sound:
        assert one.overlaps(other) == any(day in one and day in other for day in days)
        assert one.overlaps(other) == other.overlaps(one)


# what is refused


@pytest.mark.parametrize(
    ("entries", "line", "words"),
    [
        (entry(document="plam"), 5, 'không có văn bản "plam"'),
        (entry().replace("[{document: plan, article: Mục I}]", "[]"), 5, "không có phần tử nào"),
        (entry().replace("    sources: [{document: plan, article: Mục I}]\n", ""), 2, 'thiếu mục "sources"'),
        (entry(vi=" "), 4, "để trống"),
        (entry(confidence="D"), 6, "'A', 'B', 'C'"),
        (entry(more="expires: 2026-01-01"), 7, '"expires" không có trong khuôn mẫu'),
        (entry(more="offer_person: có"), 7, "true hoặc false"),
        (entry(vi="Dạ {commune} ạ."), 4, "{commune} chưa khai"),
        (entry(vi="Dạ {commune} ạ.", more="variables:\n  - commune\n  - vendor"), 9, '"vendor" không dùng'),
        (entry(vi="Dạ {commune ạ."), 4, "ngoặc nhọn"),
        (entry(vi="Dạ {commune!r} ạ.", more="variables: [commune]"), 4, "định dạng"),
        (entry(more="valid_from: 2026-03-02\nvalid_to: 2026-03-01"), 8, "đứng trước valid_from"),
        (entry(more="valid_from: 2026-07-01"), 2, "không có ngày nào hiệu lực"),
        (entry(more="buttons: [{title: A, payload: ask_vendor}]"), 7, "không đúng dạng"),
        (entry(more='buttons: [{title: A, payload: "/ask_vendor{}x"}]'), 7, "không đúng dạng"),
        (entry() + entry(), 8, 'id "about" có hai câu cùng hiệu lực (câu kia ở dòng 2)'),
        (entry() + entry("other"), 8, 'ý định "ask_about" có hai câu'),
        (
            entry(more="valid_to: 2026-03-31") + entry(more="valid_from: 2026-03-31"),
            9,
            "hai câu cùng hiệu lực",
        ),
    ],
)
def test_a_faulty_entry_is_refused_at_its_line(tmp_path: Path, entries: str, line: int, words: str) -> None:
    refusal = refused(tmp_path, entries)
    assert refusal.line == line
    assert words in str(refusal)
    assert refusal.remedy


def test_a_payload_is_measured_in_bytes(tmp_path: Path) -> None:
    def with_value(value: str) -> str:
        return entry(more=f"""buttons: [{{title: A, payload: '/inform_commune{{"commune":"{value}"}}'}}]""")

    room = 64 - len('/inform_commune{"commune":""}')
    assert book(tmp_path, with_value("a" * room))
    assert refused(tmp_path, with_value("a" * (room + 1))).line == 7
    assert "quá 64 byte" in refused(tmp_path, with_value("ạ" * (room - 2))).problem


def test_questions_belong_to_entries_of_their_pack(tmp_path: Path) -> None:
    root = tmp_path / "a" / "bac-song"
    root.mkdir(parents=True)
    (root / "questions.yaml").write_text("questions:\n  about: [gì vậy]\n", encoding="utf-8")
    (known,) = book(tmp_path / "a", entry())
    assert known.questions == ("gì vậy",)
    (root / "questions.yaml").write_text("questions:\n  about: [gì vậy]\n  other: [ai]\n", encoding="utf-8")
    refusal = refused(tmp_path / "a", entry(), "bac-song/questions.yaml")
    assert refusal.line == 3
    assert '"other"' in refusal.problem


def test_neighbouring_windows_do_not_overlap(tmp_path: Path) -> None:
    entries = entry(more="valid_to: 2026-03-31") + entry(vi="Dạ nay ạ.", more="valid_from: 2026-04-01")
    answers = book(tmp_path, entries)
    for day, words in [(dt.date(2026, 3, 31), "Dạ đây ạ."), (dt.date(2026, 4, 1), "Dạ nay ạ.")]:
        found = answers.get("about", "bac-song", day)
        assert isinstance(found, Answer)
        assert found.render() == words
