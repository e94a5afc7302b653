"""Whether an owner who opens a telling has told anything yet, and whether they have nothing more to tell."""

from __future__ import annotations

from store.text import folded_words

# How a telling is opened; whoever says nothing else has not told anything yet.
_OPENING = frozenset(
    """toi tui minh em anh chi co bac chu chau con ba ong ad admin ban bo me nha o choa da vang a ah oi nhe nha nhen voi
    vs di muon can xin cho nho giup gui neu noi bao ghi lai nhan chut xiu mot it vai may cai cay ni nay gop y kien phan
    anh hoi kho khan vuong mac kien nghi de xuat dong den toi ve cua hang tiem quan shop cho chuong trinh hotline tinh
    len tren duoc khong ko k hong hok dau o the nao thi la va i want to would like give report some a the about feedback
    suggestion difficulty difficulties opinion please my""".split()
)
FEWEST_WORDS = 3
_NO_MORE = frozenset(
    (
        "thoi,thoi khong,thoi khoi,khong can,khong noi nua,khong gop y nua,khong bao nua,thoi khong noi nua"
        ",thoi khong gop y nua,thoi khong bao nua,khong muon gop y nua,thoi khoi gop y,khoi gop y nua"
        ",thoi khoi gop y nua,khong co gi,khong co gi nua"
        ",het roi,vay thoi,the thoi,chi vay thoi,chi the thoi,bo qua,huy,thoat,nham,nham roi,nothing more,that is all"
        ",never mind,cancel"
    ).split(",")
)
_AROUND = frozenset("a da vang em nhe nha oi".split())
LONGEST_LEAVE = 40


def says_something(text: str) -> bool:
    """Whether there is more in it than that somebody wants to say something."""
    return sum(word not in _OPENING for word in folded_words(text)) >= FEWEST_WORDS


def says_nothing_more(text: str) -> bool:
    """ "Thôi em", "hết rồi ạ", "bỏ qua"; not a bare "không", which may answer anything."""
    if len(text) > LONGEST_LEAVE:
        return False
    return " ".join(word for word in folded_words(text) if word not in _AROUND) in _NO_MORE
