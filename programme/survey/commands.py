"""What an owner may say at any question instead of an answer: explain, go back, change an answer, skip, stop."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from programme.survey.definition import Item, Survey
from programme.survey.numbers import NUMBERS
from programme.survey.reading import is_spelt, without_edges
from store.text import folded_words

Name = Literal["explain", "back", "skip", "pause", "edit"]


@dataclass(frozen=True)
class Command:
    """`target`: of an edit, a question's number ("3") or an item's id; `place`: of the option that it is changed to."""

    name: Name
    target: str = ""
    place: str = ""


_EXPLAIN = frozenset(
    """giai thich,giai thich giup,giai thich them,giai thich cau nay,giai thich cau hoi,la gi,la sao,nghia la gi,
    nghia la sao,y la gi,y la sao,cau nay la sao,cau nay la gi,cau nay nghia la gi,cau nay hoi gi,hoi gi,khong hieu,
    ko hieu,k hieu,hong hieu,chua hieu,khong hieu cau hoi,khong hieu cau nay,ko hieu cau nay,khong ro cau hoi,vi du,
    cho vi du,vi du di,noi ro hon,noi ro hon di,noi lai de hieu hon,huong dan,explain,explain please,help,example,
    what does that mean,what do you mean,i do not understand""".replace("\n    ", "").split(",")
)
_BACK = frozenset(
    """quay lai,quay lai cau truoc,quay ve cau truoc,quay lai cau vua roi,tro lai,tro lai cau truoc,cau truoc,lui lai,
    lui lai mot cau,lui lai 1 cau,ve cau truoc,cho quay lai,back,go back,previous,previous question
    """.replace("\n    ", "").split(",")
)
_SKIP = frozenset(
    """bo qua,bo qua cau nay,bo cau nay,cho qua,cho qua cau nay,qua cau khac,qua cau tiep,qua cau sau,cau khac,
    cau tiep,cau tiep theo,khong tra loi,ko tra loi,khong muon tra loi,ko muon tra loi,khong muon noi,tu choi tra loi,
    tu choi,skip,skip it,skip this,next,next question,pass""".replace("\n    ", "").split(",")
)
_PAUSE = frozenset(
    """dung lai,tam dung,tam nghi,nghi da,de sau,de sau di,de khi khac,de hom khac,luc khac,luc khac lam tiep,
    mai lam tiep,hom khac lam tiep,hom khac,ban roi,dang ban,co khach,co khach roi,thoi,thoi khong lam nua,thoi de sau,
    thoi khong lam,khong lam nua,ko lam nua,dung khao sat,dung lam,thoat,pause,later,quit,exit,stop the survey
    """.replace("\n    ", "").split(",")
)
# Without their marks "dừng" and "đúng" are the same, and so are "bận" and "bán".
_SPELT_OTHERWISE = re.compile(r"\b(?:đúng|dùng|đừng|bán|bàn|bạn)\b")
_STOPS = re.compile(r"(?:dạ |thôi )?dừng(?: ạ| đi| nhé| em| lại)*")
_CHANGE = r"(?:sua|doi|chinh|chon|lam|tra loi|thay)(?: lai)?"
_ANY_NUMBER = rf"\d{{1,2}}|{'|'.join(NUMBERS)}"
_EDIT_NUMBER = re.compile(
    rf"(?:{_CHANGE}|quay lai|ve|toi muon {_CHANGE}|cho {_CHANGE}|change|edit) (?:cau|so|question)(?: so)? "
    rf"(?P<number>{_ANY_NUMBER})(?: (?:thanh|sang|la|chon|to|as)(?: so| cau| y)? (?P<place>{_ANY_NUMBER}))?"
    r"(?: a| em| nhe| di| giup)*"
)
# "câu 3 chọn 2": without a word for changing it
_SAID_OF = re.compile(rf"cau (?P<number>{_ANY_NUMBER}) (?:thanh|la|chon)(?: so)? (?P<place>{_ANY_NUMBER})")
_EDIT_NAMED = re.compile(
    r"(?:sua|doi|chinh|thay|nham|change|edit)(?: lai)? (?P<name>.+?)(?: a| em| nhe| di| giup| roi)*"
)


def read_command(survey: Survey, text: str) -> Command | None:
    """The command in a short message; None when it is none."""
    written = unicodedata.normalize("NFC", text[:80]).lower().strip(" .!?")
    if _STOPS.fullmatch(written) or (is_spelt(text, _PAUSE) and not _SPELT_OTHERWISE.search(written)):
        return Command("pause")
    if is_spelt(text, _EXPLAIN):
        return Command("explain")
    if is_spelt(text, _BACK):
        return Command("back")
    if is_spelt(text, _SKIP):
        return Command("skip")
    return _edit(survey, " ".join(without_edges(folded_words(text[:80]))))


def _edit(survey: Survey, words: str) -> Command | None:
    if match := _EDIT_NUMBER.fullmatch(words) or _SAID_OF.fullmatch(words):
        return Command("edit", _digits(match["number"]), _digits(match["place"]))
    match = _EDIT_NAMED.fullmatch(words)
    item = _named(survey, match["name"]) if match else None
    return Command("edit", item.id) if item else None


def _digits(word: str | None) -> str:
    return str(NUMBERS.get(word, word)) if word else ""


def _named(survey: Survey, name: str) -> Item | None:
    for item in survey.items:
        labels = (item.label.vi, item.label.en) if item.label else ()
        for label in labels:
            said = " ".join(folded_words(label))
            # "xã/phường": either of the two is its name
            if name in (said, *(" ".join(folded_words(part)) for part in label.split("/"))):
                return item
    return None
