from __future__ import annotations

import pytest

from bot.baton import Reason
from bot.data_requests import CAME_BY, IDENTITIES, KINDS
from programme.content import Content
from programme.held import Erasure, Held
from programme.lead_states import LeadState
from programme.own_fields import OWN
from programme.personal_fields import PERSONAL
from store.purging import TOUCHED
from store.schema import metadata

ALL = {held.table.name: held for held in (*PERSONAL, *OWN)}


def test_every_table_and_every_column_has_its_treatment() -> None:
    assert sorted(ALL) == sorted(metadata.tables), (
        "a table of the database has no entry in programme/personal_fields.py or own_fields.py"
    )
    assert len(ALL) == len(PERSONAL) + len(OWN)
    for held in ALL.values():
        named = [*held.neutral.split(), *held.personal.split()]
        assert sorted(named) == sorted(held.table.c.keys()), held.table.name
        assert set(held.shown.split()) <= set(named), held.table.name


def test_what_is_personal_is_taken_away() -> None:
    for held in PERSONAL:
        if held.erasure is Erasure.BLANK:
            assert set(held.personal.split()) == set(held.blank) & set(held.personal.split()), held.table.name
        if held.personal:
            assert held.erasure is not Erasure.KEEP or held.rule in ("forgotten", "partner_answers"), held.table.name
        assert held.rule, held.table.name


def _touched() -> list[Held]:
    return [held for held in PERSONAL if held.whose is not None and held.personal]


@pytest.mark.parametrize("held", _touched(), ids=lambda held: str(held.table.name))
def test_whatever_is_erased_leaves_the_disk_as_well(held: Held) -> None:
    assert held.table.name in TOUCHED or held.table.name in ("mention", "link_code", "consent")


def test_whatever_a_copy_shows_has_words_and_every_rule_of_retention_is_known(content: Content) -> None:
    shown = [held for held in PERSONAL if held.shown]
    assert {held.table.name for held in shown} == set(content.privacy.tables)
    assert {name for held in shown for name in held.shown.split()} == set(content.privacy.columns)
    assert {held.rule for held in ALL.values() if held.rule} == set(content.privacy.rules)


def test_a_copy_says_codes_in_words(content: Content) -> None:
    said = {*LeadState, *Reason, *KINDS, *CAME_BY, *IDENTITIES, "called", "not_called"}
    assert said - set(content.privacy.values) == set()


def test_every_wording_of_a_consent_that_is_asked_today_is_kept_word_for_word(content: Content) -> None:
    phrases = content.phrases
    asked = {
        ("domain_reminder", phrases.domain_consent_version): "domain_consent",
        ("vendor_contact_asked", phrases.call_consent_version): "survey_call_consent",
        ("vendor_contact_other", phrases.other_firm_consent_version): "lead_other_firm",
        ("notice", phrases.notice_version): "notice",
    }
    for key, phrase in asked.items():
        words = content.privacy.consents[key]
        assert words.vi == phrases.texts[phrase]["vi"], f"{phrase}: raise its version and add the new words"
    latest = content.surveys.latest
    for purpose in ("survey", "vendor_contact"):
        assert latest.by_id["CONSENT"].text.vi in content.privacy.consents[purpose, latest.consent_version].vi
