"""What of a message to the survey needs no language model: commands, and words that plainly answer the open item.

It decides only that the survey takes the message; what the words mean is read where they are acted on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from actions.survey_hearing import declines, is_no_text
from bot.reading import Payload, act_said, offered_choice, parse_payload
from programme.acts_said import data_request_said
from programme.calls_said import wants_call
from programme.content import Content
from programme.responses import Kept
from programme.survey.commands import Command, read_command
from programme.survey.definition import Item
from programme.survey.reading import is_spelt, read_option, without_edges
from programme.survey.response import Response, next_item, options_of
from programme.yes_or_no import asks
from store.contacts import find_phone
from store.text import folded_words

SURVEY_FORM, SURVEY_STEP = "survey_form", "survey_step"
ANSWER = "answer_survey"
_PERSON = frozenset(
    """gap can bo,gap nguoi,gap nguoi that,noi chuyen voi can bo,noi chuyen voi nguoi that,cho gap can bo,
    cho toi gap can bo,gap nhan vien,goi can bo,talk to an officer,talk to a person""".replace("\n    ", "").split(",")
)
_OF_A_QUESTION = (f"/{ANSWER}", "/skip_survey", "/request_person")
# "bận rồi", "tôi đang bận bán hàng, mai làm tiếp nhé", "lát nữa làm": the owner goes now, and says nothing else.
# Without its mark "ban" is more often to sell than to be busy, and "mai", "sau", "toi" alone may be names.
_BUSY_UNMARKED = re.compile(r"\b(thoi|thui|dang|gio) ban\b(?! (?:hang|le|si|buon)\b)")
_WHO = "(?:da|a|em|oi|toi|tui|minh|co|chu|bac|anh|chi|thoi|thui|dang|bay gio|gio|o)"
_BUSY = (
    "(?:BUSY(?: (?:roi|qua|lam|viec|ban hang|hang|khach|tay|mot|ti|chut))*|co khach(?: roi| day)?"
    "|met(?: qua| roi| lam)+)"
)
_SOON = "(?:lat nua|ti nua|chut nua|khi nao ranh|luc nao ranh)"
_WHEN = f"(?:mai|sang mai|chieu|trua|toi|toi nay|lat|hom khac|hom sau|khi khac|luc khac|{_SOON})"
_DO = "(?:lam|tra loi|noi|nhan|tinh)"
_END = "(?:tiep|sau|roi|nhe|nha|a|em|oi|thoi|day|di)"
_GOES = re.compile(
    f"(?:{_WHO} )*(?:{_BUSY}(?: (?:de|thoi|hen|cho))*(?: {_WHEN}(?: {_DO})?)?|{_SOON}(?: {_DO})?"
    f"|(?:mai|sang mai|chieu|toi nay|lat) {_DO} tiep)(?: {_END})*"
)
_GO_ON = frozenset("lam tiep,lam tiep khao sat,tiep tuc,tiep tuc khao sat,continue,go on".split(","))
# So many digits are meant as a telephone number, right or wrong.
PHONE_DIGITS = 6


def read_for_survey(
    content: Content, kept: Kept | None, text: str, offered: Sequence[Mapping[str, str]] | None
) -> Payload | None:
    """The payload for the open survey, or None when the message needs the model or is somebody else's."""
    response = kept.response if kept else Response(content.surveys.latest, {})
    item = next_item(response)
    if item is None:
        return None
    asked = _is_asked(response, item, offered)
    if not asked and (chosen := offered_choice(text, offered or ())):
        return parse_payload(chosen)
    command = read_command(response.survey, text)
    # a command is no answer because a word of it is in one ("bo qua" – "hỏi cán bộ xã"), but an answer's own words are
    is_command = command is not None and not _is_spelt_out(item, text)
    if item.options and asked and not is_command and _names_option(content, response, item, text):
        return Payload(ANSWER, (("q", item.id),))
    if act_said(text):
        return None
    if goes_now(text):
        return Payload("pause_survey")
    if command is not None:
        return _payload_of(command)
    if is_spelt(text, _GO_ON):
        return Payload("resume_survey")
    if is_spelt(text, _PERSON):
        return Payload("request_person")
    if item.kind in ("commune_lookup", "choice_list") and (chosen := offered_choice(text, offered or ())):
        return parse_payload(chosen)
    return Payload(ANSWER, (("q", item.id),)) if _plainly_answers(content, response, item, text) else None


def _is_asked(response: Response, item: Item, offered: Sequence[Mapping[str, str]] | None) -> bool:
    """Whether the bot's last message was the open item's question with all its options, so that "2" is its second."""
    if not all(button["payload"].startswith(_OF_A_QUESTION) for button in offered or ()):
        return False  # a reminder, or what another flow offers
    own = [button for button in offered or () if f'"q":"{item.id}"' in button["payload"]]
    return not offered or len(own) == len(options_of(response, item))


def read_beside_questions(content: Content, text: str, is_open: bool) -> Payload | None:
    """A command where no question is open: "sửa câu 3" after the result, "dừng" instead of going on.

    Only with a question's number: an owner may want a telephone number changed elsewhere too.
    """
    command = read_command(content.surveys.latest, text)
    if command is not None and command.name == "edit" and command.target.isdecimal():
        return _payload_of(command)
    if not is_open:
        return None
    if is_spelt(text, _GO_ON):
        return Payload("resume_survey")
    return Payload("pause_survey") if goes_now(text) or (command and command.name == "pause") else None


def goes_now(text: str) -> bool:
    """Whether an owner says in a sentence that there is no time now."""
    written = unicodedata.normalize("NFC", text[:100]).lower().replace("bận", "busy")
    said = _BUSY_UNMARKED.sub(r"\1 busy", " ".join(folded_words(written)))
    return "?" not in text and _GOES.fullmatch(said.replace("busy", "BUSY")) is not None


def _is_spelt_out(item: Item, text: str) -> bool:
    phrases = (phrase for one in item.options for phrase in (one.button.vi, one.words.vi, one.button.en, *one.also))
    said = without_edges(folded_words(text))
    return any(without_edges(folded_words(phrase)) == said for phrase in phrases)


def _payload_of(command: Command) -> Payload:
    entities = (("q", command.target), ("a", command.place))
    return Payload(f"{command.name}_survey", tuple((name, value) for name, value in entities if value))


def _names_option(content: Content, response: Response, item: Item, text: str) -> bool:
    return read_option(item, options_of(response, item), text, content.words_of) is not None


def _plainly_answers(content: Content, response: Response, item: Item, text: str) -> bool:
    if item.options:
        return _names_option(content, response, item, text)
    if item.kind == "phone_vn":
        return declines(text) or find_phone(text) is not None or sum(c.isdigit() for c in text) >= PHONE_DIGITS
    if item.kind == "choice_list":
        return _names_trade(content, text)
    if item.kind == "text":
        if is_no_text(item, text):
            return False
        return not (asks(text) or data_request_said(text) or wants_call(text)) and any(c.isalnum() for c in text)
    return False


def _names_trade(content: Content, text: str) -> bool:
    found = content.trades.find(text)
    # "sửa chữa" ends like a question without its marks; a trade's own name asks nothing
    return any(folded_words(text) == folded_words(one.button.vi) for one in found) or (bool(found) and not asks(text))
