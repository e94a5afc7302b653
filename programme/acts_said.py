"""What an owner says about an act of the hotline: do it, do not, or a question about it.

An intent says what a message is about, not whether it is wanted: "đừng xóa dữ liệu" looks like "xóa dữ liệu". Words are
compared without accents, except where they would become another word (đúng, dùng, từ từ, lúa).
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from typing import Literal

from store.text import fold

DataKind = Literal["access", "erasure"]
PHONE = "sophone"  # stands for a telephone number that programme/calls_said.py has found

# Spelt so, a word is not the one that it looks like without its accents (đừng, tự tử, có, gặp, lừa, hông, khoan).
_OTHER_WORDS = frozenset(
    "đúng dùng đứng đựng dũng dụng từ tứ tư vân văn cô gấp gập lựa lúa lụa lửa hỏng hồng khoản khoán khối khởi khói"
    " muộn mượn lạ nợ đã nó dụ sông sóng song hộ hồ".split()
)
_SAME_WORDS = {"nỏ": "khong", "chứ": ",", "mà": ",", "nhưng": ",", "but": ","}  # "nỏ": not, in Nghệ Tĩnh and Thanh Hóa
_TOKEN = re.compile(r"[^\W_]+|[,.;!?\n]")

_PRONOUNS = r"toi|tui|minh|em|anh|chi|bac|chu|chau|con|cô|co|ho|you|me|i|we|us"
_NO = r"khong|ko|k|kg|kh|hong|hok|hem|hum|chang|cha"
_WISH = r"muon|can|phai|dinh|nen|thich|voi|co nhu cau|co y dinh|yeu cau|bao|nho|dong y|cho phep"
_FILLERS = rf"{_PRONOUNS}|{_WISH}|cho|hay|he|the|vay|duoc|want|need|wish|to|please|ask|my|any|of|have"
# "chưa xóa" may tell what was not done; only "chưa muốn xóa" refuses. So does English "not".
_NEGATION = (
    rf"(?:{_NO}|dung|khoi|(?<!tai )(?<!chuyen )(?<!dieu )khoan|chua(?= (?:{_WISH})\b)|don t|dont|do not"
    r"|not(?= (?:want|need|to)\b)|never|no need|no longer(?= want\b))"
)
# Who asks why something is not done, or says what happens otherwise, wants it done.
_WANTS_IT_ALL_THE_SAME = re.compile(r"\b(?:sao|neu|why|if)\b")
_ABOUT = re.compile(
    rf"\bco (?!the\b|duoc (?:{_NO})\b)(?:\w+ ){{1,6}}?(?:{_NO}|gi|chua)\b|\bthi (?:sao|mat|bi|co|con)\b|\bmat gi\b"
    r"|\bla (?:gi|sao)\b|\bbao lau\b|\bde lam gi\b|\banh huong\b|\bhau qua\b"
)
_ASKS_FIRST = re.compile(
    r"\b(?:neu|gia su|tai sao|vi sao|sao phai|co can|co phai|co nen|co bat buoc|if|why|what happens|should i)\b"
)

_ERASE = r"(?:xoa|delete|erase|wipe|deleting|deletion|erasure)"
_SEE = r"(?:xem|coi|lay|gui|mo|xuat|see|show|send)"
_TAKE_BACK = re.compile(
    r"\b(?:rut|huy|bo|thu hoi|cancel|withdraw|take back)(?: lai)?(?: \w+){0,3}? (?:yeu cau|request|deletion|erasure)\b"
)
_ABOUT_A_PERSON = "thong tin|so dien thoai|sdt|tin nhan|ho so|details|information"
_OF_MINE = rf"(?:du lieu|data|(?:{_ABOUT_A_PERSON})(?: \w+){{0,2}} (?:{_PRONOUNS}))"
_ERASURE = re.compile(
    rf"(?<!da )(?<!lo )(?<!bi )\b(?:{_ERASE})\b(?: \w+){{0,4}}? (?:{_OF_MINE})\b(?! (?:tren|trong|may|phan mem|app))"
    r"|\b(?:delete|erase|wipe) (?:all )?my (?:data|information|details)\b"
)
_ACCESS = re.compile(
    # the first group gives nothing back: "em em em …" would be shared out between the two in every way
    rf"^(?:(?:da|em|oi|ad|cho|a) )*+(?:(?:{_SEE}|muon {_SEE}|{_PRONOUNS}) )*(?:du lieu|thong tin|data)(?: ca nhan)?"
    rf" (?:cua )?(?:{_PRONOUNS})(?: (?:a|nhe|voi|di|em|dau))*$|\b(?:see|show|copy of|send)(?: me)? my data\b|^my data$"
)

_AGREEMENT = r"(?:(?:su|loi|y kien|cai) )?(?:dong y|cho phep|chap thuan)"
_WITHDRAW = (
    rf"(?:(?:rut|thu hoi|huy|bo)(?: lai)?(?: \w+)? {_AGREEMENT}"
    r"|(?:withdraw|revoke|take back) (?:my )?(?:consent|permission|agreement))"
)
_KEEP_NO_MORE = re.compile(
    rf"\b{_NEGATION}(?: (?:{_FILLERS}))* (?:luu|luu tru|luu giu|giu|ghi lai|store|storing|keep|keeping)\b"
    rf"(?: (?:lai|tru|giu|het|gi|nua|cua|{_PRONOUNS}|my))*"
    r"(?: (?:du lieu|thong tin|ten mien|tin nhan|data|information|details|domain)\b|(?<= nua)(?: (?:a|nhe|dau|di))*$)"
    rf"|\b(?:{_NO}|no longer)(?: con)? (?:dong y|cho phep|agree)(?: \w+){{0,3}} nua\b|\bi no longer agree\b"
    r"|\bstop (?:storing|keeping) my\b"
)

_MATTERS = {
    "domain": re.compile(r"\b(?:ten mien|domain)\b"),
    "firms": re.compile(r"\b(?:doanh nghiep|cong ty|lien he|goi dien|ngan hang|firms?|company|companies|call me)\b"),
    "survey": re.compile(r"\b(?:khao sat|survey)\b"),
}

_OFFICER = r"(?:can bo|nguoi|nhan vien|chuyen vien|tong dai|ai|an officer|a person|a human|somebody|someone)"
_PERSON_ACT = (
    rf"(?:gap(?: lai)?(?= {_OFFICER}\b| nua\b| dau\b|$)|noi chuyen(?! voi (?:may|bot|robot|tro ly|ai ao))|noi may"
    r"|ket noi|chuyen(?= can bo\b| cho\b| may\b| nguoi\b| len\b| qua\b| sang\b| nua\b| dau\b|$)|can bo|nhan vien"
    r"|nguoi that|goi(?= lai\b| cho\b| dien\b| can bo\b| nua\b| dau\b|$)|lien he|khieu nai|phan anh|to cao"
    r"|complain|complaint|talk to|speak (?:to|with)|call(?= me\b| back\b)|an officer|a person|a human)"
)
_PERSON_REFUSED = re.compile(
    rf"\b(?:dung|khoi|khoan|don t|dont|do not|no need to|(?:{_NO}|chua)(?: (?:{_PRONOUNS}))* (?:{_WISH}))"
    rf"(?: (?:{_PRONOUNS}|{_WISH}|want|need|to|phai|de))* {_PERSON_ACT}\b(?!(?: \w+){{0,3}} duoc\b)"
    rf"|\b(?:{_NO})(?: co)? (?:khieu nai|phan anh|to cao)\b(?! duoc\b)"
    rf"|\b(?:{_NO}) {_PERSON_ACT}\b.*\b(?:nua|dau)(?: (?:a|nhe|em))*$|^thoi (?:{_NO}) {_PERSON_ACT}\b"
)
_PERSON_WANTED = re.compile(
    rf"\b(?:gap|noi chuyen voi|noi voi|chuyen(?: cho| may)?|noi may) {_OFFICER}\b|\bgoi (?:lai|cho)\b|\bkhieu nai\b"
    r"|\bphan anh\b|\btalk to\b|\bspeak (?:to|with)\b|\bcall me\b"
)

_STOP_ACT = r"(?:ngung|tat|huy|chan|cat|dung(?= (?:gui|nhan|nhac|tin)\b)|tu choi|stop|unsubscribe)"
_MESSAGES = re.compile(r"\b(?:(?<!thong )tin|sms|nhac (?:han|nho)|thong bao|messages?|reminders?|texts?)\b")
_AGAIN = re.compile(
    r"\b(?:nhan|bat|mo|gui|nhac|dang ky)"
    r"(?: (?:tin|nhan|nhac|han|nho|cac|thong|bao|sms|cho|toi|minh|bac|co|chi|anh)){0,4}? (?:lai|tro lai)\b"
    r"|\btiep tuc (?:nhan|gui|nhac)\b"
    rf"|^(?:(?:{_PRONOUNS}|da|em oi|lai) )*(?:muon|can|dong y|cho(?: (?:{_PRONOUNS}))?)(?: (?:duoc|lai))?"
    r" nhan (?:tin|thong bao|nhac)\b"
    r"|\b(?:resume|start sending|subscribe|opt (?:back )?in)\b|\bback on\b"
)
_ANNOYED = re.compile(r"\b(?:hoai|suot|phien|spam|lien tuc|qua nhieu|mai|cu gui|gui di gui lai)\b")

_DISTRESS = re.compile(
    r"(?<!nong )(?<!doi )(?<!lanh )(?<!vui )(?<!cuoi )(?<!ban )(?<!mac )(?<!dat )(?<!ngon )(?<!met )(?<!dau )(?<!ngai )"
    r"(?<!tuc )(?<!lau )(?<!cham )(?<!dong )\bmuon chet\b"
    rf"|\b(?:{_NO}|chua|chan|het)(?: con)?(?: (?:muon|thiet|thiet tha))+(?: {_PRONOUNS})? song\b"
    r"(?! (?:o|tai|chung|voi|cung|nho|canh|xa)\b)"
    r"|\bchan song\b|\bchet (?:quach|di)? ?cho (?:xong|roi|nhe no|khuat mat)\b|\b(?:muon|dinh|se|toan|phai|di) tu tu$"
    r"|\btu sat\b|\bket lieu doi\b"
    r"|\b(?:kill myself|want to die|end my life|suicide|suicidal|do(?:n t| not) want to live)\b"
)
# Without its accents "tự tử" is "từ từ" and "tự vẫn" is "tư vấn".
_DISTRESS_SPELT = re.compile(r"\btự (?:tử|vẫn)\b")


class Said(StrEnum):
    """What a message says about the act that its intent names. Without a word about it, the intent counts."""

    WANTED = "wanted"
    REFUSED = "refused"
    ASKED_ABOUT = "asked_about"


def said_about_data(text: str, kind: DataKind) -> Said:
    """Whether the owner wants the request opened; REFUSED also takes an open one back.

    What cannot be undone is not begun by a message that speaks against it: one refusal counts for the whole.
    """
    verb = _ERASE if kind == "erasure" else _SEE
    said = clauses(text)
    if any(_TAKE_BACK.search(clause) for clause in said):
        return Said.REFUSED
    judged = [_judged(clause, verb) for clause in said if re.search(rf"\b{verb}\b", clause)]
    if Said.REFUSED in judged:
        return Said.REFUSED
    return Said.ASKED_ABOUT if judged and Said.WANTED not in judged else Said.WANTED


def data_request_said(text: str) -> DataKind | None:
    """The request that a message plainly makes, for where no intent is read (a person has the conversation)."""
    said = clauses(text)
    if any(_ERASURE.search(clause) for clause in said):
        return "erasure" if said_about_data(text, "erasure") is Said.WANTED else None
    return "access" if any(_ACCESS.search(clause) for clause in said) else None


def data_request_taken_back(text: str) -> DataKind | None:
    """The request that the owner does not want any more ("thôi không xóa nữa", "rút yêu cầu xóa")."""
    said = clauses(text)
    if any(re.search(rf"\b{_ERASE}\b", clause) for clause in said):
        return "erasure" if said_about_data(text, "erasure") is Said.REFUSED else None
    about_data = any(re.search(r"\b(?:du lieu|thong tin|data)\b", clause) for clause in said)
    return "access" if about_data and said_about_data(text, "access") is Said.REFUSED else None


def consent_withdrawn(text: str) -> bool:
    """Whether the owner takes back the consent to keeping what they told ("rút lại đồng ý", "thôi không lưu nữa").

    A bare "không lưu" is no more than an answer to the question whether to keep something.
    """
    for clause in clauses(text):
        if re.search(rf"\b{_WITHDRAW}\b", clause) and _judged(clause, _WITHDRAW) is Said.WANTED:
            return True
        said = _KEEP_NO_MORE.search(clause)
        if (
            said
            and not _WANTS_IT_ALL_THE_SAME.search(clause[: said.start()])
            and not _ABOUT.search(clause[said.end() :])
        ):
            return True
    return False


def matter_withdrawn(text: str) -> str | None:
    """What a withdrawn consent is about: domain | firms | survey (programme/consents.py); None: everything, also where
    more than one is named."""
    said = " ".join(clauses(text))
    named = [matter for matter, words in _MATTERS.items() if words.search(said)]
    return named[0] if len(named) == 1 else None


def erasure_wanted_too(text: str) -> bool:
    """Whether a message about something else asks for an erasure as well ("rút lại đồng ý và xóa dữ liệu")."""
    mentioned = any(re.search(rf"\b(?:{_ERASE}|huy thong tin|clear my)\b", clause) for clause in clauses(text))
    return mentioned and said_about_data(text, "erasure") is Said.WANTED


def person_refused(text: str) -> bool:
    """Whether the owner wants no person, and no complaint, after all; the last word on it counts."""
    refused = False
    for clause in clauses(text):
        if _PERSON_REFUSED.search(clause) and not _WANTS_IT_ALL_THE_SAME.search(clause):
            refused = True
        elif _PERSON_WANTED.search(clause):
            refused = False
    return refused


def said_about_opt_out(text: str) -> Said:
    """Whether the owner wants to hear no more."""
    judged = [_judged(clause, _STOP_ACT) for clause in clauses(text) if re.search(rf"\b{_STOP_ACT}\b", clause)]
    return judged[-1] if judged and Said.WANTED not in judged else Said.WANTED


def wants_messages_again(text: str) -> bool:
    """Whether the owner ends the opt-out ("nhận lại tin nhắn nhắc hạn", "bật lại tin nhắn")."""
    said = clauses(text)
    if any(_ANNOYED.search(clause) or re.search(rf"\b(?:{_STOP_ACT}|{_NEGATION})\b", clause) for clause in said):
        return False
    return any(_AGAIN.search(clause) and _MESSAGES.search(clause) for clause in said)


def in_distress(text: str) -> bool:
    """Whether somebody speaks of not wanting to live; "nóng muốn chết" is a way of speaking."""
    spelt = unicodedata.normalize("NFC", text).lower()
    return bool(_DISTRESS_SPELT.search(spelt)) or any(_DISTRESS.search(clause) for clause in clauses(text))


def clauses(text: str) -> list[str]:
    """The parts of a text between its punctuation and its "but", as accent-free words with single spaces."""
    written = _TOKEN.findall(unicodedata.normalize("NFC", text).lower())
    folded = [_SAME_WORDS.get(word, word if word in _OTHER_WORDS else fold(word)) for word in written]
    parts = re.split(r" ?[,.;!?\n] ?", " ".join(folded))
    return [part for part in parts if part]


def _judged(clause: str, verb: str) -> Said:
    refusal = re.search(rf"\b{_NEGATION}(?: (?:{_FILLERS}))* {verb}\b", clause)
    if (
        refusal
        and not _WANTS_IT_ALL_THE_SAME.search(clause[: refusal.start()])
        and not re.match(r"(?: \w+){0,4} duoc\b", clause[refusal.end() :])  # "không xóa được": cannot
    ):
        return Said.REFUSED
    mention = re.search(rf"\b{verb}\b", clause)
    if refusal or mention is None:
        return Said.WANTED
    asks_first = _ASKS_FIRST.search(clause[: mention.start()])
    asks_whether_done = verb == _ERASE and clause.endswith(" chua")
    asks = asks_first or asks_whether_done or _ABOUT.search(clause[mention.end() :])
    return Said.ASKED_ABOUT if asks else Said.WANTED
