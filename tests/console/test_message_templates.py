"""The pages of message templates: begun from a starter, previewed while typed, kept, registered, archived."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from console.context import ConsoleContext
from console.roles import Role
from programme import message_templates
from programme.message_templates import MessageTemplate, Registration
from store.console_tables import audit_log
from tests.console.conftest import Browser, MakePerson, OpenBrowser

PAGE = "/console/message-templates"
CLASS: dict[str, object] = {
    "name": "Nhắc lớp",
    "kind": "customer_care",
    "text": "Nhắc lớp {{ class }} ngày {{ day }}.",
    "makes_plain": "1",
    "sends": "plain",
    "version": "0",
}


@pytest.fixture
def leader(open_browser: OpenBrowser, make_person: MakePerson) -> Browser:
    return open_browser(make_person("Thu", Role.SUPERVISOR))


def kept(context: ConsoleContext, archived: bool = False) -> list[MessageTemplate]:
    read = message_templates.all_templates
    return context.database.read_now(lambda c: read(c, context.province, archived=archived))


def log(context: ConsoleContext) -> list[tuple[str, str]]:
    rows = select(audit_log.c.action, audit_log.c.object).order_by(audit_log.c.id)
    return [(row.action, row.object) for row in context.database.read_now(lambda c: c.execute(rows).all())]


def plainly(text: str) -> str:
    return " ".join(unescape(text).split())


async def test_a_template_begun_from_a_starter_is_kept_with_its_accent_free_text(
    context: ConsoleContext, leader: Browser
) -> None:
    form = await leader.get(f"{PAGE}/new?starter=lop_ngay_mai")
    assert "Nhac lop {{ class }}: {{ time }} ngay {{ day }}" in plainly(form.text)
    answer = await leader.post(
        f"{PAGE}/new",
        {**CLASS, "starter": "lop_ngay_mai", "zbs_template": "301", "zbs_variables": "lop = class\r\nngay = {{ day }}"},
    )
    assert answer.status_code == 303
    (one,) = kept(context)
    assert one.draft.plain == "Nhac lop {{ class }} ngay {{ day }}."
    assert (one.draft.starter, one.draft.zbs_variables) == ("lop_ngay_mai", {"lop": "class", "ngay": "day"})
    assert log(context) == [("template.created", f"message_template {one.id}")]
    again = await leader.get(answer.headers["location"])
    assert "lop = class" in again.text
    assert 'id="makes_plain" name="makes_plain" value="1" checked' in again.text


async def test_the_preview_says_parts_encoding_and_what_an_accent_costs(leader: Browser) -> None:
    answer = await leader.post(f"{PAGE}/preview", {**CLASS, "text": "Nhắc lớp: " + "a" * 140})
    said = plainly(answer.text)
    assert "3 tin SMS" in said
    assert "chữ có dấu, 70 ký tự một tin" in said
    assert "1 tin SMS" in said
    assert "Gửi có dấu tốn thêm 2 tin SMS cho mỗi người nhận." in said
    assert "ắ ớ" in said
    assert "đồng" not in said  # nobody has entered a tariff
    assert "Nhac lop: aaa" in said


async def test_the_preview_shows_what_people_get_and_who_gets_nothing(leader: Browser) -> None:
    answer = await leader.post(f"{PAGE}/preview", {**CLASS, "text": "Chào {{ name }} ở {{ commune }}."})
    said = plainly(answer.text)
    assert "Chao Nguyen Thi Hoa o" in said
    assert "Chao Hoang Nguyen Phuong Khanh o" in said  # a longer name is cut, as it is when messages leave
    assert "Không gửi cho người này: chưa biết {{ name }}." in said


async def test_what_is_typed_into_the_accent_free_text_stays_and_is_followed_no_more(leader: Browser) -> None:
    typed = {**CLASS, "plain": "Lop {{ class }} {{ day }}", "own_plain": "1"}
    answer = await leader.post(f"{PAGE}/preview", typed)
    assert "Lop {{ class }} {{ day }}" in plainly(answer.text)
    assert "checked" not in answer.text
    assert "<textarea" not in answer.text  # nobody's typing is overwritten
    followed = await leader.post(f"{PAGE}/preview", CLASS)
    assert 'hx-swap-oob="true">Nhac lop' in followed.text


async def test_a_wrong_text_is_refused_in_words_and_nothing_is_lost(context: ConsoleContext, leader: Browser) -> None:
    answer = await leader.post(f"{PAGE}/new", {**CLASS, "kind": "advertising", "text": "Mời học lớp {{ clas }}"})
    said = plainly(answer.text)
    assert answer.status_code == 422
    assert "Không có biến {{ clas }}. Có phải anh/chị muốn viết: {{ class }}" in said
    assert "Tin quảng cáo phải bắt đầu ngay bằng nhãn" in said
    assert "Mời học lớp {{ clas }}" in said
    assert kept(context) == []


async def test_two_people_do_not_overwrite_each_other(context: ConsoleContext, leader: Browser) -> None:
    await leader.post(f"{PAGE}/new", CLASS)
    (one,) = kept(context)
    first = await leader.post(f"{PAGE}/{one.id}", {**CLASS, "name": "A", "version": "1"})
    second = await leader.post(f"{PAGE}/{one.id}", {**CLASS, "name": "B", "version": "1"})
    assert (first.status_code, second.status_code) == (303, 409)
    assert "đã được người khác sửa" in plainly(second.text)
    assert kept(context)[0].draft.name == "A"


async def test_registration_and_archive_are_recorded_and_an_archived_one_has_no_form(
    context: ConsoleContext, leader: Browser
) -> None:
    await leader.post(f"{PAGE}/new", CLASS)
    (one,) = kept(context)
    await leader.post(f"{PAGE}/{one.id}/registration", {"state": "submitted", "version": "1"})
    assert kept(context)[0].registration is Registration.SUBMITTED
    stale = await leader.post(f"{PAGE}/{one.id}/registration", {"state": "registered", "version": "1"})
    assert (stale.status_code, stale.headers["x-problem"]) == (409, "template_stale")
    await leader.post(f"{PAGE}/{one.id}/archive", {"version": "2"})
    assert kept(context) == []
    assert [one.id] == [each.id for each in kept(context, archived=True)]
    assert [action for action, _ in log(context)] == ["template.created", "template.submitted", "template.archived"]
    shown = await leader.get(f"{PAGE}/{one.id}")
    assert "<textarea" not in shown.text
    assert one.draft.name in plainly((await leader.get(f"{PAGE}?archived=1")).text)


async def test_officers_read_the_texts_and_have_no_form(
    context: ConsoleContext, leader: Browser, open_browser: OpenBrowser, make_person: MakePerson
) -> None:
    await leader.post(f"{PAGE}/new", CLASS)
    (one,) = kept(context)
    officer = open_browser(make_person("Hà"))
    shown = await officer.get(f"{PAGE}/{one.id}")
    assert "Nhac lop {{ class }}" in plainly(shown.text)
    assert "<textarea" not in shown.text
    assert "Soạn mẫu mới" not in plainly((await officer.get(PAGE)).text)
    refused: Any = await officer.post(f"{PAGE}/{one.id}", {**CLASS, "version": "1"})
    assert refused.status_code == 403


async def test_a_template_that_is_not_there_says_so(leader: Browser) -> None:
    answer = await leader.get(f"{PAGE}/999")
    assert (answer.status_code, answer.headers["x-problem"]) == (404, "template_unknown")
