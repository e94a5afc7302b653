"""Reads what needs no language model: pressed buttons, "2" for the second one, acts, messages without words.

Whatever is read here travels to the dialogue as a payload and skips the NLU.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from programme.acts_said import (
    consent_withdrawn,
    data_request_said,
    data_request_taken_back,
    in_distress,
    wants_messages_again,
)
from programme.awareness_question import ANSWER as ANSWER_AWARENESS
from programme.awareness_question import HEARD, Heard
from programme.awareness_question import payload as heard_payload
from programme.calls_said import wants_call
from programme.heard_said import heard_in_words
from programme.identity_proof import Asked, may_be_proof
from programme.links_said import link_code_said, wants_channels_apart, wants_link_code
from programme.ratings_said import Score, score_in_words
from store.contacts import find_phone
from store.messages import MAX_UNDERSTOOD_CHARACTERS
from store.text import clean, folded_words

MAX_PAYLOAD_BYTES = 1000
# Events are ours alone: no channel accepts a payload with this prefix.
EVENT_PREFIX = "event_"
MESSAGE_TOO_LONG = "event_message_too_long"
MESSAGE_WITHOUT_WORDS = "event_message_without_words"
NUMBER_ALONE = "event_number_alone"
PHONE_ALONE = "event_phone_alone"
_PAYLOAD = re.compile(r"/(?P<intent>[a-z][a-z0-9_]*)(?P<entities>\{.*\})?", re.DOTALL)
# "2", "số 2", "câu 2 ạ", "hai": the position of an offered button
_POSITIONS = {"mot": 1, "hai": 2, "ba": 3, "bon": 4, "tu": 4, "nam": 5, "sau": 6, "bay": 7, "tam": 8, "chin": 9}
_POSITIONS |= {str(position): position for position in range(1, 11)}
_AROUND_A_NUMBER = frozenset({"so", "chon", "cau", "muc", "y", "nut"})
_POLITE = frozenset({"a", "da", "vang", "nhe", "nha", "em", "voi"})
# "a", "b)", "C.": the same, as an exam is answered; only by itself.
_LETTERS = {letter: position for position, letter in enumerate("abcde", 1)}
# "Yes" to a question that has one yes, with words around it that add nothing ("ừ lưu đi", "ok em chuyển").
_YES = frozenset(
    "da,vang,co,u,uh,uhm,um,uk,ok,oke,okie,okay,duoc,dc,dongy,nho,dung,chuan,phai,yes,yeah,yep,sure".split(",")
)
_BESIDE_YES = frozenset(
    "a,da,vang,roi,vay,chu,di,luon,giup,voi,nhe,nha,em,anh,chi,co,bac,chu,toi,minh,cho,hoi,luu,chuyen,lam,the,nay,please"
    ",do,it".split(",")
)
_NO = frozenset(
    "khong,ko,k,kg,hong,khong phai,ko phai,k phai,khong phai dau,khong dau,thoi,khong can,ko can,k can,chua,no,nope,"
    "none,tu choi".split(",")
)
# What an answer gets that missed the point; "không" alone may answer anything.
_WRONG = frozenset(
    "khong dung,k dung,ko dung,khong phai,k phai,ko phai,chua dung,sai,sai roi,khong dung y,chua dung y".split(",")
)
LONGEST_YES = 6
SCORES: tuple[Score, ...] = ("satisfied", "neutral", "unsatisfied")
# Buttons that say no, or go away: nobody who answers "có" means one of them.
_REFUSALS = (
    "/none_of_these",
    "/do_not_keep_domain_status",
    "/pause_survey",
    "/do_not_call",
    "/refuse_other_firm",
    "/firm_not_called",
    "/keep_my_data",
)
_ASIDES = ("/answer_wrong", "/leave_domain_check", "/skip_survey", "/restart_survey", "/show_survey_sheet")
# The words that Decree 91/2020/NĐ-CP and the carriers know; they act at once, whatever else is going on.
_STOP = frozenset({"stop", "tc", "tu choi", "huy dang ky", "unsubscribe"})
# Meant the same, alone, where nothing is asked that one could cancel or decline: misspelt, or typed without accents.
_STOP_ALONE = frozenset(
    "huy,huyy,huyr,hury,huy tin,huy tin nhan,huy nhan tin,huy dk,huy qc,tc qc,tchoi,t choi,tuchoi,tu chio,tu chooi,"
    "tu choii,tu troi,tuwf choois,tuwf choosi,tu chois,tu choi nhan tin,sotp,stpo,stopp,stoop,unsubcribe".split(",")
)
OPT_OUT, THANK, REQUEST_PERSON, WITHDRAW_CONSENT = "opt_out", "thank", "request_person", "withdraw_consent"
RATE_SERVICE = "rate_service"
PROVE_IDENTITY, LET_OFFICER_CHECK = "prove_identity", "let_officer_check"
LINK_CHANNELS, USE_LINK_CODE, PART_CHANNELS = "link_channels", "use_link_code", "part_channels"
_PLEASED = frozenset("👍👌🙏❤🥰😊😄😁👏🤝💯")


class PayloadInvalid(ValueError):
    """Not a payload of ours; nothing a button of ours could have sent."""


@dataclass(frozen=True)
class Payload:
    """An intent with its entities, as a button carries it. It can say nothing that a person could not say in words."""

    intent: str
    entities: tuple[tuple[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"intent": self.intent, "entities": [{"entity": k, "value": v} for k, v in self.entities]}


def parse_payload(text: str) -> Payload:
    """Read Rasa's `/intent{"entity":"value"}`. Raises PayloadInvalid."""
    match = _PAYLOAD.fullmatch(text) if len(text.encode()) <= MAX_PAYLOAD_BYTES else None
    if match is None:
        raise PayloadInvalid("not /intent or /intent{…}")
    try:
        entities = json.loads(match["entities"] or "{}")
    except (ValueError, RecursionError) as error:
        raise PayloadInvalid("the part in braces is not JSON") from error
    if not all(isinstance(value, str) and value == clean(value) for value in entities.values()):
        raise PayloadInvalid("entity values must be plain texts")
    return Payload(match["intent"], tuple(entities.items()))


def read(
    text: str, payload: str | None, offered: Sequence[Mapping[str, str]] | None, is_asked: bool = False
) -> Payload | None:
    """The payload that a message stands for, or None when it needs the NLU. Raises PayloadInvalid.

    `is_asked`: a flow waits for an answer, so a bare number is one.
    """
    if payload is not None:
        return parse_payload(payload)
    chosen = offered_choice(text, offered or ())
    if chosen is not None:
        return parse_payload(chosen)
    act = act_said(text)
    if act is None and (proof := _proof_given(text, offered or ())) is not None:
        return proof
    if act is not None:
        code = link_code_said(text) if act == USE_LINK_CODE else None
        return Payload(act, (("code", code),) if code else ())
    if not is_asked and not any(button.get("asked") for button in offered or ()) and _is_stop_alone(text):
        return Payload(OPT_OUT)
    if len(text) > MAX_UNDERSTOOD_CHARACTERS:
        return Payload(MESSAGE_TOO_LONG)
    if not any(character.isalnum() for character in text):
        return Payload(THANK if any(character in _PLEASED for character in text) else MESSAGE_WITHOUT_WORDS)
    if not any(character.isalpha() for character in text):
        if find_phone(text):
            return Payload(PHONE_ALONE)
        return None if is_asked else Payload(NUMBER_ALONE)
    return None


def _proof_given(text: str, offered: Sequence[Mapping[str, str]]) -> Payload | None:
    """What answers the question for a proof of identity, which is recognised by the button below it."""
    for button in offered:
        if _intent_of(button) == f"/{LET_OFFICER_CHECK}":
            by = Asked(dict(parse_payload(button["payload"]).entities)["by"])
            wanted = data_request_said(text) is not None or data_request_taken_back(text) is not None
            return Payload(PROVE_IDENTITY, (("by", by),)) if may_be_proof(by, text) and not wanted else None
    return None


def act_said(text: str) -> str | None:
    """The intent of what must not be left to a guess: distress, "stop", a consent withdrawn, channels linked, a call
    back."""
    if in_distress(text):
        return REQUEST_PERSON
    if says_stop(text) or wants_messages_again(text):
        return OPT_OUT
    if consent_withdrawn(text):
        return WITHDRAW_CONSENT
    return _link_said(text) or (REQUEST_PERSON if wants_call(text) else None)


def _link_said(text: str) -> str | None:
    if link_code_said(text) is not None:
        return USE_LINK_CODE
    if wants_link_code(text):
        return LINK_CHANNELS
    return PART_CHANNELS if wants_channels_apart(text) else None


def stands_alone(text: str, offered: Sequence[Mapping[str, str]] | None) -> bool:
    """Whether a message says something by itself, so that it is no part of the sentence before it."""
    chosen = offered_choice(text, offered or ())
    return chosen is not None or act_said(text) is not None or find_phone(text) is not None


def says_stop(text: str) -> bool:
    """Whether the message is the word that ends all unasked messages."""
    return " ".join(folded_words(text[:40])) in _STOP


def _is_stop_alone(text: str) -> bool:
    words = [word for word in folded_words(text[:40]) if word not in _POLITE]
    return " ".join(words) in _STOP_ALONE


def is_claim(text: str) -> bool:
    """Whether the message claims what the law grants, and what must be heard however many messages come."""
    if len(text) > MAX_UNDERSTOOD_CHARACTERS:
        return False
    return says_stop(text) or consent_withdrawn(text) or data_request_said(text) is not None


def offered_choice(text: str, offered: Sequence[Mapping[str, str]]) -> str | None:
    """The payload of the offered button that the text names by its title, position or letter, or by yes or no."""
    words = folded_words(text[:200])
    for button in offered:
        if words and words == folded_words(button["title"]):
            return button["payload"]
    rated = score_in_words(text) if any(_intent_of(button) == f"/{RATE_SERVICE}" for button in offered) else None
    if rated is not None:
        return rating(rated)
    heard = heard_in_words(text) if any(_intent_of(button) == f"/{ANSWER_AWARENESS}" for button in offered) else None
    if heard is not None:
        return heard_payload(heard)
    position = _position(text, words)
    # where nothing but a way out is offered, a number is an answer
    if 0 < position <= len(offered) and not all(_intent_of(button) in _ASIDES for button in offered):
        return offered[position - 1]["payload"]
    said = {" ".join(words), " ".join(words).removesuffix(" a"), " ".join(w for w in words if w not in _POLITE)}
    wrong = next((button["payload"] for button in offered if _intent_of(button) == "/answer_wrong"), None)
    if wrong and said & _WRONG:
        return wrong
    refusals = [button["payload"] for button in offered if _intent_of(button) in _REFUSALS]
    if refusals and said & _NO:
        return refusals[0]
    agreeable = [button["payload"] for button in offered if _may_be_agreed_to(button, bool(refusals))]
    return agreeable[0] if len(agreeable) == 1 and _says_yes(words) else None


def rating(score: Score) -> str:
    """The payload of the button with which an owner says how satisfied they were."""
    return f'/{RATE_SERVICE}{{"score":"{score}"}}'


def score_said(text: str, payload: str | None, offered: Sequence[Mapping[str, str]]) -> Score | None:
    """The score that a message gives, where no dialogue reads it (a person has the conversation again)."""
    chosen = payload or offered_choice(text, offered) or ""
    return next((score for score in SCORES if chosen == rating(score)), None)


def heard_said(text: str, payload: str | None, offered: Sequence[Mapping[str, str]]) -> Heard | None:
    """The same of the answer to the question of awareness."""
    chosen = payload or offered_choice(text, offered) or ""
    return next((said for said in HEARD if chosen == heard_payload(said)), None)


def _says_yes(words: Sequence[str]) -> bool:
    said = " ".join(words).replace("dong y", "dongy").split()
    return (
        0 < len(said) <= LONGEST_YES
        and any(word in _YES for word in said[:2])
        and all(word in _YES or word in _BESIDE_YES for word in said)
    )


def _may_be_agreed_to(button: Mapping[str, str], has_refusal: bool) -> bool:
    """Whether "yes" could mean this button: what a question has just asked, and not the way out of it."""
    intent = _intent_of(button)
    if not button.get("asked") or intent in (*_REFUSALS, *_ASIDES):
        return False
    return intent != "/request_person" or not has_refusal


def _intent_of(button: Mapping[str, str]) -> str:
    return button["payload"].partition("{")[0]


def _position(text: str, words: Sequence[str]) -> int:
    letter = text.strip(" .):").lower()
    if letter in _LETTERS:
        return _LETTERS[letter]
    numbers = [word for word in words if word not in _POLITE and word not in _AROUND_A_NUMBER]
    return _POSITIONS.get(numbers[0], 0) if len(numbers) == 1 else 0
