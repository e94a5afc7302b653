"""What an owner agreed to when a firm may call: the very words, and what they wish for. Names nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select

from programme import responses
from programme.content import Content
from programme.lead_owner import firm_short
from programme.responses import CONTACT_ASKED_CONSENT, CONTACT_CONSENT, OTHER_FIRM_CONSENT
from programme.survey.definition import CONSENT
from programme.survey.response import facts
from store.survey_tables import lead, survey_response
from store.tables import consent


@dataclass(frozen=True)
class AgreedTo:
    """`words`: "" where this version of them is not in the packs any more."""

    purpose: str
    version: int
    channel: str
    given_at: datetime
    words: str


def agreed_to(connection: Connection, content: Content, lead_id: int, language: str) -> AgreedTo | None:
    """The consent in force that a lead rests on."""
    rows = (
        select(consent, lead.c.vendor, lead.c.province, lead.c.offered_from, lead.c.response_id)
        .join(lead, lead.c.consent_id == consent.c.id)
        .where(lead.c.id == lead_id, consent.c.withdrawn_at.is_(None))
    )
    row = connection.execute(rows).mappings().first()
    if row is None:
        return None
    words = _words(connection, content, row, language)
    return AgreedTo(row["purpose"], row["text_version"], row["channel"], row["given_at"], words)


def _words(connection: Connection, content: Content, row: RowMapping, language: str) -> str:
    phrases, version = content.phrases, row["text_version"]
    if row["purpose"] == CONTACT_CONSENT:
        answered = select(survey_response.c.version).where(survey_response.c.id == row["response_id"])
        return _words_of_survey(content, connection.scalar(answered), version, language)
    vendor = firm_short(content, row["province"], row["vendor"])
    if row["purpose"] == CONTACT_ASKED_CONSENT and version == phrases.call_consent_version:
        return phrases.say("survey_call_consent", language, vendor=vendor)
    if row["purpose"] == OTHER_FIRM_CONSENT and version == phrases.other_firm_consent_version:
        before = connection.scalar(select(lead.c.vendor).filter_by(id=row["offered_from"])) or ""
        named = firm_short(content, row["province"], before)
        return phrases.say("lead_other_firm", language, vendor=vendor, before=named)
    return ""


def _words_of_survey(content: Content, survey_version: str | None, version: int, language: str) -> str:
    """Of the survey that the owner answered; where that is not known, of the newest with this version of the words."""
    surveys = content.surveys
    known = [one for one in surveys.versions.values() if one.version == survey_version]
    for survey in (*known, surveys.latest, *surveys.versions.values()):
        option = survey.by_id[CONSENT].option("yes_contact")
        if survey.consent_version == version and option is not None:
            return f"{survey.by_id[CONSENT].text[language]} – {option.words[language]}"
    return ""


def wishes(connection: Connection, content: Content, lead_id: int, language: str) -> list[str]:
    """With what the owner wants help most, by their survey."""
    response_id = connection.scalar(select(lead.c.response_id).filter_by(id=lead_id))
    kept = responses.find(connection, content.surveys, response_id) if response_id else None
    if kept is None:
        return []
    item = kept.response.survey.by_key.get("support_needed")
    said = facts(kept.response).get("support_needed")
    if item is None or not isinstance(said, list | tuple):
        return []
    options = [item.option(value) for value in said]
    return [option.words[language] for option in options if option is not None]
