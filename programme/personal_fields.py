"""What is kept of people, column by column: what a copy shows to its owner, and what an erasure does to it.

One line of thought per table, read by the export (data_copy.py), the erasure (erasure.py), the retention rules and
the public page about them. A new table without an entry here or in own_fields.py, or a column that no entry names,
fails tests/programme/test_personal_fields.py. Titles and reasons are words of content/national/personal_data.yaml.
"""

from __future__ import annotations

from types import MappingProxyType

from sqlalchemy import String, and_, case, cast, literal, or_, select

from programme.held import UNHEARD, Erasure, Held, nothing, of_contact, of_lead, of_message, of_talk
from store import api_tables, channel_tables, forgotten_tables, mail_tables
from store.campaign_tables import awareness_answer, link_click, receipt, recipient
from store.channel_tables import attachment, channel_link, link_code
from store.console_tables import mention, note, open_tab, request
from store.difficulty_tables import difficulty
from store.kpi_tables import awareness_sample
from store.mail_tables import mail_message, mail_ticket
from store.privacy_tables import ERASED, data_copy
from store.registry_tables import do_not_call, file_import, import_row
from store.sms_tables import sms_answer
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

# In this order rows are deleted: what refers to another table stands before it.
PERSONAL: tuple[Held, ...] = (
    Held(
        data_copy,
        "id contact_id request_id token_hash created_at expires_at opened",
        whose=of_contact(data_copy),
        erasure=Erasure.DELETE,
        rule="copies",
    ),
    Held(
        contact_name_word,
        "contact_id",
        "word_hash",
        whose=of_contact(contact_name_word),
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
        whose=of_talk(note),
        erasure=Erasure.DELETE,
        shown="created_at text",
        rule="messages",
    ),
    Held(
        open_tab,
        "account_id conversation_id drafted_at seen_at",
        "draft",
        whose=of_talk(open_tab),
        erasure=Erasure.DELETE,
        rule="drafts",
    ),
    Held(
        attachment,
        "id inbound_id position status fetch_at attempts error stored_at",
        "kind source name media_type size seconds place content",
        whose=of_message(attachment),
        erasure=Erasure.DELETE,
        shown="kind name media_type size seconds place stored_at",
        rule="attachments",
    ),
    Held(
        review,
        "id inbound_id kind entry commune marked_by created_at",
        "text ranking phrase read_as",
        whose=of_message(review),
        erasure=Erasure.BLANK,
        blank=MappingProxyType({"text": "", "ranking": None, "phrase": "", "read_as": None}),
        shown="created_at kind text",
        rule="reviews",
    ),
    Held(
        mail_message,
        "inbound_id conversation_id authentication opens acknowledge refers_to is_cut",
        "message_hash subject",
        whose=of_talk(mail_message),
        erasure=Erasure.BLANK,
        blank=nothing("message_hash", "subject"),
        shown="subject",
        rule="messages",
    ),
    Held(
        mail_ticket,
        "id conversation_id year opened_at",
        "address address_hash subject last_message_id thread",
        whose=of_talk(mail_ticket),
        erasure=Erasure.BLANK,
        blank=nothing("address", "address_hash", "subject", "last_message_id", "thread"),
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
        blank=nothing("text", "contact_id", "conversation_id"),
        shown="at category text",
        rule="messages",
    ),
    Held(
        lead_note,
        "id lead_id actor account_id at",
        "text",
        whose=of_lead(lead_note),
        erasure=Erasure.ELSEWHERE,
        shown="at text",
        rule="surveys",
    ),
    Held(
        lead_step,
        "id lead_id version from_status to_status actor account_id reason at",
        "text",
        whose=of_lead(lead_step),
        erasure=Erasure.ELSEWHERE,
        shown="at to_status actor reason text",
        rule="surveys",
    ),
    Held(
        vendor_notice,
        "id account_id kind about lead_id status created_at told_at",
        whose=of_lead(vendor_notice),
        erasure=Erasure.ELSEWHERE,
        rule="notices",
    ),
    Held(
        lead,
        "id vendor province commune status version status_at accept_by round offered_from reason unserved_since"
        " reminded_at consent_asked_at taken_up_told_at call_asked_at created_at",
        "contact_id response_id consent_id owner_said owner_said_at",
        whose=of_contact(lead),
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
        " import_key started_at updated_at completed_at",
        "answers personal commune trade result total_tenths level pillar_tenths code",
        whose=of_contact(survey_response),
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
        "id contact_id source created_at updated_at",
        "name tax_code tax_code_hash province commune trade",
        whose=of_contact(shop),
        erasure=Erasure.DELETE,
        shown="created_at name tax_code commune trade source",
        rule="surveys",
    ),
    # who was reminded of what: the row stays to be counted, and to prove that each reminder kept to the law
    Held(
        recipient,
        "id run_id contact_id kind about variant next_at channel gateway attempt attempts request_id outbound_id parts"
        " price tried_at accepted_at final_at status reason",
        "phone_key gateway_message_id",
        whose=of_contact(recipient),
        erasure=Erasure.BLANK,
        blank=MappingProxyType(
            {
                **nothing("phone_key", "gateway_message_id"),
                "reason": case((recipient.c.status == "waiting", ERASED), else_=recipient.c.reason),
                "status": case((recipient.c.status == "waiting", "skipped"), else_=recipient.c.status),
            }
        ),
        shown="tried_at kind channel status reason",
        rule="campaigns",
    ),
    Held(receipt, "id recipient_id gateway state reason by obeyed at", rule="campaigns"),
    # that a refusal by SMS was confirmed: the number goes with the answer's end, the row stays as the proof
    Held(
        sms_answer,
        "id uid gateway text status reason attempts next_at created_at settled_at",
        "phone phone_key",
        whose=lambda scope: sms_answer.c.phone_key.in_(
            select(contact.c.phone_key).where(contact.c.id.in_(scope.people))
        ),
        erasure=Erasure.BLANK,
        blank=MappingProxyType(
            {
                **nothing("phone", "phone_key"),
                "reason": case((sms_answer.c.status == "waiting", ERASED), else_=sms_answer.c.reason),
                "status": case((sms_answer.c.status == "waiting", "failed"), else_=sms_answer.c.status),
            }
        ),
        rule="campaigns",
    ),
    Held(
        link_click,
        "id link channel run_id province at",
        "recipient_id",
        whose=lambda scope: link_click.c.recipient_id.in_(
            select(recipient.c.id).where(recipient.c.contact_id.in_(scope.people))
        ),
        erasure=Erasure.BLANK,
        blank=nothing("recipient_id"),
        shown="at link",
        rule="campaigns",
    ),
    Held(
        awareness_answer,
        "id run_id recipient_id channel at",
        "answer",
        whose=lambda scope: awareness_answer.c.recipient_id.in_(
            select(recipient.c.id).where(recipient.c.contact_id.in_(scope.people))
        ),
        erasure=Erasure.DELETE,
        shown="at answer",
        rule="campaigns",
    ),
    Held(
        awareness_sample,
        "round_id contact_id",
        whose=of_contact(awareness_sample),
        erasure=Erasure.DELETE,
        rule="campaigns",
    ),
    Held(
        link_code,
        "id conversation_id code_hash expires_at wrong_codes",
        whose=of_talk(link_code),
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
        whose=of_contact(opt_out),
        erasure=Erasure.DELETE,
        shown="channel at",
        rule="contacts",
    ),
    Held(
        consent,
        "id contact_id purpose text_version channel basis source given_at withdrawn_at",
        whose=of_contact(consent),
        erasure=Erasure.ELSEWHERE,
        shown="purpose text_version channel basis source given_at withdrawn_at",
        rule="consents",
    ),
    Held(
        data_request,
        "id contact_id conversation_id kind status stage came_by opened_at acknowledge_by acknowledged_at due_on"
        " with_processor extended_at identity identity_at wrong_proofs confirmed_at refusal finished_at officer_id",
        "words",
        whose=of_contact(data_request),
        erasure=Erasure.ELSEWHERE,
        shown="opened_at kind status came_by acknowledge_by acknowledged_at due_on extended_at identity refusal words"
        " finished_at",
        rule="requests",
    ),
    Held(
        request,
        "id conversation_id escalation_id is_first province channel commune vendor opened_at due_at ended_at outcome"
        " officer_id announced_at warned owner_told_at",
        whose=of_talk(request),
        erasure=Erasure.ELSEWHERE,
        shown="opened_at ended_at outcome",
        rule="counts",
    ),
    Held(
        escalation,
        "id conversation_id reason status province channel commune vendor topic opened_at due_at waiting_since"
        " officer_id taken_at lease_until snoozed_until answered_at closed_at csat_asked_at csat csat_at",
        whose=of_talk(escalation),
        erasure=Erasure.ELSEWHERE,
        shown="opened_at reason topic status answered_at closed_at csat",
        rule="counts",
    ),
    Held(
        outbound,
        "id conversation_id seq in_reply_to sender status bulk attempts attempt error decide_at sent_at delivered_at"
        " seen_at created_at",
        "reply provider_message_id",
        whose=of_talk(outbound),
        erasure=Erasure.ELSEWHERE,
        shown="created_at sender reply status",
        rule="messages",
    ),
    Held(
        inbound,
        "id conversation_id seq channel kind attempts received_at",
        "provider_message_id text payload status last_error reading masked attached done_at",
        whose=of_talk(inbound),
        erasure=Erasure.BLANK,
        blank=MappingProxyType(
            {
                "provider_message_id": literal("erased-") + cast(inbound.c.id, String),
                **UNHEARD,
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
        "name phone phone_hash phone_key",
        whose=lambda scope: contact.c.id.in_(scope.people),
        erasure=Erasure.BLANK,
        blank=nothing("name", "phone", "phone_hash", "phone_key"),
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
    # files that officers upload; rows that name the person are found by looking inside (programme/erasure.py)
    Held(
        file_import,
        "id kind province mapping basis dry status error rows read_rows created merged refused holder lease_until actor"
        " created_at done_at",
        "file_name content outline",
        erasure=Erasure.ELSEWHERE,
        rule="uploads",
    ),
    Held(import_row, "id import_id row outcome reason", "values", erasure=Erasure.ELSEWHERE, rule="imports"),
    Held(do_not_call, "source listed_at", "phone_key", rule="forgotten"),
    # hashes only: what keeps an erasure erased, and an opt-out an opt-out
    Held(forgotten_tables.forgotten, "id uid kind detail at", rule="forgotten"),
    Held(forgotten_tables.forgotten_key, "forgotten_id", "key", rule="forgotten"),
    # answers to a partner's calls, kept hours so that a repeated call is recognised (store/api_answers.py)
    Held(api_tables.api_answer, "id token_id key call_hash status headers answered_at", "body", rule="partner_answers"),
)
