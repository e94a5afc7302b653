"""Classes and numbers of the survey over the partners' API."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection, insert

from console.api.context import ApiContext
from console.api_tokens import ApiScope
from store.clock import ManualClock
from store.survey_tables import class_place, survey_response, training_class
from store.tables import contact
from tests.conftest import NOW
from tests.console.partners import CLASS, OTHER, OWN, code, count, log, partner, token_of

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_classes_are_entered_read_and_changed(api: ApiContext, clock: ManualClock) -> None:
    async with partner(api, token_of(api)) as one:
        made = (await one.send("POST", "/classes", CLASS)).json()
        assert made["starts_at"] == "2026-12-05T01:30:00Z" and made["commune"]["name"] == "xã Tân Cương"
        assert (await one.get("/classes")).json()["items"] == [made] == [(await one.get("/classes/1")).json()]
        assert (await one.get("/classes", topic="ai")).json()["items"] == []
        change = {"version": made["version"], "seats": 2, "commune": None}
        changed = (await one.send("PATCH", "/classes/1", change)).json()
        assert (changed["seats"], changed["commune"], changed["title"]) == (2, None, made["title"])
        assert code(await one.send("PATCH", "/classes/1", change), 409) == "class_changed"
        same = await one.send("PATCH", "/classes/1", {"version": changed["version"]})
        assert same.json() == changed
        api.database.run_now(lambda c: _take_places(c, api, 2))
        fewer = {"version": changed["version"], "seats": 1}
        assert code(await one.send("PATCH", "/classes/1", fewer), 409) == "class_seats_taken"
        await one.send("POST", "/classes", {**CLASS, "title": "Lớp hai"})
        assert code(await one.send("POST", "/classes", {**CLASS, "title": "Lớp hai", "seats": 9}), 409) == "class_known"
        known = {"version": changed["version"], "title": "Lớp hai"}
        assert code(await one.send("PATCH", "/classes/1", known), 409) == "class_known"
        assert code(await one.get("/classes/77"), 404) == "class_unknown"
        clock.advance(timedelta(days=20))
        assert code(await one.send("PATCH", "/classes/1", known), 409) == "class_over"
        past = (await one.get("/classes", past="true")).json()["items"]
        assert [(row["id"], row["taken"]) for row in past] == [(2, 0), (1, 2)]
    assert [row[1] for row in log(api)] == ["class.created", "class.changed", "class.created"]


@on_sqlite
async def test_what_a_class_cannot_be_is_said(api: ApiContext) -> None:
    cases = {
        "class_past": {"starts_at": "2026-11-22T08:30:00+07:00"},
        "class_time": {"starts_at": "2026-12-05T08:30:30+07:00"},
        "class_too_far": {"starts_at": "9999-12-31T23:59:00-12:00"},
        "class_missing": {"title": "   "},
        "class_commune": {"commune": "99999"},
    }
    async with partner(api, token_of(api)) as one:
        for expected, values in cases.items():
            assert code(await one.send("POST", "/classes", {**CLASS, **values}), 422) == expected
    assert count(api, training_class) == 0


def _take_places(connection: Connection, api: ApiContext, people: int) -> None:
    for number in range(people):
        person = connection.execute(insert(contact).values(created_at=NOW).returning(contact.c.id)).scalar_one()
        row = {"contact_id": person, "class_id": 1, "topic": "ai", "province": api.province, "created_at": NOW}
        connection.execute(insert(class_place).values(row))
        assert number < people


async def test_numbers_of_the_survey_give_nobody_away(api: ApiContext, clock: ManualClock) -> None:
    def answered(connection: Connection, shops: int, level: int, commune: str, days: int = 0) -> None:
        for _ in range(shops):
            person = connection.execute(insert(contact).values(created_at=NOW).returning(contact.c.id)).scalar_one()
            done = {"status": "done", "result": "ok", "level": level, "completed_at": NOW - timedelta(days=days)}
            made = {"survey": "s", "version": "1", "revision": 1, "answers": {}, "channel": "webchat"}
            where = {
                "province": api.province,
                "commune": commune,
                "trade": "FOOD",
                "started_at": NOW,
                "updated_at": NOW,
            }
            connection.execute(insert(survey_response).values(contact_id=person, **done, **made, **where))

    def fill(connection: Connection) -> None:
        answered(connection, 40, 2, OWN)
        answered(connection, 30, 3, OWN, days=40)
        answered(connection, 2, 5, OWN, days=40)
        answered(connection, 50, 3, OTHER, days=400)

    api.database.run_now(fill)
    async with partner(api, token_of(api, ApiScope.SURVEYS_READ, vendor=None)) as one:
        communes = (await one.get("/surveys/aggregate", by="commune")).json()
        (own,) = (line for line in communes["lines"] if line["key"] == OWN)
        of_level = {row["level"]: row["count"] for row in own["levels"]}
        assert of_level[5] == {"shops": None, "hidden": "small"} and of_level[4] == {"shops": 0, "hidden": None}
        # with the total and all others the two could be worked out
        assert any(count["hidden"] == "protected" for count in [own["total"], *of_level.values()])
        assert len(communes["lines"]) == len(api.content.communes.communes(api.province))
        months = (await one.get("/surveys/aggregate", by="month", period="2026")).json()["lines"]
        assert [(line["key"], line["name"]) for line in months] == [
            ("2026-10", "Tháng 10/2026"),
            ("2026-11", "Tháng 11/2026"),
        ]
        levels = (await one.get("/surveys/aggregate", by="level")).json()["lines"]
        assert [line["key"] for line in levels] == ["0", "1", "2", "3", "4", "5", "none"]
        trades = (await one.get("/surveys/aggregate", by="trade", commune=OWN)).json()["lines"]
        assert sum(line["total"] != {"shops": 0, "hidden": None} for line in trades) == 1
        wrong = (
            ({"by": "trade"}, "commune_needed"),
            ({"by": "level", "commune": OWN}, "commune_not_here"),
            ({"by": "commune", "period": "2026"}, "period_not_here"),
            ({"by": "trade", "commune": "99999"}, "commune_unknown"),
        )
        for query, expected in wrong:
            assert code(await one.get("/surveys/aggregate", **query), 422) == expected
        # worked out once an hour: who asks before and after one shop has answered learns nothing of it
        api.database.run_now(lambda c: answered(c, 10, 4, OTHER))
        assert (await one.get("/surveys/aggregate", by="commune")).json() == communes
        clock.advance(timedelta(hours=1))
        assert (await one.get("/surveys/aggregate", by="commune")).json() != communes
