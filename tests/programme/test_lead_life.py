"""A lead's life: who may take which step, once; whose turn it is next; and what a withdrawn consent leaves."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, func, insert, select, update

from programme import lead_owner, responses
from programme.content import Content
from programme.difficulties import Difficulty, record
from programme.lead_problems import LeadProblem
from programme.lead_steps import Scope, keep_step
from programme.lead_turns import take_turn
from store.audit import Actor
from store.clock import ManualClock
from store.crypto import Keyring
from store.database import Database, open_database
from store.difficulty_tables import difficulty
from store.survey_tables import lead
from store.tables import consent
from store.vendor_tables import lead_note, lead_step
from tests.programme.wishes import MINH, PHAN_DINH_PHUNG, TAN_CUONG, Wishes

THU = Actor("Thu", 902)
ALL = ["VNPT", "VIETTEL", "MISA", "BKAV", "SAPO"]


@pytest.fixture
def wishes(database: Database, keyring: Keyring, clock: ManualClock, content: Content) -> Wishes:
    return Wishes(database, keyring, clock, content)


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(LeadProblem) as problem:
        act()
    assert problem.value.words() and problem.value.words("en")
    return problem.value.code


def test_from_the_offer_to_the_use_every_step_is_kept(wishes: Wishes) -> None:
    one = wishes.make()
    # NOW is a Monday, 8:00; sixteen working hours later it is Wednesday 8:30 there: two days of 7.5 hours, one hour
    offered = wishes.row(one)
    worked = wishes.life._working_time(wishes.content.packs.province("thai-nguyen"))
    assert worked.working_between(wishes.clock.now(), offered.accept_by) == timedelta(hours=16)
    for to in ("accepted", "contacted", "trial", "in_use"):
        wishes.step(one, to)
    assert wishes.steps(one) == [
        (None, "offered", "owner", None),
        ("offered", "accepted", "Minh", None),
        ("accepted", "contacted", "Minh", None),
        ("contacted", "trial", "Minh", None),
        ("trial", "in_use", "Minh", None),
    ]
    row = wishes.row(one)
    assert (row.status, row.version, row.accept_by) == ("in_use", 5, None)


def test_what_is_not_allowed_changes_nothing(wishes: Wishes) -> None:
    one = wishes.make()
    cases: list[tuple[dict[str, object], str]] = [
        ({"to": "in_use"}, "lead_step_not_allowed"),
        ({"to": "lapsed"}, "lead_step_not_allowed"),
        ({"to": "withdrawn"}, "lead_step_not_allowed"),
        ({"to": "offered"}, "lead_step_not_allowed"),
        ({"to": "refused"}, "reason_missing"),
        ({"to": "refused", "reason": "because"}, "reason_unknown"),
        ({"to": "refused", "reason": "other"}, "text_missing"),
        ({"to": "refused", "reason": "other", "text": " \u200b "}, "text_missing"),
        ({"to": "refused", "reason": "other", "text": "x" * 501}, "text_too_long"),
        ({"to": "accepted", "version": 7}, "lead_changed"),
        ({"to": "accepted", "vendor": "BIDV"}, "lead_unknown"),
        ({"to": "accepted", "communes": (PHAN_DINH_PHUNG,)}, "lead_unknown"),
        ({"to": "accepted", "communes": ()}, "lead_unknown"),
    ]
    for values, code in cases:
        assert refused(lambda values=values: wishes.step(one, **values)) == code, values  # type: ignore[misc]
    assert refused(lambda: wishes.step(999, "accepted", version=1)) == "lead_unknown"
    assert (wishes.row(one).status, len(wishes.steps(one))) == ("offered", 1)


def test_of_two_acceptances_at_once_one_counts_and_the_other_hears_so(
    wishes: Wishes, database_url: str, keyring: Keyring, clock: ManualClock
) -> None:
    one = wishes.make()
    other_process = open_database(database_url, keyring, clock)
    outcomes: list[str] = []
    together = threading.Barrier(2)

    def accept(through: Wishes, actor: Actor) -> None:
        together.wait()
        try:
            through.step(one, "accepted", version=1, actor=actor)
            outcomes.append("accepted")
        except LeadProblem as problem:
            outcomes.append(f"{problem.status} {problem.code}")

    there = replace(wishes, database=other_process)
    threads = [threading.Thread(target=accept, args=pair) for pair in ((wishes, MINH), (there, THU))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other_process.close()
    assert sorted(outcomes) == ["409 lead_changed", "accepted"]
    assert Counter(to for _, to, _, _ in wishes.steps(one)) == {"offered": 1, "accepted": 1}


def test_the_same_step_sent_twice_is_one_step(wishes: Wishes) -> None:
    one = wishes.make()
    for _ in range(2):
        assert wishes.step(one, "accepted", version=1).version == 2
    assert refused(lambda: wishes.step(one, "accepted", version=1, actor=THU)) == "lead_changed"
    wishes.step(one, "contacted")
    # a repetition that comes very late is still the same step
    assert wishes.step(one, "accepted", version=1).status == "contacted"
    assert len(wishes.steps(one)) == 3


def test_at_the_deadline_it_is_too_late_whether_or_not_anybody_looked(wishes: Wishes) -> None:
    one = wishes.make()
    deadline = wishes.row(one).accept_by
    wishes.clock.set(deadline - timedelta(seconds=1))
    assert not wishes.lapse(one)
    wishes.clock.set(deadline)
    assert refused(lambda: wishes.step(one, "accepted")) == "lead_deadline_passed"
    assert [wishes.lapse(one), wishes.lapse(one)] == [True, False]
    assert refused(lambda: wishes.step(one, "accepted")) == "lead_step_not_allowed"
    two = wishes.make("Trần Văn Bảy")
    wishes.step(two, "accepted")
    wishes.clock.advance(timedelta(days=60))
    assert not wishes.lapse(two)


def test_another_firm_gets_it_only_when_the_owner_says_yes_to_it(wishes: Wishes) -> None:
    one = wishes.make()
    wishes.step(one, "refused", reason="no_staff", text="Chưa có người")
    _, asked = wishes.all()
    assert (asked.status, asked.round, asked.offered_from, asked.consent_id) == ("asking", 1, one, None)
    assert asked.vendor != "VNPT"
    # not even the firm that is asked about sees it
    assert refused(lambda: wishes.step(asked.id, "accepted", vendor=asked.vendor)) == "lead_unknown"
    assert not wishes.answer(asked.id, agreed=True, contact_id=999)

    assert [wishes.answer(asked.id, agreed=True), wishes.answer(asked.id, agreed=True)] == [True, True]

    row = wishes.row(asked.id)
    assert row.status == "offered" and row.accept_by is not None
    given = wishes.database.read_now(lambda c: c.execute(select(consent).filter_by(id=row.consent_id)).one())
    assert (given.purpose, given.text_version, given.channel) == ("vendor_contact_other", 1, "webchat")
    # that consent is for this firm: no ground for one that the owner was not asked about
    wishes.step(asked.id, "refused", vendor=asked.vendor, reason="not_suitable")
    assert len(wishes.all()) == 2
    assert wishes.row(asked.id).unserved_since is not None  # re_offers: 1


def test_no_is_no_and_no_answer_is_left_to_people(wishes: Wishes) -> None:
    first, second = wishes.make(), wishes.make("Trần Văn Bảy")
    for one in (first, second):
        wishes.step(one, "refused", reason="no_staff")
    asked = {row.offered_from: row.id for row in wishes.all() if row.status == "asking"}
    assert wishes.answer(asked[first], agreed=False)
    assert (wishes.row(asked[first]).status, wishes.row(asked[first]).unserved_since) == ("declined", None)
    assert not wishes.answer(asked[first], agreed=True)  # too late: it is over


def test_where_the_owner_wants_nobody_nobody_is_asked(wishes: Wishes) -> None:
    one, bank = wishes.make(), wishes.make("Trần Văn Bảy", vendor="BIDV")
    wishes.step(one, "refused", reason="owner_declined")
    assert wishes.row(one).unserved_since is None
    # and nobody stands in for the bank
    wishes.step(bank, "refused", vendor="BIDV", reason="no_staff")
    assert len(wishes.all()) == 2
    assert wishes.row(bank).unserved_since is not None


def test_what_no_firm_has_is_seen_to_by_those_who_oversee_them(wishes: Wishes) -> None:
    one = wishes.make(vendor="BIDV")
    wishes.step(one, "refused", vendor="BIDV", reason="no_staff")
    oversees, firm = Scope("thai-nguyen"), Scope("thai-nguyen", "BIDV")

    def settle(scope: Scope, version: int) -> None:
        wishes.database.run_now(lambda c: wishes.life.settle(c, one, version, scope, THU, wishes.clock.now()))

    assert refused(lambda: settle(firm, 2)) == "lead_step_not_allowed"
    assert refused(lambda: settle(oversees, 1)) == "lead_changed"
    settle(oversees, 2)
    settle(oversees, 2)
    assert refused(lambda: settle(firm, 2)) == "lead_step_not_allowed"
    assert wishes.row(one).unserved_since is None
    assert wishes.steps(one)[-1] == ("refused", "refused", "Thu", "settled")
    # or they offer it to the same firm again, which the consent names
    wishes.step(one, "offered", vendor=None, actor=THU)
    assert wishes.row(one).status == "offered" and wishes.row(one).accept_by is not None


def test_a_later_wish_finds_the_lead_and_offers_it_again_only_where_it_had_ended(wishes: Wishes) -> None:
    one = wishes.make()
    person = wishes.row(one).contact_id

    def wish() -> bool:
        return wishes.database.run_now(lambda c: wishes.wish(c, person, "VNPT"))

    assert wish() is False
    wishes.step(one, "accepted")
    assert wish() is False
    wishes.step(one, "refused", reason="owner_declined")
    assert [wish(), wish()] == [True, False]
    assert len(wishes.all()) == 1 and wishes.row(one).status == "offered"
    wishes.step(one, "refused", reason="no_staff")
    assert wish() is False  # the owner is being asked about another firm


def test_the_turn_goes_round_fairly_over_restarts_and_processes(
    database: Database, database_url: str, keyring: Keyring, clock: ManualClock
) -> None:
    def turn(through: Database, allowed: list[str]) -> str | None:
        return through.run_now(lambda c: take_turn(c, "thai-nguyen", allowed))

    assert [turn(database, ALL) for _ in range(6)] == [*ALL, "VNPT"]
    again = open_database(database_url, keyring, clock)
    assert turn(again, ALL) == "VIETTEL"
    # where not all are allowed, the others wait and come first afterwards
    assert [turn(again, ["VNPT", "VIETTEL"]) for _ in range(2)] == ["VNPT", "VIETTEL"]
    assert [turn(database, ALL) for _ in range(3)] == ["MISA", "BKAV", "SAPO"]
    assert turn(database, []) is None

    def many(through: Database) -> None:
        chosen.extend(turn(through, ALL) for _ in range(25))

    chosen: list[str | None] = []
    threads = [threading.Thread(target=many, args=(through,)) for through in (database, again)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    again.close()
    assert set(Counter(chosen).values()) == {10}


def test_a_withdrawn_consent_leaves_a_row_that_names_nobody(wishes: Wishes) -> None:
    one, other = wishes.make(), wishes.make("Trần Văn Bảy")
    person, now = wishes.row(one).contact_id, wishes.clock.now()
    wishes.step(one, "accepted")

    def written(connection: Connection) -> None:
        wishes.life.note(connection, one, "Gặp chị Lan chiều nay", Scope("thai-nguyen", "VNPT"), MINH, now)
        told = Difficulty("vendor", "price", "thai-nguyen", now, vendor="VNPT", lead_id=one, text="Chị Lan chê đắt")
        record(connection, told)

    wishes.database.run_now(written)
    wishes.step(one, "refused", reason="other", text="Chị Lan nói thôi")
    (asked,) = [row for row in wishes.all() if row.status == "asking"]

    wishes.database.run_now(lambda c: responses.forget(c, wishes.keyring, person, now))

    row = wishes.row(one)
    assert (row.status, row.vendor, row.commune) == ("withdrawn", "VNPT", TAN_CUONG)
    assert row.contact_id is row.consent_id is row.response_id is row.unserved_since is None
    assert [to for _, to, _, _ in wishes.steps(one)] == ["offered", "accepted", "refused", "withdrawn"]
    assert asked.id not in [row.id for row in wishes.all()]  # nobody ever had it
    left = (
        select(func.count()).where(lead_step.c.text.is_not(None)),
        select(func.count()).select_from(lead_note),
        select(func.count()).where(difficulty.c.text.is_not(None)),
    )
    assert [wishes.database.read_now(lambda c, q=q: c.scalar(q)) for q in left] == [0, 0, 0]
    for version in (1, row.version):
        assert refused(lambda v=version: wishes.step(one, "accepted", version=v)) == "lead_withdrawn"  # type: ignore[misc]
    assert wishes.row(other).status == "offered"
    # the next wish is a new lead
    assert wishes.make("Nguyễn Thị Lan") not in (one, other)


def test_a_lead_that_appears_during_the_withdrawal_goes_as_well(
    wishes: Wishes, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = wishes.make()
    row = wishes.row(one)

    def keep(connection: Connection, *step: object) -> None:  # a firm's refusal was committed while we waited for it
        if not connection.scalar(select(func.count()).where(lead.c.status == "asking")):
            next_one = {"contact_id": row.contact_id, "vendor": "SAPO", "province": row.province, "status": "asking"}
            connection.execute(insert(lead).values(**next_one, offered_from=one, created_at=row.created_at))
        keep_step(connection, *step)  # type: ignore[arg-type]

    monkeypatch.setattr("programme.lead_withdrawal.keep_step", keep)
    wishes.database.run_now(lambda c: responses.forget(c, wishes.keyring, row.contact_id, wishes.clock.now()))
    assert [(left.id, left.status, left.contact_id) for left in wishes.all()] == [(one, "withdrawn", None)]


def test_a_lead_that_went_on_twice_is_not_offered_to_the_first_again(wishes: Wishes) -> None:
    one = wishes.make()
    wishes.step(one, "refused", reason="no_staff")
    second = wishes.all()[-1]
    wishes.answer(second.id, agreed=True)
    wishes.step(second.id, "refused", vendor=second.vendor, reason="no_staff")
    third = {"contact_id": second.contact_id, "vendor": "SAPO", "province": second.province, "status": "offered"}
    made = insert(lead).values(**third, offered_from=second.id, round=2, created_at=wishes.clock.now())
    wishes.database.run_now(lambda c: c.execute(made))  # as where a pack allows two re-offers
    assert refused(lambda: wishes.step(one, "offered", vendor=None, actor=THU)) == "lead_step_not_allowed"


def test_a_consent_that_is_gone_stops_every_step_even_before_the_row_is_anonymous(wishes: Wishes) -> None:
    one = wishes.make()
    gone = update(consent).filter_by(id=wishes.row(one).consent_id).values(withdrawn_at=wishes.clock.now())
    wishes.database.run_now(lambda c: c.execute(gone))
    assert refused(lambda: wishes.step(one, "accepted")) == "lead_withdrawn"
    wishes.clock.advance(timedelta(days=30))
    assert wishes.lapse(one)
    assert len(wishes.all()) == 1  # and nobody else hears of it


def test_an_owner_says_whether_they_were_called_only_when_asked(wishes: Wishes) -> None:
    one = wishes.make()
    person, now = wishes.row(one).contact_id, wishes.clock.now()

    def says(called: bool, whose: int = person) -> bool:
        return wishes.database.run_now(lambda c: lead_owner.was_called(c, one, whose, called, now))

    assert not says(True)
    wishes.database.run_now(lambda c: c.execute(update(lead).filter_by(id=one).values(call_asked_at=now)))
    assert not says(False, whose=999)
    assert says(True) and says(False)
    assert wishes.row(one).owner_said == "not_called"
