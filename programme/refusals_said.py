"""Whether a message, with no intent read, is the wish to get no more messages: "ko nhan tin nua", "huỷ nhận tin".

For short codes, where nobody talks and no model listens; a chat asks its model, then acts_said.said_about_opt_out. A
whole clause must be the refusal: where its words merely stand ("tin nhan nay dung khong", "huy hop dong") is none.
"""

from __future__ import annotations

import re

from programme.acts_said import clauses

_NO = r"khong|ko|k|kg|kh|hong|hok|hem|chang|dung|dunng|khoi"
_ME = r"toi|tui|minh|em|anh|chi|bac|cô|co|chu|ong|ba|con|chau|gia dinh|nha"
_WISH = r"muon|can|thich|dong y|cho phep|co nhu cau|co y dinh|de nghi|yeu cau|xin|mong"
_POLITE = (
    r"da|đã|thua|alo|lam on|lam phien|vui long|phien|nho|hay|please|pls|thoi|oi|a|ad|admin|shop|hotline|cac ban|ban"
)
_BEFORE = rf"(?:(?:{_ME}|{_WISH}|{_POLITE}|cho|(?:tu|từ) (?:nay|gio)|sau nay|so nay|ben nay) )*"
# What is refused, and whose it is
_SMS = r"tin nhan|tin|sms|thong bao|quang cao|qc|mess|message|messages|nhan tin"
_ACTS = rf"gui|nhan|nhac|spam|lam phien|quay ray|(?:goi|nhan) (?:{_SMS})|nhan tin"
_OF = (
    rf"{_SMS}|gui|nhan|nhac|rac|cho|den|toi|vao|ve|qua|tu|{_ME}|ho|so|sdt|so dien thoai|dien thoai|may|nay|kia|do|cac"
    r"|nhung|loai|kieu|moi|tat ca|het|them|hotline|dich vu|hang ngay|khao sat|lop hoc|nhac nho|gioi thieu|chuong"
    r" trinh|cua"
)
_AFTER = (
    r"nua|dau|nhe|nha|nhen|di|luon|a|ạ|voi|giup|ngay|roi|cam on|xin cam on|cam on nhieu|em|duoc khong|duoc ko|duoc k"
    r"|dc khong|dc ko|ma van gui|ma con gui|phien qua|phien lam|ban oi|lam on|please|pls"
)
_REST = rf"(?: (?:{_OF}|{_AFTER})\b)*+"  # gives nothing back: "nhan tin" would be shared out in every way
_END = r"(?:huy bo|huy|ngung|ngưng|tat|chan|cat|bo|thoi|tu choi|từ choi|stop|unsubscribe|cancel)"
_SIGN_UP = r"dang ky|dang ki|dk|dki|theo doi"
_SENTENCES = re.compile(
    # "khong muon nhan tin nua", "dung gui cho toi"; "khong nhan duoc tin" tells of something else
    rf"{_BEFORE}(?:{_NO})(?: con)?(?: (?:{_WISH}|{_ME}|cho|de))* (?:{_ACTS})\b{_REST}"
    rf"|{_BEFORE}(?:{_NO})(?: con)?(?: (?:{_WISH}))+ (?:{_SIGN_UP}|co)(?: (?:{_SMS})){_REST}"
    rf"|(?=.* nua\b){_BEFORE}(?:{_NO}) (?:duoc|dc) (?:gui|nhan tin|nhac){_REST}"
    # "huy dang ky nhan tin", "ngung gui", "tat thong bao"
    rf"|{_BEFORE}{_END}(?: (?:{_SIGN_UP}))?(?: viec)? (?:{_ACTS}|{_SMS}){_REST}"
    rf"|{_BEFORE}(?:huy bo|huy|bo|cancel) (?:{_SIGN_UP})(?: (?:{_AFTER}))*"
    r"|(?:da |xin |vui long )*dung (?:tin nhan|tin|sms)(?: (?:nua|lai|di|nhe|a|cho toi))*"
    # "xoa so cua toi khoi danh sach"
    rf"|{_BEFORE}(?:xoa|bo|loai|rut|go|lay)(?: (?:so|sdt|so dien thoai|ten|cua|nay|ra|{_ME}))* khoi danh sach{_REST}"
    r"|(?:please )?(?:stop|quit) (?:sending|texting|messaging|contacting|spamming)"
    r"(?: (?:me|us|messages?|texts?|sms|please|now))*"
    r"|(?:please )?(?:do not|don t|dont|never) (?:send|text|message|contact|spam) (?:me|us)"
    r"(?: (?:messages?|texts?|sms|any|more|anymore|again|please))*"
    r"|(?:please )?no more (?:messages?|texts?|sms)(?: (?:please|thanks|thank you))*"
    r"|(?:please )?(?:remove|take) (?:me|my number|this number)(?: (?:from|off) (?:the|your|this) list)?(?: please)?"
    r"|(?:please )?(?:unsubscribe|opt out)(?: (?:me|us|please|now))*"
)
# Nothing but such a word, and it was meant alone
_WORD = r"stop|tc|tu choi|từ choi|huy|huy bo|ngung|dung|unsubscribe|cancel|(?:khong|ko|k|dung) (?:nhan|gui)"
_ALONE = re.compile(
    # "dung roi" is how "đúng rồi" is written without accents
    rf"(?!.*\bdung roi\b)(?:(?:soan|gui|{_ME}|xin|da|a) )*+(?:{_WORD})(?: (?:qc|{_AFTER}))*"
)
# Written in haste: how people shorten, and keys that Telex leaves behind where its program is off
_SHORT = dict(
    pair.split("=")
    for pair in (
        "tn=tin nhan,tnhan=tin nhan,nt=nhan tin,khog=khong,khg=khong,hui=huy,hy=huy,mun=muon,nx=nua,gvi=gui".split(",")
    )
)
_KNOWN = frozenset(
    "huy ngung dung khong nhan tin gui nua toi cho muon can dang ky tu choi tat thong bao quang cao nhac stop phien"
    " danh sach chan em minh".split()
)
_LEFT_BY_TELEX = re.compile(r"[sfrxjwz]")
_TWICE = re.compile(r"(.)\1+")


def refuses_messages(text: str) -> bool:
    """Whether the message, or a whole clause of it, asks that nothing more is sent."""
    said = [" ".join(_plainly(word) for word in clause.split()) for clause in clauses(text)]
    return bool(_ALONE.fullmatch(" ".join(said))) or any(_SENTENCES.fullmatch(clause) for clause in said)


def _plainly(word: str) -> str:
    """A word as it was meant: shortened, with a letter too many, with Telex's keys, or two letters changed about."""
    if word in _KNOWN or not word.isascii():
        return _SHORT.get(word, word)
    if word in _SHORT:
        return _SHORT[word]
    untyped = (word, _LEFT_BY_TELEX.sub("", word), _LEFT_BY_TELEX.sub("", word.replace("w", "u")))
    for meant in (_TWICE.sub(r"\1", one) for one in untyped):
        if meant in _KNOWN:
            return meant
    if len(word) > 3:
        for at in range(len(word) - 1):
            meant = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
            if meant in _KNOWN:
                return meant
    return word
