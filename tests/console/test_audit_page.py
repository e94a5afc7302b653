"""The audit log as administrators read it and take it away."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from console.context import ConsoleContext
from console.pages import audit as audit_page
from console.roles import Role
from store import audit
from store.audit import Actor
from store.clock import ManualClock
from tests.console.conftest import Browser, MakePerson, OpenBrowser
from tests.console.signing_in import recorded

LONG_AGO = timedelta(days=3)


@pytest.fixture
def administrator(
    open_browser: OpenBrowser, make_person: MakePerson, context: ConsoleContext, clock: ManualClock
) -> Browser:
    """Who reads what Hà (1) and Nam (2) did: 25 acts each, Nam's today, Hà's three days ago just before midnight."""
    ha, nam = make_person("Hà"), make_person("Nam")
    today = clock.now()
    clock.set(today.replace(hour=16, minute=59) - LONG_AGO)  # 23:59 in Việt Nam
    for person, moment in ((ha, clock.now()), (nam, today)):
        for number in range(25):
            actor = Actor(person.name, person.account_id)
            act, object_ = ("conversation.viewed", "=1+1") if number % 2 else ("survey.changed", f"survey {number}")
            detail = {"rows": number, "communes": ["05452", "=2"]}
            context.database.run_now(
                lambda c, actor=actor, moment=moment, act=act, object_=object_, detail=detail: audit.record(
                    c, context.keyring, moment, actor, act, object_, detail
                )
            )
    clock.set(today)
    return open_browser(make_person("Quản trị", role=Role.ADMINISTRATOR))


def numbers(page: str) -> list[int]:
    return [int(part.split("<")[0]) for part in page.split('data-label="Số">')[1:]]


async def test_it_is_read_page_by_page_newest_first(administrator: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_page, "ON_A_PAGE", 20)
    seen: list[int] = []
    path: str | None = "/console/audit"
    while path is not None:
        page = (await administrator.get(path)).text
        seen += numbers(page)
        links = [part.split('"')[0] for part in page.split('href="')[1:] if "before=" in part.split('"')[0]]
        path = links[0].replace("&amp;", "&") if links else None
    assert seen == list(range(50, 0, -1))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("account=1", list(range(25, 0, -1))),
        ("account=2&action=survey.changed", list(range(50, 25, -2))),
        ("object=survey+4", [30, 5]),
        ("day=2026-11-20", list(range(25, 0, -1))),
        ("day=2026-11-21", []),
        ("account=99999999999999999999", []),
        ("account=x", []),
        ("account=1&before=3", [2, 1]),
        ("before=x&object=survey+4", [30, 5]),
    ],
)
async def test_it_is_filtered_by_person_act_object_and_day(
    administrator: Browser, query: str, found: list[int]
) -> None:
    answer = await administrator.get(f"/console/audit?{query}")
    assert answer.status_code == 200
    assert numbers(answer.text) == found


@pytest.mark.parametrize("day", ["2026-13-01", "gestern", "0001-01-01' OR 1=1"])
async def test_what_is_no_day_is_said(administrator: Browser, day: str) -> None:
    answer = await administrator.get("/console/audit", params={"day": day})
    assert (answer.status_code, answer.headers["X-Problem"]) == (422, "day_wrong")


async def test_the_file_runs_no_formula_and_is_itself_recorded(administrator: Browser, context: ConsoleContext) -> None:
    answer = await administrator.post("/console/audit/export.csv", {"account": "2", "action": "conversation.viewed"})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="nhat-ky-2026-11-23.csv"'
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == ["Số", "Lúc", "Ai", "Việc", "Đối tượng", "Chi tiết"]
    assert rows[1] == ["49", "2026-11-23T09:00:00+07:00", "Nam", "conversation.viewed", "'=1+1", rows[1][5]]
    assert "rows: 23" in rows[1][5]
    assert len(rows) == 13
    said = {"rows": 12, "account": "2", "action": "conversation.viewed"}
    assert recorded(context, "audit.exported") == [(3, "Quản trị", "audit", said)]
    assert context.database.read_now(lambda c: audit.verify(c, context.keyring)).rows == 51


async def test_the_file_has_no_more_than_the_newest(administrator: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_page, "MOST_EXPORTED", 7)
    monkeypatch.setattr("store.audit_search.BATCH", 3)
    answer = await administrator.post("/console/audit/export.csv")
    assert [row.split(",")[0] for row in answer.content.decode("utf-8-sig").splitlines()[1:]] == [
        str(number) for number in range(50, 43, -1)
    ]


async def test_what_was_recorded_is_shown_as_text(administrator: Browser, context: ConsoleContext) -> None:
    actor, now = Actor("<script>alert(1)</script>"), context.clock.now()
    context.database.run_now(lambda c: audit.record(c, context.keyring, now, actor, "x.<b>", "<i>", {"k": "<u>"}))
    page = (await administrator.get("/console/audit")).text
    assert "<script>alert" not in page
    assert not any(tag in page for tag in ("x.<b>", "<i>", "<u>"))
