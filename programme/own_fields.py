"""Tables that say nothing of owners: of the hotline itself, its officers and partners, whose rights are those of
employees and of contracts. What is kept of owners: personal_fields.py."""

from __future__ import annotations

from programme.held import Held
from store import (
    api_tables,
    campaign_tables,
    channel_tables,
    console_tables,
    key_tables,
    kpi_tables,
    mail_tables,
    privacy_tables,
    quality_tables,
    survey_tables,
    tables,
    vendor_tables,
)

OWN: tuple[Held, ...] = (
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
    Held(console_tables.notice_switch, "name is_on changed_by changed_at version"),
    Held(console_tables.officer_notice, "id account_id request_id kind status created_at told_at", rule="notices"),
    # numbers and codes only, by its own promise (store/audit.py)
    Held(console_tables.audit_log, "id at account_id actor action object detail hash", rule="audit"),
    Held(mail_tables.mailbox, "name uid_validity last_uid began_at trouble trouble_since"),
    Held(
        api_tables.api_token,
        "id name token_hash hint scopes vendor communes created_at expires_at used_at revoked_at",
    ),
    # counts of days and communes, made anew every few minutes
    Held(kpi_tables.kpi_count, "province metric part commune day until"),
    Held(kpi_tables.kpi_line, "province metric part commune first_day last_day total"),
    Held(kpi_tables.kpi_as_of, "province as_of"),
    Held(
        kpi_tables.awareness_round,
        "id province campaign_id population seed wanted drawn listed created_by created_at",
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
    Held(
        campaign_tables.segment,
        "id province name expression officer_id version created_at updated_at archived_at",
    ),
    Held(
        campaign_tables.message_template,
        "id province name kind text plain sends brandname registration zbs_template zbs_variables starter officer_id"
        " version created_at updated_at archived_at",
    ),
    # whom it is for is said by a question or by numbers of contacts, never by names
    Held(
        campaign_tables.campaign,
        "id province name kind variants channels gateways pace_per_minute audience schedule window"
        " late_minutes deadline stops pause_rule status pause_reason digest audience_digest audience_count"
        " created_by edited_by submitted_by submitted_at approved_by approved_at next_at reminder version"
        " created_at updated_at ended_at",
    ),
    Held(
        campaign_tables.campaign_run,
        "id campaign_id due_at step is_test status pause_reason prepared deadline_at recent millitokens filled_at"
        " frozen_at ended_at",
    ),
    Held(
        campaign_tables.gateway_state,
        "gateway millitokens filled_at stopped_until stopped_for balance balance_at balance_error needed",
    ),
    Held(privacy_tables.purge, "id why asked_at done_at is_partial", rule="jobs"),
    Held(privacy_tables.retention_progress, "rule up_to"),
)
