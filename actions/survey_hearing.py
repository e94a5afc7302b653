"""What an owner's words answer to the open item of the survey, or what has to be asked back."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from rasa_sdk.interfaces import Tracker

from actions.context import TurnContext
from actions.places import mentions_in
from actions.replies import Buttons, button
from actions.survey_saying import answer_button, option_buttons
from programme.communes import Kind, Mention, Resolution
from programme.packs import UnknownProvince, normalise_province_id
from programme.survey.definition import NA, REFUSED, Answer, Item, Option
from programme.survey.reading import Between, Chosen, NoSuchNumber, TooMany, is_spelt, read_option, without_edges
from programme.survey.response import Response, facts, options_of
from programme.yes_or_no import asks
from store.contacts import find_phones
from store.text import clean, folded_words

# Sure enough to be somebody's business although it does not read like a question ("phí tên miền"). What an owner tells
# of the shop ("tôi ghi vào quyển sổ") is no question, however sure its subject.
VERY_SURE = 0.9
_TELLS = frozenset("toi tui em minh nha co chua khong ko".split())
_ASKS_FOR = frozenset("hoi muon can giup huong".split())
MOST_CHOICES = 10
_NOTHING_KNOWN = frozenset({"nlu_fallback", "out_of_scope"})
# Whatever else the words may say, these are never an answer.
_ACTS = frozenset(
    "request_person complain need_spoken_help opt_out withdraw_consent delete_data my_data ask_scam_lost_money".split()
)
_SMALL_TALK = frozenset({"greet", "thank", "goodbye", "insult", "bot_challenge"})
# Said to the question that is open, whatever it is.
_YES_OR_NO = frozenset({"affirm", "deny"})
# "tôi tên là Lan", "cửa hàng của tôi tên là Hồng Loan": the name itself is the answer.
_LEAD = re.compile(
    r"^(?:dạ|vâng|thưa)?[\s,]*(?:(?:cửa hàng|quán|shop|tiệm|sạp|quầy)(?: (?:của )?(?:tôi|tui|em|mình|nhà tôi))?"
    r"|tôi|tui|em|mình|cô|bác|chú|chị|anh|tên(?: tôi| em| mình)?|my name|my shop|it)?"
    r"\s*(?:tên là|tên|là|is called|is)\s+(?=\S)",
    re.IGNORECASE,
)
# Behind a space: "Hạ" is a name.
_POLITE_END = re.compile(r"[\s,.]+(?:ạ|nhé|nha|em ạ|em nhé)\s*$", re.IGNORECASE)
# Said at the question for a name, and no name. Only as it is spelt: "Lê", "Nhã", "Lam" are names, "lẹ", "nhé" are not.
_NO_NAME = frozenset(
    """dạ da vâng ạ ừ ừm uh uhm ok oke ơi oi em alo allo hi hello hey chào xin lẹ đi nhé nhe rồi roi được dc có không
    khong ko k kg chưa chua chẳng gì hết thôi bỏ mệt quá yes no nope""".split()
)
# Said to the survey, at a question that takes any words.
_TO_THE_SURVEY = frozenset("lam khao sat,khao sat,lam tiep,tiep tuc,lam lai,lam lai tu dau".split(","))
# "tôi muốn làm khảo sát", "cho tôi bắt đầu khảo sát"
_WANTS_SURVEY = re.compile(
    r"(?:(?:da|toi|tui|em|minh|co|chu|bac|cho|muon|can|xin) )*(?:lam|bat dau|tham gia) (?:lam )?khao sat"
)
_NAMELESS = re.compile(
    r"(?:(?:da|toi|tui|minh|em|cua hang|quan|shop|tiem|sap|quay) )*"
    r"(?:khong|ko|k|chua) (?:co|dat)(?: ten)?(?: gi)?(?: ca| dau| a)*"
)
# "không cho", "ko có số đâu", "thôi khỏi": to what is asked for and need not be given.
_DECLINED = re.compile(
    r"(?:(?:da|a|em|toi|tui|minh|bac|co|chu|thoi|u) )*(?:khong|ko|k|kg|hong|chua|khoi|no|nope|dung)"
    r"(?: (?:co|cho|can|muon|tien|thich|noi|ghi|dung|nho|xai|goi|dien|thoai|di|dong|so|sdt|dt|gi|dau|ca|het|nua|luu"
    r"|a|em|oi|thanks))*"
)
# To what may be left out, these are no text: "góp ý gì không?" – "không".
_NOTHING_TO_SAY = frozenset(
    "khong,ko,k,khong co,ko co,khong co gi,ko co gi,khong a,thoi,chua co,khong can,no,none,nothing".split(",")
)
LEAST_PHONE_DIGITS = 6
_NAMES = ("shop_name", "owner_name")


@dataclass(frozen=True)
class Heard:
    """An answer, with `note` to say about it; or only a note; or nothing readable.

    `buttons`: the note is itself the question, with these choices.
    """

    answer: Answer | None = None
    note: str = ""
    buttons: Buttons | None = None


def hear(context: TurnContext, response: Response, item: Item, mentions: Sequence[Mention]) -> Heard:
    """Read the message as an answer to `item`. `mentions`: the places that it names."""
    if item.kind == "commune_lookup":
        return _hear_commune(context, response, item, mentions)
    if item.kind == "choice_list":
        return _hear_trade(context, item)
    if item.kind == "phone_vn":
        return _hear_phone(context)
    return _hear_option(context, response, item) if item.options else _hear_text(context, item)


def hear_which(context: TurnContext, item: Item, options: Sequence[Option]) -> Heard:
    """Which of these options it is has to be asked."""
    names = _either(context, [option.button[context.language] for option in options])
    note = _words(context, "survey_which_one", choices=names)
    return Heard(note=note, buttons=option_buttons(context, item, options))


def may_be_pressed(context: TurnContext, response: Response, item: Item, value: str) -> bool:
    """Whether a button may carry this answer: only what is looked up or chosen, never what is to be typed."""
    if item.kind == "commune_lookup":
        commune = context.content.communes.by_code(value)
        return commune is not None and commune.province == _province(context, response)
    if item.kind == "choice_list":
        return value in context.content.trades.trades
    return bool(item.options)


def reads_as_other_business(context: TurnContext, tracker: Tracker, item: Item | None) -> bool:
    """Whether a message is for another flow: a button of it, an act, or a sure intent that reads like a question.

    `item`: what it would answer; to free text almost anything is an answer.
    """
    intent = tracker.latest_message["intent"]
    ranking = tracker.latest_message.get("intent_ranking") or ()
    if len(ranking) == 1 or intent["name"] in _ACTS:
        return True
    if item is not None and intent["name"] in _YES_OR_NO:
        return False
    takes_anything = item is not None and item.kind == "text"
    if intent["name"] in _NOTHING_KNOWN:
        return not takes_anything and asks(context.text)
    if intent["name"] in _SMALL_TALK:
        return not takes_anything
    if asks(context.text):
        return True
    if item is not None and item.kind == "commune_lookup" and mentions_in(tracker):
        return False
    is_question = intent["name"].startswith("ask_") and intent["confidence"] >= VERY_SURE
    return not takes_anything and is_question and _may_be_a_topic(context.text)


def _may_be_a_topic(text: str) -> bool:
    words = folded_words(text)
    return len(words) > 1 and (_TELLS.isdisjoint(words[:2]) or not _ASKS_FOR.isdisjoint(words))


def _hear_option(context: TurnContext, response: Response, item: Item) -> Heard:
    values = options_of(response, item)
    match read_option(item, values, context.text, context.content.words_of):
        case Chosen(answer):
            return Heard(answer)
        case Between(options):
            return hear_which(context, item, options)
        case NoSuchNumber(number, most):
            return Heard(note=_words(context, "survey_no_such_option", number=number, most=most))
        case TooMany():
            return Heard(note=_words(context, "survey_only_one"))
    return Heard()


def declines(text: str) -> bool:
    """Whether a short text says no to what was asked for: "không cho đâu", "thôi khỏi"."""
    return "?" not in text and _DECLINED.fullmatch(" ".join(folded_words(text[:80]))) is not None


def is_no_text(item: Item, text: str) -> bool:
    """Whether what was said at a question for text is none: meant for the survey itself, or, where a name is asked,
    "dạ", "em ơi", a number, a question."""
    words = re.findall(r"\w+", unicodedata.normalize("NFC", text).lower())
    said = " ".join(without_edges(folded_words(text[:80])))
    if is_spelt(text, _TO_THE_SURVEY) or _WANTS_SURVEY.fullmatch(said):
        return True
    return item.key in _NAMES and ("?" in text or "".join(words).isdecimal() or _NO_NAME.issuperset(words))


def _hear_phone(context: TurnContext) -> Heard:
    numbers = find_phones(context.text)
    if len(numbers) == 1:
        return Heard(numbers[0])
    if numbers:
        return Heard(note=_words(context, "survey_one_phone"))
    if sum(character.isdigit() for character in context.text) >= LEAST_PHONE_DIGITS:
        return Heard(note=_words(context, "survey_phone_invalid"))
    return Heard(REFUSED) if declines(context.text) else Heard()


def _hear_text(context: TurnContext, item: Item) -> Heard:
    said = " ".join(clean(context.text).split())
    if item.key in _NAMES:
        if item.key == "shop_name" and _NAMELESS.fullmatch(" ".join(folded_words(said))):
            return Heard(note=_words(context, "survey_shop_unnamed"))
        said = _POLITE_END.sub("", _LEAD.sub("", said)) or said
    if not any(character.isalnum() for character in said) or said in (NA, REFUSED) or is_no_text(item, said):
        return Heard()
    if not item.required and is_spelt(said, _NOTHING_TO_SAY):
        return Heard(REFUSED)
    if len(said) > item.max_length:
        return Heard(note=_words(context, "survey_too_long", most=item.max_length))
    return Heard(said)


def _hear_trade(context: TurnContext, item: Item) -> Heard:
    found = context.content.trades.find(context.text)
    if not found:
        return Heard()
    if len(found) == 1:
        return Heard(found[0].id, found[0].say[context.language] if found[0].say else "")
    buttons = [answer_button(item, trade.button[context.language], trade.id) for trade in found[:MOST_CHOICES]]
    return Heard(note=_words(context, "survey_which_trade"), buttons=buttons)


def _hear_commune(context: TurnContext, response: Response, item: Item, mentions: Sequence[Mention]) -> Heard:
    province = _province(context, response)
    try:
        context.content.packs.province(province)
    except UnknownProvince:  # a version that asks for the commune of a province without a pack
        return _hear_text(context, item)
    place = context.content.communes.resolve_all(mentions, context.text, province)
    if place.commune is not None and place.kind in (Kind.CURRENT, Kind.OLD_UNIT):
        return Heard(place.commune.code, _words(context, "survey_commune_noted", commune=place.commune.full_name))
    if place.kind in (Kind.OTHER_PROVINCE, Kind.PROVINCE_WITHOUT_PACK):
        return _commune_elsewhere(context, response, place, province)
    if place.communes:
        choices = place.communes[:MOST_CHOICES]
        names = ", ".join(commune.full_name for commune in place.communes)
        buttons = [answer_button(item, _capital(one.full_name), one.code) for one in choices]
        back = item.ask_back[context.language] if item.ask_back else "{options}"
        return Heard(note=back.format(options=names), buttons=buttons)
    if place.typed:
        return Heard(note=_words(context, "survey_commune_unknown", name=place.typed))
    return Heard()


def _commune_elsewhere(context: TurnContext, response: Response, place: Resolution, province: str) -> Heard:
    packs = context.content.packs
    there = place.outside or packs.province(place.province).name
    item = response.survey.by_key["province"]
    change = button(context, "survey_change_province_button", f'/edit_survey{{"q":"{item.id}"}}')
    here = packs.province(province).name
    return Heard(note=_words(context, "survey_commune_elsewhere", there=there, here=here), buttons=[change])


def _province(context: TurnContext, response: Response) -> str:
    """The pack of the province that the owner chose."""
    return normalise_province_id(str(facts(response).get("province", context.province)))


def _either(context: TurnContext, names: list[str]) -> str:
    """ "“5–7 khách” hay “8 khách trở lên”" """
    quoted = [f"“{name}”" for name in names]
    return f"{', '.join(quoted[:-1])} {_words(context, 'or')} {quoted[-1]}"


def _words(context: TurnContext, phrase: str, **values: object) -> str:
    return context.content.phrases.say(phrase, context.language, **values)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
