"""How responses are kept: every answer at once, one owner one survey, the person's data encrypted and forgotten."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import Connection, insert, select, text, update

from bot import inbox
from programme import consents, leads, responses
from programme.content import Content
from programme.responses import Kept, Origin, ResponseChanged
from programme.survey.definition import CONSENT, FORM, REFUSED, Answer
from programme.survey.response import Response, answered, next_item, shown_items
from store.channel_tables import channel_link
from store.clock import ManualClock
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database
from store.forgotten_tables import forgotten
from store.survey_tables import lead, survey_response
from store.tables import consent, contact, conversation
from tests.programme.at_once import at_once

TEXTS: dict[str, Answer] = {
    "P01": "Quán Ba Lan",
    "P02": "Nguyễn Thị Lan",
    "P03": "+84912345678",
    "P05": "05503",
    "P06": REFUSED,
    "K06": REFUSED,
}
OTHERS: dict[str, Answer] = {"P04": "thai_nguyen", "P07": "rau_qua", "P10": "le_1b", "K02": ["bank"]}


class Shop:
    """One contact with a survey, stored step by step."""

    def __init__(self, database: Database, keyring: Keyring, clock: ManualClock, content: Content) -> None:
        self.database, self.keyring, self.clock, self.surveys = database, keyring, clock, content.surveys
        self.contact_id = database.run_now(lambda c: Contacts(c, keyring).add(clock.now()))

    def new(self, version: str = "1.1.0") -> Kept:
        return Kept(Response(self.surveys.version(version), {}), Origin(self.contact_id, "webchat", "thai-nguyen"))

    def save(self, kept: Kept) -> Kept:
        return self.database.run_now(lambda c: responses.save(c, self.keyring, kept, self.clock.now()))

    def answer(self, kept: Kept, item: str, answer: Answer) -> Kept:
        return self.save(kept.with_response(answered(kept.response, item, answer)))

    def fill(self, kept: Kept, points: int = 1, agreed: str = "yes_contact") -> Kept:
        """Answer everything; every question with the option of `points`."""
        known = {CONSENT: agreed, FORM: "core", **TEXTS, **OTHERS}
        response = kept.response
        while (item := next_item(response)) is not None:
            value = known.get(item.id, points if item.section == "question" else None)
            if value is None:
                value = item.options[0].value if item.kind != "multi_choice" else [str(item.options[0].value)]
            response = answered(response, item.id, value)
        return self.save(kept.with_response(response))

    def open(self) -> Kept | None:
        return self.database.read_now(lambda c: responses.find_open(c, self.surveys, self.contact_id))

    def rows(self, table: object) -> list[dict[str, object]]:
        return [dict(row) for row in self.database.read_now(lambda c: c.execute(select(table)).mappings().all())]  # type: ignore[call-overload]


@pytest.fixture
def shop(database: Database, keyring: Keyring, clock: ManualClock, content: Content) -> Shop:
    return Shop(database, keyring, clock, content)


def test_every_answer_is_there_as_soon_as_it_is_given(shop: Shop) -> None:
    kept = shop.answer(shop.new(), CONSENT, "yes_only")
    kept = shop.answer(kept, FORM, "core")
    shop.answer(kept, "P01", "Quán Ba Lan")

    found = shop.open()
    assert found is not None
    assert found.response.answers == {CONSENT: "yes_only", FORM: "core", "P01": "Quán Ba Lan"}
    assert found.status == "open"


def test_an_answer_from_an_old_reading_is_refused_and_changes_nothing(shop: Shop) -> None:
    kept = shop.answer(shop.new(), CONSENT, "yes_only")
    shop.answer(kept, FORM, "core")

    with pytest.raises(ResponseChanged):
        shop.answer(kept, FORM, "full")
    found = shop.open()
    assert found is not None and found.response.answers[FORM] == "core"


def test_one_person_has_one_survey_under_way(shop: Shop) -> None:
    shop.answer(shop.new(), CONSENT, "yes_only")

    with pytest.raises(ResponseChanged):
        shop.answer(shop.new(), CONSENT, "yes_only")


def test_names_and_numbers_are_unreadable_in_the_file_and_found_again(shop: Shop) -> None:
    shop.fill(shop.new())

    (answers, personal) = shop.database.read_now(
        lambda c: c.execute(text("SELECT answers, personal FROM survey_response")).one()
    )
    written = answers if isinstance(answers, str) else json.dumps(answers)
    assert "Lan" not in written and "84912345678" not in written
    assert b"Lan" not in bytes(personal)
    found = shop.database.read_now(lambda c: Contacts(c, shop.keyring).with_phone("+84912345678"))
    assert found == [shop.contact_id]
    assert shop.database.read_now(lambda c: Contacts(c, shop.keyring).with_name("lan nguyen")) == [shop.contact_id]


def test_a_completed_response_has_its_score_its_place_and_a_secret_code(shop: Shop) -> None:
    kept = shop.fill(shop.new(), points=2)

    (row,) = shop.rows(survey_response)
    assert (row["status"], row["result"], row["total_tenths"], row["level"]) == ("done", "estimate", 500, 3)
    assert (row["province"], row["commune"], row["trade"]) == ("thai-nguyen", "05503", "rau_qua")
    assert row["code"] == kept.code and len(str(row["code"])) == 22
    assert row["completed_at"] == shop.clock.now()


def test_changing_an_answer_afterwards_scores_anew_and_keeps_day_and_code(shop: Shop) -> None:
    kept = shop.fill(shop.new(), points=2)
    shop.clock.advance(timedelta(days=1))

    changed = shop.answer(kept, "CN02", 4)

    (row,) = shop.rows(survey_response)
    assert row["total_tenths"] == 542  # CN: 6 questions, 2 more points of 24: 50 + 50 · 2/24
    assert (changed.code, row["completed_at"]) == (kept.code, kept.completed_at)


def test_a_later_response_takes_the_place_of_the_earlier_one_in_reports(shop: Shop) -> None:
    first = shop.fill(shop.new(), points=1)
    shop.clock.advance(timedelta(days=70))
    second = shop.fill(shop.new(), points=3)

    assert {row["id"]: row["status"] for row in shop.rows(survey_response)} == {
        first.id: "earlier",
        second.id: "done",
    }


def test_a_response_stays_with_the_version_it_began_with(shop: Shop) -> None:
    kept = shop.answer(shop.new("1.0.0"), CONSENT, "yes_only")

    found = shop.open()
    assert found is not None and found.response.survey.version == "1.0.0"
    done = shop.fill(kept, agreed="yes_only")
    assert done.response.survey.version == "1.0.0"
    assert "P14" in [item.id for item in shown_items(done.response)]  # 1.0.0 asks the whole profile in both forms


def test_consents_are_kept_word_for_word_and_a_changed_mind_ends_one(shop: Shop) -> None:
    shop.database.run_now(lambda c: Contacts(c, shop.keyring).set_phone(shop.contact_id, "+84912345678"))
    kept = shop.answer(shop.new(), CONSENT, "yes_contact")
    shop.answer(kept, CONSENT, "yes_only")

    rows = {row["purpose"]: row for row in shop.rows(consent)}
    assert rows["survey"]["text_version"] == shop.surveys.latest.consent_version
    assert rows["survey"]["withdrawn_at"] is None
    assert rows["vendor_contact"]["withdrawn_at"] == shop.clock.now()
    # a backup from before it would not know (store/forgotten.py)
    assert [(row["kind"], row["detail"]) for row in shop.rows(forgotten)] == [("consent_withdrawn", "firms")]


def test_a_call_that_is_agreed_to_after_the_result_can_be_taken_back_too(shop: Shop) -> None:
    kept = shop.fill(shop.new(), agreed="yes_only")
    shop.clock.advance(timedelta(hours=1))
    kept = shop.answer(kept, CONSENT, "yes_contact")
    shop.database.run_now(
        lambda c: leads.pass_on(c, shop.contact_id, "VNPT", "thai-nguyen", "05503", kept.id, shop.clock.now())
    )

    shop.answer(kept, CONSENT, "yes_only")

    assert shop.database.read_now(lambda c: responses.contact_consent(c, shop.contact_id)) is None
    assert [(row["status"], row["contact_id"]) for row in shop.rows(lead)] == [("withdrawn", None)]


def test_without_a_consent_in_force_nobody_becomes_a_lead(shop: Shop) -> None:
    kept = shop.fill(shop.new(), agreed="yes_only")

    def pass_on() -> bool:
        return shop.database.run_now(
            lambda c: leads.pass_on(c, shop.contact_id, "VNPT", "thai-nguyen", "05503", kept.id, shop.clock.now())
        )

    assert pass_on() is False
    assert shop.rows(lead) == []
    shop.answer(kept, CONSENT, "yes_contact")
    assert [pass_on(), pass_on()] == [True, False]
    assert [(row["vendor"], row["status"]) for row in shop.rows(lead)] == [("VNPT", "offered")]


def test_a_changed_mind_ends_what_was_agreed_to_on_a_linked_channel_too(shop: Shop) -> None:
    def agree_elsewhere(c: Connection) -> None:
        now = shop.clock.now()
        there = inbox.open_conversation(c, shop.keyring, "telegram", "a-2", "thai-nguyen", now)
        other = c.execute(select(conversation.c.contact_id).filter_by(id=there)).scalar_one()
        responses.give_consent(c, other, responses.CONTACT_ASKED_CONSENT, 1, "telegram", now)
        leads.pass_on(c, other, "VNPT", "thai-nguyen", "05503", None, now)
        c.execute(update(conversation).filter_by(id=there).values(contact_id=shop.contact_id))
        row = {"conversation_id": there, "from_contact_id": other, "to_contact_id": shop.contact_id, "linked_at": now}
        c.execute(insert(channel_link).values(row))

    shop.database.run_now(agree_elsewhere)
    shop.fill(shop.new(), agreed="yes_only")
    assert [row["withdrawn_at"] for row in shop.rows(consent) if row["purpose"] == "vendor_contact_asked"] != [None]
    assert [row["status"] for row in shop.rows(lead)] == ["withdrawn"]


def test_a_lead_made_while_its_consent_is_withdrawn_does_not_outlive_it(shop: Shop) -> None:
    def pass_on(c: Connection) -> bool:
        return leads.pass_on(c, shop.contact_id, "VNPT", "thai-nguyen", "05503", None, shop.clock.now())

    def withdraw(c: Connection) -> None:
        consents.withdraw(c, shop.keyring, shop.contact_id, shop.clock.now(), "firms")

    for first, second in ((withdraw, pass_on), (pass_on, withdraw)):
        _agree(shop)
        at_once(shop.database, first, second)
        assert [row["status"] for row in shop.rows(lead) if row["status"] != "withdrawn"] == [], first.__name__


def _agree(shop: Shop) -> None:
    now = shop.clock.now()
    shop.database.run_now(
        lambda c: responses.give_consent(c, shop.contact_id, responses.CONTACT_ASKED_CONSENT, 1, "zalo", now)
    )


def test_a_withdrawn_consent_leaves_neither_answers_nor_name_nor_lead(shop: Shop) -> None:
    kept = shop.fill(shop.new())
    shop.database.run_now(
        lambda c: leads.pass_on(c, shop.contact_id, "VNPT", "thai-nguyen", None, kept.id, shop.clock.now())
    )

    shop.database.run_now(lambda c: responses.forget(c, shop.keyring, shop.contact_id, shop.clock.now()))

    assert shop.rows(survey_response) == []
    (row,) = shop.rows(lead)
    assert (row["status"], row["vendor"]) == ("withdrawn", "VNPT")
    assert row["contact_id"] is row["consent_id"] is row["response_id"] is None
    (row,) = shop.rows(contact)
    assert row["name"] is None and row["phone"] is None and row["phone_hash"] is None
    assert shop.database.read_now(lambda c: Contacts(c, shop.keyring).with_name("lan")) == []


def test_scores_are_checked_again_from_what_is_stored(shop: Shop) -> None:
    kept = shop.fill(shop.new(), points=3)

    def recheck() -> list[bool]:
        return shop.database.read_now(lambda c: [one.is_as_stored for one in responses.rescore(c, shop.surveys)])

    assert recheck() == [True]
    shop.database.run_now(
        lambda c: c.execute(survey_response.update().filter_by(id=kept.id).values(level=5))  # type: ignore[attr-defined]
    )
    assert recheck() == [False]
