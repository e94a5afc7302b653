"""What is kept of people, column by column: what a copy shows to its owner, and what an erasure does to it.

One line of thought per table, read by the export (data_copy.py), the erasure (erasure.py), the retention rules and
the public page about them. A new table without an entry, or a column that no entry names, fails
tests/programme/test_personal_fields.py. Titles and reasons are words of content/national/personal_data.yaml.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, Table, and_, case, cast, func, literal, or_, select

from store import (
    api_tables,
    channel_tables,
    console_tables,
    forgotten_tables,
    key_tables,
    mail_tables,
    privacy_tables,
    quality_tables,
    survey_tables,
    tables,
    vendor_tables,
)
from store.channel_tables import attachment, channel_link, link_code
from store.console_tables import mention, note, open_tab, request
from store.difficulty_tables import difficulty
from store.mail_tables import mail_message, mail_ticket
from store.privacy_tables import data_copy
from store.survey_tables import class_place, lead, survey_response
from store.tables import (
    consent,
    contact,
    contact_name_word,
    conversation,
    data_request,
    escalation,
    inbound,
    opt_out,
    outbound,
    review,
    shop,
    shop_domain,
)
from store.vendor_tables import lead_note, lead_step, vendor_notice

ERASED = "erased"  # as a code: of an outbound row's error, of a conversation that is nobody's any more


@dataclass(frozen=True)
class Scope:
    """One person: numbers of their contacts and conversations."""

    people: tuple[int, ...]
    talks: tuple[str, ...]


class Erasure(StrEnum):
    """What an erasure does to a person's rows of a table."""

    DELETE = "delete"
    BLANK = "blank"  # what is personal goes, an anonymous row stays to be counted
    KEEP = "keep"  # it says nothing of anybody once the rest is gone
    ELSEWHERE = "elsewhere"  # by code of its own (programme/erasure.py names it)


@dataclass(frozen=True)
class Held:
    """A table. `personal`: columns that say something of an owner or were written by one; `neutral`: the others.

    `whose`: the rows of a person; None: the table is about nobody who writes to the hotline. `shown`: columns of a
    copy. `blank`: what takes the place of personal columns. `rule`: of retention, by its id.
    """

    table: Table
    neutral: str
    personal: str = ""
    whose: Callable[[Scope], ColumnElement[bool]] | None = None
    erasure: Erasure = Erasure.KEEP
    blank: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    shown: str = ""
    rule: str | None = None


def _of_contact(table: Table) -> Callable[[Scope], ColumnElement[bool]]:
    return lambda scope: table.c.contact_id.in_(scope.people)


def _of_talk(table: Table) -> Callable[[Scope], ColumnElement[bool]]:
    return lambda scope: table.c.conversation_id.in_(scope.talks)


def _of_message(table: Table) -> Callable[[Scope], ColumnElement[bool]]:
    return lambda scope: table.c.inbound_id.in_(select(inbound.c.id).where(inbound.c.conversation_id.in_(scope.talks)))


def _of_lead(table: Table) -> Callable[[Scope], ColumnElement[bool]]:
    return lambda scope: table.c.lead_id.in_(select(lead.c.id).where(lead.c.contact_id.in_(scope.people)))


def _nothing(*columns: str) -> Mapping[str, Any]:
    return MappingProxyType(dict.fromkeys(columns))


# In this order rows are deleted: what refers to another table stands before it.
PERSONAL: tuple[Held, ...] = (
    Held(
        data_copy,
        "id contact_id request_id token_hash created_at expires_at opened",
        whose=_of_contact(data_copy),
        erasure=Erasure.DELETE,
        rule="copies",
    ),
    Held(
        contact_name_word,
        "contact_id",
        "word_hash",
        whose=_of_contact(contact_name_word),
        erasure=Erasure.DELETE,
        rule="contacts",
    ),
    Held(
        mention,
        "account_id read_at",
        "note_id",
        whose=lambda scope: mention.c.note_id.in_(select(note.c.id).where(note.c.conversation_id.in_(scope.talks))),
        erasure=Erasure.DELETE,
        rule="messages",
    ),
    Held(
        note,
        "id conversation_id officer_id after_seq created_at",
        "text",
        whose=_of_talk(note),
        erasure=Erasure.DELETE,
        shown="created_at text",
        rule="messages",
    ),
    Held(
        open_tab,
        "account_id conversation_id drafted_at seen_at",
        "draft",
        whose=_of_talk(open_tab),
        erasure=Erasure.DELETE,
        rule="drafts",
    ),
    Held(
        attachment,
        "id inbound_id position status fetch_at attempts error stored_at",
        "kind source name media_type size seconds place content",
        whose=_of_message(attachment),
        erasure=Erasure.DELETE,
        shown="kind name media_type size seconds place stored_at",
        rule="attachments",
    ),
    Held(
        review,
        "id inbound_id kind entry commune marked_by created_at",
        "text ranking phrase read_as",
        whose=_of_message(review),
        erasure=Erasure.BLANK,
        blank=MappingProxyType({"text": "", "ranking": None, "phrase": "", "read_as": None}),
        shown="created_at kind text",
        rule="reviews",
    ),
    Held(
        mail_message,
        "inbound_id conversation_id authentication opens acknowledge refers_to is_cut",
        "message_hash subject",
        whose=_of_talk(mail_message),
        erasure=Erasure.BLANK,
        blank=_nothing("message_hash", "subject"),
        shown="subject",
        rule="messages",
    ),
    Held(
        mail_ticket,
        "id conversation_id year opened_at",
        "address address_hash subject last_message_id thread",
        whose=_of_talk(mail_ticket),
        erasure=Erasure.BLANK,
        blank=_nothing("address", "address_hash", "subject", "last_message_id", "thread"),
        shown="opened_at address subject",
        rule="contacts",
    ),
    Held(
        difficulty,
        "id source category province commune vendor contact_id conversation_id lead_id officer_id telling at",
        "text",
        whose=lambda scope: or_(
            difficulty.c.contact_id.in_(scope.people), difficulty.c.conversation_id.in_(scope.talks)
        ),
        erasure=Erasure.BLANK,
        blank=_nothing("text", "contact_id", "conversation_id"),
        shown="at category text",
        rule="messages",
    ),
    Held(
        lead_note,
        "id lead_id actor account_id at",
        "text",
        whose=_of_lead(lead_note),
        erasure=Erasure.ELSEWHERE,
        shown="at text",
        rule="surveys",
    ),
    Held(
        lead_step,
        "id lead_id version from_status to_status actor account_id reason at",
        "text",
        whose=_of_lead(lead_step),
        erasure=Erasure.ELSEWHERE,
        shown="at to_status actor reason text",
        rule="surveys",
    ),
    Held(
        vendor_notice,
        "id account_id kind about lead_id status created_at told_at",
        whose=_of_lead(vendor_notice),
        erasure=Erasure.ELSEWHERE,
        rule="notices",
    ),
    Held(
        lead,
        "id vendor province commune status version status_at accept_by round offered_from reason unserved_since"
        " reminded_at consent_asked_at taken_up_told_at call_asked_at created_at",
        "contact_id response_id consent_id owner_said owner_said_at",
        whose=_of_contact(lead),
        erasure=Erasure.ELSEWHERE,
        shown="created_at vendor status status_at owner_said",
        rule="surveys",
    ),
    # who came to a class is counted; who only wanted to is not
    Held(
        class_place,
        "id class_id topic province commune created_at attended_at ticked_by",
        "contact_id",
        whose=lambda scope: and_(class_place.c.contact_id.in_(scope.people), class_place.c.attended_at.is_(None)),
        erasure=Erasure.DELETE,
        shown="created_at topic commune attended_at",
        rule="surveys",
    ),
    Held(
        survey_response,
        "id contact_id conversation_id survey version status revision cursor form province channel assisted_by"
        " import_key started_at updated_at completed_at nudged_at",
        "answers personal commune trade result total_tenths level pillar_tenths code",
        whose=_of_contact(survey_response),
        erasure=Erasure.DELETE,
        shown="started_at completed_at survey version channel assisted_by answers personal commune trade result"
        " total_tenths level pillar_tenths",
        rule="surveys",
    ),
    Held(
        shop_domain,
        "shop_id consent_id updated_at",
        "tld status active_since expires_on",
        whose=lambda scope: shop_domain.c.shop_id.in_(select(shop.c.id).where(shop.c.contact_id.in_(scope.people))),
        erasure=Erasure.DELETE,
        shown="tld status active_since expires_on updated_at",
        rule="surveys",
    ),
    Held(
        shop,
        "id contact_id created_at",
        whose=_of_contact(shop),
        erasure=Erasure.DELETE,
        shown="created_at",
        rule="surveys",
    ),
    Held(
        link_code,
        "id conversation_id code_hash expires_at wrong_codes",
        whose=_of_talk(link_code),
        erasure=Erasure.DELETE,
        rule="codes",
    ),
    Held(
        channel_link,
        "id linked_at undone_at",
        "conversation_id from_contact_id to_contact_id",
        whose=lambda scope: or_(
            channel_link.c.conversation_id.in_(scope.talks),
            channel_link.c.from_contact_id.in_(scope.people),
            channel_link.c.to_contact_id.in_(scope.people),
        ),
        erasure=Erasure.DELETE,
        shown="linked_at undone_at",
        rule="contacts",
    ),
    # their will outlives them as hashes of address and number (store/forgotten.py)
    Held(
        opt_out,
        "contact_id inbound_id",
        "channel at",
        whose=_of_contact(opt_out),
        erasure=Erasure.DELETE,
        shown="channel at",
        rule="contacts",
    ),
    Held(
        consent,
        "id contact_id purpose text_version channel given_at withdrawn_at",
        whose=_of_contact(consent),
        erasure=Erasure.ELSEWHERE,
        shown="purpose text_version channel given_at withdrawn_at",
        rule="consents",
    ),
    Held(
        data_request,
        "id contact_id conversation_id kind status stage came_by opened_at acknowledge_by acknowledged_at due_on"
        " with_processor extended_at identity identity_at wrong_proofs confirmed_at refusal finished_at officer_id",
        "words",
        whose=_of_contact(data_request),
        erasure=Erasure.ELSEWHERE,
        shown="opened_at kind status came_by acknowledge_by acknowledged_at due_on extended_at identity refusal words"
        " finished_at",
        rule="requests",
    ),
    Held(
        request,
        "id conversation_id escalation_id is_first province channel commune vendor opened_at due_at ended_at outcome"
        " officer_id announced_at warned owner_told_at",
        whose=_of_talk(request),
        erasure=Erasure.ELSEWHERE,
        shown="opened_at ended_at outcome",
        rule="counts",
    ),
    Held(
        escalation,
        "id conversation_id reason status province channel commune vendor topic opened_at due_at waiting_since"
        " officer_id taken_at lease_until snoozed_until answered_at closed_at csat_asked_at csat csat_at",
        whose=_of_talk(escalation),
        erasure=Erasure.ELSEWHERE,
        shown="opened_at reason topic status answered_at closed_at csat",
        rule="counts",
    ),
    Held(
        outbound,
        "id conversation_id seq in_reply_to sender status bulk attempts attempt error decide_at sent_at delivered_at"
        " seen_at created_at",
        "reply provider_message_id",
        whose=_of_talk(outbound),
        erasure=Erasure.ELSEWHERE,
        shown="created_at sender reply status",
        rule="messages",
    ),
    Held(
        inbound,
        "id conversation_id seq channel kind attempts received_at",
        "provider_message_id text payload status last_error reading masked attached done_at",
        whose=_of_talk(inbound),
        erasure=Erasure.BLANK,
        blank=MappingProxyType(
            {
                "provider_message_id": literal("erased-") + cast(inbound.c.id, String),
                "text": "",
                "payload": None,
                "last_error": None,
                "reading": None,
                "masked": None,
                "attached": None,
                # nobody answers it any more, and no list of what needs a person shows it
                "status": case((inbound.c.status == "answered", "answered"), else_="with_person"),
                "done_at": None,
            }
        ),
        shown="received_at channel text reading attached masked",
        rule="messages",
    ),
    Held(
        conversation,
        "id channel contact_id province holder version last_seq outage_told_at notice_version unclear_turns wake_at"
        " send_at send_bulk unreachable created_at",
        "address dialogue_state offered language last_heard_at provider_state",
        whose=lambda scope: conversation.c.id.in_(scope.talks),
        erasure=Erasure.ELSEWHERE,
        shown="created_at channel address language last_heard_at notice_version",
        rule="contacts",
    ),
    Held(
        contact,
        "id created_at",
        "name phone phone_hash",
        whose=lambda scope: contact.c.id.in_(scope.people),
        erasure=Erasure.BLANK,
        blank=_nothing("name", "phone", "phone_hash"),
        shown="created_at name phone",
        rule="contacts",
    ),
    # of all channels; what names the person is found by looking inside
    Held(
        channel_tables.channel_event,
        "id channel name status error received_at",
        "event_id body",
        erasure=Erasure.ELSEWHERE,
        rule="events",
    ),
    Held(mail_tables.mail_sender, "acknowledged_at", "address_hash", erasure=Erasure.ELSEWHERE, rule="codes"),
    # hashes only: what keeps an erasure erased, and an opt-out an opt-out
    Held(forgotten_tables.forgotten, "id uid kind detail at", rule="forgotten"),
    Held(forgotten_tables.forgotten_key, "forgotten_id", "key", rule="forgotten"),
    # answers to a partner's calls, kept hours so that a repeated call is recognised (store/api_answers.py)
    Held(api_tables.api_answer, "id token_id key call_hash status headers answered_at", "body", rule="partner_answers"),
)

# Of the hotline itself, its officers and partners: their rights are those of employees and of contracts.
OTHERS: tuple[Held, ...] = (
    Held(tables.installation, "id key_fingerprint created_at"),
    Held(key_tables.former_key, "id fingerprint hash_key last_audit_row retired_at"),
    Held(tables.officer, "id name created_at"),
    Held(tables.content_approval, "pack entry digest approved_by approved_at"),
    Held(survey_tables.training_class, "id province commune topic title place starts_at seats"),
    Held(survey_tables.due_job, "id kind due_at done_at", rule="jobs"),
    Held(survey_tables.leader, "role holder until"),
    Held(channel_tables.zalo_token, "id access refresh expires_at issued_at refreshing refreshing_until trouble"),
    Held(channel_tables.alarm, "id name detail opened_at told_at closed_at"),
    Held(channel_tables.ticket, "ticket_hash expires_at", rule="sessions"),
    Held(
        console_tables.account,
        "id officer_id login role communes vendor language password_hash must_change_password totp_secret totp_step"
        " failed_logins locked_until on_duty telegram_chat created_at last_login_at disabled_at",
    ),
    Held(
        console_tables.account_session,
        "id account_id token_hash second_factor_at browser network created_at seen_at expires_at",
        rule="sessions",
    ),
    Held(
        console_tables.account_token,
        "id account_id purpose token_hash created_at expires_at used_at",
        rule="sessions",
    ),
    Held(console_tables.canned_reply, "id shortcut title text officer_id updated_at"),
    Held(console_tables.officer_notice, "id account_id request_id kind status created_at told_at", rule="notices"),
    # numbers and codes only, by its own promise (store/audit.py)
    Held(console_tables.audit_log, "id at account_id actor action object detail hash", rule="audit"),
    Held(mail_tables.mailbox, "name uid_validity last_uid began_at trouble trouble_since"),
    Held(
        api_tables.api_token,
        "id name token_hash hint scopes vendor communes created_at expires_at used_at revoked_at",
    ),
    Held(vendor_tables.vendor_turn, "province vendor turn"),
    Held(
        vendor_tables.vendor_report,
        "id province vendor period version supported_outside difficulties text actor account_id submitted_at"
        " changed_at",
    ),
    # phrases without anything personal, by its own promise (store/quality_tables.py)
    Held(
        quality_tables.annotation,
        "id about key phrase verdict intent entry state officer_id created_at ended_at ended_by ended_why",
    ),
    Held(quality_tables.trained_model, "id name release lessons state figures made_at"),
    Held(quality_tables.model_activation, "id model_id why officer_id at"),
    Held(
        quality_tables.training,
        "id slot state why officer_id asked_at holder lease_until attempts phase started_at ended_at fault model_id"
        " verdict",
    ),
    Held(privacy_tables.purge, "id why asked_at done_at is_partial", rule="jobs"),
    Held(privacy_tables.retention_progress, "rule up_to"),
)

ALL: Mapping[str, Held] = MappingProxyType({held.table.name: held for held in (*PERSONAL, *OTHERS)})


def said_without_words(connection: Connection, table: Table) -> dict[Any, Any]:
    """What takes the place of words that were said, of `inbound` or `outbound`: which entry of a pack it was stays,
    since reports count it."""
    if table is inbound:
        return {"text": "", "payload": None, "reading": None, "masked": None, "last_error": None}
    if connection.dialect.name == "sqlite":
        said = func.json_object("text", "", "entry", func.json_extract(outbound.c.reply, "$.entry"))
    else:
        said = func.jsonb_build_object("text", "", "entry", outbound.c.reply["entry"])
    return {"reply": said}
