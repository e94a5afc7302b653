"""What the bot says about itself and its service, beside the flows: no facts of any programme, so no sources."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, StrictInt, StringConstraints

from programme.yaml_source import ContentModel, YamlSource, read_yaml

Words = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
Version = Annotated[StrictInt, Field(ge=1)]

# every phrase the code says, with what it may mention
VARIABLES: Mapping[str, frozenset[str]] = {
    "notice": frozenset(),
    "notice_abroad": frozenset(),
    "please_wait": frozenset(),
    "handed_to_person": frozenset({"hours"}),
    "attachment_received": frozenset({"what", "hours"}),
    "attached_image": frozenset(),
    "attached_voice": frozenset(),
    "attached_video": frozenset(),
    "attached_file": frozenset(),
    "attached_location": frozenset(),
    "attached_contact_card": frozenset(),
    "flood": frozenset(),
    "state_unreadable": frozenset({"hours"}),
    "answer_withheld": frozenset(),
    "of_province": frozenset({"province"}),
    "also_asked": frozenset(),
    "other_year": frozenset({"years"}),
    "no_promise": frozenset(),
    "secret_warning": frozenset({"kinds"}),
    "secret_otp": frozenset(),
    "secret_password": frozenset(),
    "secret_card": frozenset(),
    "secret_id_card": frozenset(),
    "awareness_thanks": frozenset(),
    "awareness_thanks_new": frozenset(),
    "awareness_before": frozenset(),
    "awareness_over": frozenset(),
    "not_understood": frozenset(),
    "not_understood_again": frozenset(),
    "not_understood_handed": frozenset({"hours"}),
    "did_you_mean": frozenset(),
    "none_of_these": frozenset(),
    "marked_wrong": frozenset(),
    "marked_wrong_choices": frozenset(),
    "person_button": frozenset(),
    "menu_button": frozenset(),
    "wrong_button": frozenset(),
    "domain_consent": frozenset({"status"}),
    "domain_kept": frozenset({"status"}),
    "domain_not_kept": frozenset(),
    "domain_ask_status": frozenset(),
    "domain_status_none": frozenset({"tld"}),
    "domain_status_applied": frozenset({"tld"}),
    "domain_status_active": frozenset({"tld"}),
    "domain_since": frozenset({"date"}),
    "domain_until": frozenset({"date"}),
    "domain_ask_until": frozenset(),
    "domain_ask_until_day": frozenset(),
    "domain_day_unknown_button": frozenset(),
    "domain_has_ended": frozenset({"date"}),
    "domain_renewed_button": frozenset(),
    "domain_no_such_day": frozenset({"date"}),
    "keep_button": frozenset(),
    "do_not_keep_button": frozenset(),
    "domain_check_applicant": frozenset(),
    "domain_check_certificate": frozenset(),
    "domain_check_founded": frozenset(),
    "domain_check_founding_year": frozenset(),
    "domain_check_founding_day": frozenset(),
    "domain_check_age": frozenset(),
    "domain_check_birthday": frozenset(),
    "domain_check_unread": frozenset(),
    "domain_check_to_come": frozenset(),
    "domain_find_applicant": frozenset(),
    "domain_find_certificate": frozenset(),
    "domain_find_founded": frozenset(),
    "domain_find_age": frozenset(),
    "domain_check_left": frozenset(),
    "household_button": frozenset(),
    "company_button": frozenset(),
    "citizen_button": frozenset(),
    "certificate_yes_button": frozenset(),
    "certificate_no_button": frozenset(),
    "leave_button": frozenset(),
    "domain_again_button": frozenset(),
    "domain_none_button": frozenset(),
    "domain_applied_button": frozenset(),
    "domain_active_button": frozenset(),
    "proof_phone_digits": frozenset(),
    "proof_shop_name": frozenset(),
    "proof_officer": frozenset(),
    "proof_wrong": frozenset(),
    "officer_checks_button": frozenset(),
    "data_copy": frozenset({"address", "hours"}),
    "erasure_confirm": frozenset({"under_way"}),
    "under_way_person": frozenset(),
    "under_way_survey": frozenset(),
    "under_way_lead": frozenset(),
    "erase_button": frozenset(),
    "keep_data_button": frozenset(),
    "erasure_begun": frozenset(),
    "erasure_nothing_waits": frozenset(),
    "data_access": frozenset(),
    "data_erasure": frozenset(),
    "data_correction": frozenset(),
    "data_restriction": frozenset(),
    "data_objection": frozenset(),
    "data_request_received": frozenset({"kind", "number", "date"}),
    "data_request_proved": frozenset({"kind", "number", "date"}),
    "data_request_done": frozenset({"kind", "number", "date"}),
    "data_request_extended": frozenset({"kind", "number", "date", "reason"}),
    "data_request_processor": frozenset({"kind", "number", "date"}),
    "data_request_refused": frozenset({"kind", "number", "date", "reason"}),
    "erasure_refused": frozenset(),
    "erasure_asked_about": frozenset(),
    "access_refused": frozenset(),
    "access_asked_about": frozenset(),
    "messages_again": frozenset(),
    "opt_out_unchanged": frozenset(),
    "sms_stopped": frozenset({"time"}),
    "sms_resumed": frozenset({"time"}),
    "sms_unread": frozenset(),
    "consent_withdrawn": frozenset(),
    "consent_withdrawn_domain": frozenset(),
    "consent_withdrawn_firms": frozenset(),
    "consent_withdrawn_survey": frozenset(),
    "person_refused": frozenset(),
    "distress": frozenset(),
    "person_requested_with_phone": frozenset({"hours"}),
    "person_taken": frozenset({"officer", "due"}),
    "person_taken_late": frozenset({"officer"}),
    "person_late": frozenset(),
    "handed_anger": frozenset({"hours"}),
    "handed_scam": frozenset({"hours"}),
    "handed_money": frozenset({"hours"}),
    "handed_legal": frozenset({"hours"}),
    "mail_received": frozenset({"number", "due", "place"}),
    "mail_received_late": frozenset({"number", "place"}),
    "rating_asked": frozenset(),
    "rating_satisfied_button": frozenset(),
    "rating_neutral_button": frozenset(),
    "rating_unsatisfied_button": frozenset(),
    "rating_thanks": frozenset(),
    "rating_sorry": frozenset(),
    "intent_check_domain_eligibility": frozenset(),
    "intent_inform_domain_status": frozenset(),
    "intent_request_person": frozenset(),
    "intent_opt_out": frozenset(),
    "intent_my_data": frozenset(),
    "intent_delete_data": frozenset(),
    "intent_withdraw_consent": frozenset(),
    "and": frozenset(),
    "survey_not_again": frozenset(),
    "survey_handed_unbegun": frozenset({"hours"}),
    "survey_shop_unnamed": frozenset(),
    "survey_several_hint": frozenset(),
    "survey_answer_before": frozenset({"answer"}),
    "survey_not_said": frozenset(),
    "survey_skip_button": frozenset(),
    "survey_result_button": frozenset(),
    "survey_restart_button": frozenset(),
    "survey_resume_button": frozenset(),
    "survey_later_button": frozenset(),
    "survey_no_nudge_button": frozenset(),
    "survey_start_button": frozenset(),
    "survey_done_lately": frozenset({"day"}),
    "survey_resume": frozenset({"left"}),
    "survey_paused": frozenset({"left"}),
    "survey_not_begun": frozenset(),
    "survey_waits": frozenset(),
    "survey_go_on": frozenset(),
    "survey_no_help": frozenset(),
    "survey_no_previous": frozenset(),
    "survey_no_such_question": frozenset({"count", "number"}),
    "survey_question_skipped": frozenset({"name"}),
    "survey_question_to_come": frozenset({"name"}),
    "survey_kept_as_it_was": frozenset(),
    "survey_required": frozenset(),
    "survey_noted_already": frozenset({"name"}),
    "survey_changed": frozenset({"answer", "name"}),
    "survey_question_name": frozenset({"number"}),
    "survey_this_question": frozenset(),
    "survey_carried": frozenset(),
    "survey_handed": frozenset({"hours"}),
    "survey_unread_text": frozenset(),
    "survey_trade_unread": frozenset(),
    "survey_commune_unread": frozenset(),
    "survey_phone_unread": frozenset(),
    "survey_phone_invalid": frozenset(),
    "survey_one_phone": frozenset(),
    "or": frozenset(),
    "survey_which_one": frozenset({"choices"}),
    "survey_commands": frozenset(),
    "survey_no_such_option": frozenset({"most", "number"}),
    "survey_only_one": frozenset(),
    "survey_too_long": frozenset({"most"}),
    "survey_which_trade": frozenset(),
    "survey_commune_noted": frozenset({"commune"}),
    "survey_commune_unknown": frozenset({"name"}),
    "survey_commune_elsewhere": frozenset({"here", "there"}),
    "survey_change_province_button": frozenset(),
    "survey_level": frozenset({"level", "name"}),
    "survey_level_estimate": frozenset({"level", "name"}),
    "survey_too_little": frozenset(),
    "survey_no_points": frozenset(),
    "survey_same": frozenset({"before"}),
    "survey_better": frozenset({"before", "change"}),
    "survey_lower": frozenset({"before", "change"}),
    "survey_card_title": frozenset(),
    "survey_of_hundred": frozenset(),
    "survey_do_first": frozenset(),
    "survey_not_rdx": frozenset(),
    "survey_result_of": frozenset({"shop"}),
    "survey_done": frozenset(),
    "survey_total": frozenset({"level", "total"}),
    "survey_vendor": frozenset({"commune", "platform", "vendor"}),
    "survey_lead_passed": frozenset({"vendor"}),
    "survey_lead_needs_phone": frozenset({"vendor"}),
    "survey_meet_button": frozenset({"vendor"}),
    "lead_taken_up": frozenset({"vendor"}),
    "lead_were_you_called": frozenset({"vendor"}),
    "lead_called_button": frozenset(),
    "lead_not_called_button": frozenset(),
    "lead_called_thanks": frozenset(),
    "lead_not_called_noted": frozenset(),
    "lead_other_firm": frozenset({"before", "vendor"}),
    "lead_other_firm_passed": frozenset({"vendor"}),
    "lead_no_other_firm": frozenset(),
    "lead_over": frozenset(),
    "lead_progress": frozenset({"steps"}),
    "lead_at_asking": frozenset({"vendor"}),
    "lead_at_offered": frozenset({"vendor"}),
    "lead_at_accepted": frozenset({"vendor"}),
    "lead_at_contacted": frozenset({"vendor"}),
    "lead_at_trial": frozenset({"vendor"}),
    "lead_at_in_use": frozenset({"vendor"}),
    "lead_at_not_taken": frozenset({"vendor"}),
    "lead_at_refused": frozenset({"vendor"}),
    "survey_class_button": frozenset(),
    "survey_einvoice_button": frozenset(),
    "survey_tax_button": frozenset(),
    "survey_qr_button": frozenset(),
    "survey_account_button": frozenset(),
    "survey_domain_button": frozenset(),
    "survey_money_button": frozenset(),
    "survey_scam_button": frozenset(),
    "survey_ai_button": frozenset(),
    "survey_learn_button": frozenset(),
    "survey_story_button": frozenset(),
    "survey_rdx_button": frozenset(),
    "survey_sheet_button": frozenset(),
    "survey_sheet": frozenset(),
    "survey_sheet_title": frozenset(),
    "survey_none_yet": frozenset(),
    "survey_find_vendor_button": frozenset(),
    "survey_vendor_needs_commune": frozenset(),
    "survey_no_vendor": frozenset(),
    "survey_call_consent": frozenset({"vendor"}),
    "survey_agree_button": frozenset(),
    "survey_refuse_button": frozenset(),
    "survey_not_called": frozenset(),
    "class_list": frozenset(),
    "class_line": frozenset({"place", "seats", "title", "when"}),
    "class_join_button": frozenset({"day"}),
    "class_wish_button": frozenset(),
    "class_none": frozenset(),
    "class_joined": frozenset({"offer"}),
    "class_full": frozenset(),
    "class_over": frozenset(),
    "class_wished": frozenset(),
    "class_needs_phone": frozenset(),
    "intent_start_survey": frozenset(),
    "link_code": frozenset({"code", "minutes"}),
    "link_done": frozenset({"channel"}),
    "link_told": frozenset({"channel"}),
    "link_other_survey": frozenset(),
    "link_wrong": frozenset(),
    "link_expired": frozenset(),
    "link_own": frozenset(),
    "link_already": frozenset(),
    "link_too_many": frozenset({"minutes"}),
    "link_undone": frozenset({"channel"}),
    "link_none": frozenset(),
    "channel_zalo": frozenset(),
    "channel_telegram": frozenset(),
    "channel_webchat": frozenset(),
    "channel_other": frozenset(),
    "difficulty_which": frozenset(),
    "difficulty_sort": frozenset(),
    "difficulty_chosen": frozenset({"category"}),
    "difficulty_noted": frozenset({"category"}),
    "difficulty_kept": frozenset(),
    "difficulty_left": frozenset(),
    "difficulty_leave_button": frozenset(),
    "difficulty_no_more_button": frozenset(),
    "intent_report_difficulty": frozenset(),
}


class _Phrase(ContentModel):
    vi: Words
    en: Words


class _PhrasesFile(ContentModel):
    notice_version: Version
    domain_consent_version: Version
    call_consent_version: Version
    other_firm_consent_version: Version
    phrases: dict[str, _Phrase]


@dataclass(frozen=True)
class Phrases:
    """The nation's phrases by id and language.

    `notice_version`, `domain_consent_version`, `call_consent_version` and `other_firm_consent_version` number the
    wordings that owners are shown and agree to: whoever changes one of them raises its number, and what an owner
    saw stays provable.
    """

    notice_version: int
    domain_consent_version: int
    call_consent_version: int
    other_firm_consent_version: int
    texts: Mapping[str, Mapping[str, str]]

    def say(self, phrase: str, language: str = "vi", **values: object) -> str:
        """The phrase with its variables filled in; values it does not mention are ignored."""
        return self.texts[phrase][language].format(**values)

    def intent_title(self, intent: str, language: str = "vi") -> str | None:
        """How a "did you mean" button names what no pack entry answers; None when it is not to be offered."""
        words = self.texts.get(f"intent_{intent}")
        return words[language] if words else None


def load_phrases(path: Path) -> Phrases:
    """Raises ContentError for a phrase that is missing, unknown, or mentions what it may not."""
    source = read_yaml(path)
    file = source.validate(_PhrasesFile)
    for phrase in VARIABLES:
        if phrase not in file.phrases:
            raise source.error(("phrases",), f'thiếu câu "{phrase}"', "thêm câu này")
    for phrase, words in file.phrases.items():
        if phrase not in VARIABLES:
            raise source.error(("phrases", phrase), f'không có câu nào tên "{phrase}"', "sửa tên hoặc xóa")
        for language, text in words:
            _check_variables(source, ("phrases", phrase, language), text, VARIABLES[phrase])
    texts = {phrase: dict(words) for phrase, words in file.phrases.items()}
    return Phrases(
        file.notice_version,
        file.domain_consent_version,
        file.call_consent_version,
        file.other_firm_consent_version,
        texts,
    )


def _check_variables(source: YamlSource, at: tuple[str, ...], text: str, allowed: frozenset[str]) -> None:
    try:
        fields = [field for field in string.Formatter().parse(text) if field[1] is not None]
    except ValueError:
        raise source.error(at, "dấu ngoặc nhọn không khớp", "viết biến dạng {hours}") from None
    if any(form or conversion for _, _, form, conversion in fields):
        raise source.error(at, "biến có định dạng kèm theo", "viết biến dạng {hours}")
    used = {str(name) for _, name, _, _ in fields}
    if not used <= allowed:
        raise source.error(at, f"biến không dùng được: {used - allowed}", "bỏ biến này")
