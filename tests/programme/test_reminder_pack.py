"""The packs' automatic reminders: all could be switched on, and a wrong one stops the start with its line."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from programme.campaign_checks import check
from programme.campaign_schedule import RELATIVE_TO, Place
from programme.content import Content
from programme.reminder_pack import ReminderPack, load_reminders
from programme.yaml_source import ContentError
from store.clock import ManualClock

GOOD = {
    "id": "a",
    "name": "{vi: A, en: A}",
    "who": "{vi: A, en: A}",
    "to": "class",
    "days": "[-1]",
    "time": "'09:00'",
    "kind": "customer_care",
    "channels": "[chat, sms]",
    "default": "none",
    "text": "'Lớp {{ class }}'",
    "chat": "{vi: 'Dạ lớp {{ class }}', en: 'Class {{ class }}'}",
}
REPORT = "{id: r, name: {vi: A, en: A}, before: '12-20', remind_days: [30, 7], document: nq202, article: '1'"


def test_every_reminder_can_be_switched_on_as_it_is(content: Content, clock: ManualClock) -> None:
    place = Place(clock.timezone, content.deadlines)
    carries = {"one": frozenset({"customer_care"})}
    for province, pack in content.reminders.items():
        assert {one.to for one in pack.reminders.values()} == set(RELATIVE_TO), province
        for one in pack.reminders.values():
            for channels in (one.channels, one.free):
                plan = one.plan(channels, ("one",), content.phrases)
                assert check(plan, content, place, carries, clock.now()) == [], one.id


def test_only_what_is_free_is_on_from_the_beginning(content: Content) -> None:
    on = [one.id for one in content.reminders["thai-nguyen"].reminders.values() if one.default == "free"]
    assert on == ["survey_unfinished"]


def load(content: Content, root: Path, national: str, own: str = "") -> ReminderPack:
    for name, text in (("national", national), ("thai-nguyen", own)):
        (root / name).mkdir()
        if text:
            (root / name / "reminders.yaml").write_text(text)
    return load_reminders(root, content.packs, content.bulk_law, content.phrases, content.starters)["thai-nguyen"]


def written(**changes: str) -> str:
    return "  - {" + ", ".join(f"{key}: {value}" for key, value in {**GOOD, **changes}.items()) + "}\n"


def test_a_province_s_own_takes_the_place_of_the_nation_s(content: Content, tmp_path: Path) -> None:
    national = "reminders:\n" + written() + written(id="b")
    pack = load(content, tmp_path, national, "reminders:\n" + written(time="'10:00'") + f"reports:\n  - {REPORT}}}\n")
    assert [(one.id, one.time) for one in pack.reminders.values()] == [("a", "10:00"), ("b", "09:00")]
    assert pack.documents[pack.reports[0].document].short


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"text": "'Lớp {{ lop }}'"}, "Không có biến"),
        ({"text": "'{{ expires }}'"}, "Không có biến"),  # a class has none
        ({"chat": "{vi: '{{ left }}', en: A}"}, "Không có biến"),
        ({"kind": "advertising"}, "nhãn"),
        ({"to": "birthday"}, "mốc"),
        ({"to": "survey_unfinished", "text": "A", "chat": "{vi: A, en: A}"}, "ít nhất 1 ngày"),
        ({"days": "[]"}, "chưa có số ngày"),
        ({"time": "'25:00'"}, "giờ viết như"),
        ({"channels": "[sms]", "default": "free"}, "kênh mất tiền"),
        ({"channels": "[fax]"}, "fax"),
        ({"starter": "no_such"}, "no_such"),
        ({"buttons": "[{phrase: no_such, payload: /x}]"}, "no_such"),
        ({"buttons": "[{phrase: survey_later_button, payload: xin chào}]"}, "payload"),
        ({"text": "'" + "Lớp rất dài " * 60 + "'"}, "dài quá"),
    ],
)
def test_a_reminder_that_could_not_go_out_stops_the_start(
    content: Content, tmp_path: Path, changes: dict[str, str], said: str
) -> None:
    with pytest.raises(ContentError, match=said) as refused:
        load(content, tmp_path, "reminders:\n" + written(**changes))
    assert "reminders.yaml" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"reminders:\n{written()}{written()}", "đã dùng"),
        (f"reports:\n  - {REPORT}}}\n  - {REPORT}}}\n", "đã dùng"),
        (f"reports:\n  - {REPORT.replace('nq202', 'nowhere')}}}\n", "nowhere"),
        (f"reports:\n  - {REPORT.replace('12-20', '02-30')}}}\n", "không có ngày ấy"),
        (f"reports:\n  - {REPORT.replace('12-20', '20/12')}}}\n", "before"),
    ],
)
def test_so_does_a_wrong_list(content: Content, tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ContentError, match=said):
        load(content, tmp_path, text)


def test_a_report_comes_near_step_by_step_every_year_while_its_document_lasts(content: Content) -> None:
    (_, report) = content.reminders["thanh-hoa"].reports
    due = dt.date(2026, 12, 30)
    steps = {days: report.due_step(due - dt.timedelta(days)) for days in (31, 30, 8, 7, 1, 0)}
    assert steps == {31: None, 30: (due, 30), 8: (due, 30), 7: (due, 7), 1: (due, 1), 0: (due, 1)}
    assert report.due_step(dt.date(2026, 12, 31)) is None
    assert report.due_step(dt.date(2027, 12, 1)) == (dt.date(2027, 12, 30), 30)
    assert report.due_step(dt.date(2031, 12, 29)) is None
