"""The builder of segments: what its form means, its buttons with and without a script, its answer, and who may save."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from console.context import ConsoleContext
from console.roles import Role
from console.segment_form import Builder, builder_of
from programme import saved_segments
from programme.saved_segments import SavedSegment
from programme.segments import read
from store.console_tables import audit_log
from store.tables import contact, shop
from tests.console.conftest import Browser, MakePerson, OpenBrowser

PAGE = "/console/segments"
TAN_CUONG = "05503"
NONE_HERE: dict[str, object] = {
    "name": "Chưa làm",
    "version": "0",
    "join": "and",
    "g0_join": "and",
    "c0_0_field": "commune",
    "c0_0_values": [TAN_CUONG],
    "c0_1_field": "survey",
    "c0_1_not": "1",
    "c0_1_values": ["done", "open"],
}
NONE_HERE_JSON = {"and": [{"commune": [TAN_CUONG]}, {"not": {"survey": ["done", "open"]}}]}


@pytest.fixture
def leader(open_browser: OpenBrowser, make_person: MakePerson) -> Browser:
    return open_browser(make_person("Thu", Role.SUPERVISOR))


@pytest.fixture
def shops(context: ConsoleContext) -> None:
    def work(connection: Connection) -> None:
        for number, commune in enumerate((TAN_CUONG, TAN_CUONG, "05443"), 1):
            person = {"name": "Nguyễn Thị Hoa", "phone": f"+8491234567{number}", "created_at": context.clock.now()}
            connection.execute(insert(contact).values(id=number, **person))
            row = {"province": context.province, "commune": commune, "created_at": context.clock.now()}
            connection.execute(insert(shop).values(contact_id=number, **row))

    context.database.run_now(work)


def kept(context: ConsoleContext) -> list[SavedSegment]:
    return context.database.read_now(lambda c: saved_segments.all_saved(c, context.province))


def log(context: ConsoleContext) -> list[tuple[str, str]]:
    rows = select(audit_log.c.action, audit_log.c.object).order_by(audit_log.c.id)
    return [(row.action, row.object) for row in context.database.read_now(lambda c: c.execute(rows).all())]


def plainly(text: str) -> str:
    return " ".join(unescape(text).split())


@pytest.mark.parametrize(
    "expression",
    [
        {"and": []},
        NONE_HERE_JSON,
        {"or": [{"survey": ["none"]}, {"level": {"from": 1, "to": 3}}]},
        {"or": [{"and": [{"trade": ["tap_hoa"]}, {"has": ["phone"]}]}, {"and": [{"lead": ["in_use"]}]}]},
        {"and": [{"not": {"reached": True, "days": 30}}, {"last_contact": {"before_days": 90}}]},
        {"and": [{"or": [{"class": ["wished"]}, {"language": ["en"]}]}, {"and": [{"vendor": ["VNPT"]}]}]},
    ],
)
def test_what_the_builder_shows_is_what_it_saves(expression: dict[str, Any]) -> None:
    builder = builder_of(read(expression).node)
    assert builder is not None
    assert builder.json() == expression


def test_what_is_not_reached_and_what_stands_alone_are_shown_too() -> None:
    builder = builder_of(read({"reached": False}).node)
    assert builder is not None
    assert builder.json() == {"and": [{"not": {"reached": True}}]}


@pytest.mark.parametrize(
    "expression",
    [{"and": [{"not": {"or": [{"survey": "none"}, {"has": "phone"}]}}]}, {"contacts": [1]}],
)
def test_what_is_deeper_than_the_form_is_not_squeezed_into_it(expression: dict[str, Any]) -> None:
    assert builder_of(read(expression).node) is None


def test_its_buttons_add_and_remove_and_nothing_else_does() -> None:
    two = Builder().act("add.0").act("group")
    assert [len(group.conditions) for group in two.groups] == [1, 1]
    assert [len(group.conditions) for group in two.act("remove.1.0").groups] == [1]
    assert two.act("remove.0.0").act("remove.0.0").groups == Builder().groups
    for odd in ("", "add.9", "add.x", "remove.0", "remove.5.0", "boom"):
        assert two.act(odd) == two


async def test_a_segment_is_said_counted_and_sampled_while_it_is_built(
    context: ConsoleContext, leader: Browser, shops: None
) -> None:
    said = plainly((await leader.post(f"{PAGE}/count", NONE_HERE)).text)
    assert "ở xã Tân Cương, (chưa làm xong khảo sát, không dở dang khảo sát)" in said
    assert '<span class="share">2</span> cửa hàng lúc này' in said
    assert "N. T. Hoa (… 672) · N. T. Hoa (… 671)" in said
    assert "Nguyễn" not in said
    assert "8491234" not in said
    await leader.post(f"{PAGE}/count", NONE_HERE)
    assert log(context) == [("segment.sampled", "segments")]  # once a piece of work


async def test_a_condition_without_a_value_says_so_instead_of_counting(leader: Browser) -> None:
    said = plainly((await leader.post(f"{PAGE}/count", {**NONE_HERE, "c0_0_values": []})).text)
    assert "Điều kiện “Xã, phường” chưa chọn đủ giá trị." in said
    assert "cửa hàng lúc này" not in said


async def test_the_builder_grows_with_a_script_and_without(leader: Browser) -> None:
    built = await leader.post(f"{PAGE}/build", {**NONE_HERE, "do": "add.0"})
    assert 'name="c0_2_field"' in built.text
    assert 'id="answer"' in built.text
    assert "<h1>" not in built.text
    whole = await leader.post(f"{PAGE}/new", {**NONE_HERE, "do": "group"})
    assert whole.status_code == 200
    assert 'name="c1_0_field"' in whole.text
    assert f'value="{TAN_CUONG}" checked' in whole.text


async def test_values_of_a_field_that_was_chosen_before_are_forgotten(leader: Browser) -> None:
    built = await leader.post(f"{PAGE}/build", {**NONE_HERE, "c0_0_field": "trade"})
    assert TAN_CUONG not in built.text


async def test_a_segment_is_kept_changed_and_archived_each_recorded(context: ConsoleContext, leader: Browser) -> None:
    answer = await leader.post(f"{PAGE}/new", NONE_HERE)
    assert answer.status_code == 303
    (one,) = kept(context)
    assert (one.name, one.segment.json) == ("Chưa làm", NONE_HERE_JSON)
    await leader.post(f"{PAGE}/{one.id}", {**NONE_HERE, "name": "Khác", "version": "1", "g0_join": "or"})
    (changed,) = kept(context)
    assert (changed.name, changed.version, list(changed.segment.json)) == ("Khác", 2, ["or"])
    stale = await leader.post(f"{PAGE}/{one.id}", {**NONE_HERE, "name": "Muộn", "version": "1"})
    assert stale.status_code == 409
    assert "đã được người khác sửa" in plainly(stale.text)
    assert (await leader.post(f"{PAGE}/{one.id}/archive", {"version": "1"})).headers["x-problem"] == "segment_stale"
    await leader.post(f"{PAGE}/{one.id}/archive", {"version": "2"})
    assert kept(context) == []
    assert log(context) == [(f"segment.{what}", f"segment {one.id}") for what in ("created", "changed", "archived")]


@pytest.mark.parametrize("change", [{"name": ""}, {"c0_0_field": "weather"}, {"c0_0_values": ["99999"]}])
async def test_what_is_incomplete_is_not_kept(
    context: ConsoleContext, leader: Browser, change: dict[str, object]
) -> None:
    answer = await leader.post(f"{PAGE}/new", {**NONE_HERE, **change})
    assert answer.status_code == 422
    assert kept(context) == []


async def test_officers_read_the_question_and_its_count_but_no_people_and_no_form(
    context: ConsoleContext, leader: Browser, shops: None, open_browser: OpenBrowser, make_person: MakePerson
) -> None:
    await leader.post(f"{PAGE}/new", NONE_HERE)
    (one,) = kept(context)
    officer = open_browser(make_person("Hà"))
    shown = await officer.get(f"{PAGE}/{one.id}")
    assert "ở xã Tân Cương" in plainly(shown.text)
    assert '<span class="share">2</span>' in shown.text
    assert "Hoa" not in shown.text
    assert "<form" not in shown.text
    assert "ở xã Tân Cương" in plainly((await officer.get(PAGE)).text)
    assert (await officer.post(f"{PAGE}/count", NONE_HERE)).status_code == 403


async def test_a_segment_that_the_page_cannot_build_is_shown_in_words(
    context: ConsoleContext, leader: Browser, make_person: MakePerson
) -> None:
    question = read({"not": {"or": [{"survey": "none"}, {"has": "phone"}]}})
    officer, now = make_person("Lan").officer_id, context.clock.now()
    number = context.database.run_now(lambda c: saved_segments.save(c, context.province, "Sâu", question, officer, now))
    shown = plainly((await leader.get(f"{PAGE}/{number}")).text)
    assert "không có số điện thoại" in shown
    assert "trang không sửa được" in shown
    assert "c0_0_field" not in shown


async def test_a_segment_that_is_not_there_says_so(leader: Browser) -> None:
    answer = await leader.get(f"{PAGE}/999")
    assert (answer.status_code, answer.headers["x-problem"]) == (404, "segment_unknown")
