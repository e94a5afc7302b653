"""Message templates: what they may say, their life at the carriers, and that nobody overwrites another's change."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Connection

from bot.baton import officer_named
from programme import message_templates
from programme.content import Content
from programme.message_templates import Draft, MessageTemplate, Registration, TemplateStale
from store.database import Database
from tests.conftest import NOW

HERE = "thai-nguyen"
TODAY = NOW.date()
CLASS = Draft(
    name="Nhắc lớp",
    kind="customer_care",
    text="Nhắc lớp {{ class }} ngày {{ day }}.",
    plain="Nhac lop {{ class }} ngay {{ day }}.",
)


def kept(database: Database, draft: Draft = CLASS) -> MessageTemplate:
    def work(connection: Connection) -> int:
        return message_templates.create(connection, HERE, draft, officer_named(connection, "Hà", NOW), NOW)

    return now_of(database, database.run_now(work))


def now_of(database: Database, number: int) -> MessageTemplate:
    found = database.read_now(lambda c: message_templates.find(c, HERE, number))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": ""}, "name_empty"),
        ({"kind": "gossip"}, "kind_unknown"),
        ({"text": "", "plain": ""}, "text_empty"),
        ({"text": "Lớp {{ clas }}", "plain": "Lop {{ clas }}"}, "variable_unknown"),
        ({"text": "Lớp {{ class", "plain": "Lop"}, "variable_unclosed"),
        ({"plain": "Nhac lop {{ class }}."}, "variables_differ"),
        ({"plain": "Nhắc lop {{ class }} ngay {{ day }}."}, "plain_not_plain"),
        ({"kind": "advertising"}, "label_missing"),
        ({"kind": "advertising"}, "opt_out_missing"),
        ({"sends": "accented", "text": "Nhắc lớp {{ class }} {{ day }} " + "ạ" * 200}, "too_many_parts"),
        ({"zbs_variables": {"customer_name": "name"}}, "zbs_template_missing"),
        ({"zbs_template": "7", "zbs_variables": {"customer": "nobody"}}, "zbs_variable_unknown"),
        ({"zbs_template": "7", "zbs_variables": {"khách": "name"}}, "zbs_parameter"),
    ],
)
def test_a_draft_that_cannot_go_out_is_refused_with_its_code(
    content: Content, change: dict[str, str], code: str
) -> None:
    found = message_templates.problems(content.bulk_law, replace(CLASS, **change), TODAY)  # type: ignore[arg-type]
    assert code in [one.code for one in found]
    assert all(one.words.endswith((".", "}}")) or one.code == "plain_not_plain" for one in found)


def test_a_good_draft_has_no_problem_and_is_kept_whole(database: Database, content: Content) -> None:
    draft = replace(CLASS, zbs_template="301", zbs_variables={"lop": "class"}, brandname="HOTLINE", starter="x")
    assert message_templates.problems(content.bulk_law, draft, TODAY) == []
    one = kept(database, draft)
    assert (one.draft, one.version, one.registration) == (draft, 1, Registration.DRAFT)


def test_an_accent_may_triple_the_price_and_without_a_tariff_there_is_none() -> None:
    accented = message_templates.cost("Tên miền " + "a" * 140, True, 300)
    plain = message_templates.cost("Ten mien " + "a" * 140, False, 300)
    assert (accented.parts.parts, accented.price) == (3, 900)
    assert (plain.parts.parts, plain.price) == (1, 300)
    assert message_templates.cost("Ten mien", False, None).price is None


def test_a_text_that_is_changed_begins_its_registration_anew_but_a_name_does_not(database: Database) -> None:
    one = kept(database)
    database.run_now(lambda c: message_templates.register(c, one, Registration.REGISTERED, NOW))
    registered = now_of(database, one.id)
    officer = database.run_now(lambda c: officer_named(c, "Thu", NOW))
    renamed = replace(CLASS, name="Nhắc lớp mới", text="Nhắc lớp {{ class }}, ngày {{ day }}.")  # sends the plain one
    database.run_now(lambda c: message_templates.change(c, registered, renamed, officer, NOW))
    known = now_of(database, one.id)
    assert (known.registration, known.version) == (Registration.REGISTERED, 3)
    other = replace(renamed, plain="Lop {{ class }} ngay {{ day }}.")
    database.run_now(lambda c: message_templates.change(c, known, other, officer, NOW))
    assert now_of(database, one.id).registration is Registration.DRAFT


def test_whoever_read_an_older_version_changes_nothing(database: Database) -> None:
    one = kept(database)
    officer = database.run_now(lambda c: officer_named(c, "Thu", NOW))
    database.run_now(lambda c: message_templates.change(c, one, replace(CLASS, name="A"), officer, NOW))
    with pytest.raises(TemplateStale):
        database.run_now(lambda c: message_templates.change(c, one, replace(CLASS, name="B"), officer, NOW))
    with pytest.raises(TemplateStale):
        database.run_now(lambda c: message_templates.archive(c, one, NOW))
    assert now_of(database, one.id).draft.name == "A"


def test_the_carriers_cannot_refuse_what_was_never_submitted(database: Database) -> None:
    one = kept(database)
    with pytest.raises(TemplateStale):
        database.run_now(lambda c: message_templates.register(c, one, Registration.REFUSED, NOW))


def test_an_archived_one_is_offered_no_more_and_stays_as_it_is(database: Database) -> None:
    one = kept(database)
    database.run_now(lambda c: message_templates.archive(c, one, NOW))
    assert database.read_now(lambda c: message_templates.all_templates(c, HERE)) == []
    (gone,) = database.read_now(lambda c: message_templates.all_templates(c, HERE, archived=True))
    assert gone.archived_at == NOW
    with pytest.raises(TemplateStale):
        database.run_now(lambda c: message_templates.register(c, gone, Registration.SUBMITTED, NOW))


def test_another_province_does_not_see_it(database: Database) -> None:
    one = kept(database)
    assert database.read_now(lambda c: message_templates.find(c, "thanh-hoa", one.id)) is None
    assert database.read_now(lambda c: message_templates.all_templates(c, "thanh-hoa")) == []
