"""A segment's expression as a sentence, in Vietnamese or English.

Names of places, firms and trades are content's. Not responsible for what the conditions mean: see segment_query.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from programme.segment_tree import And, Leaf, Node, Not

if TYPE_CHECKING:
    from programme.content import Content

MOST_NAMES = 8  # so many communes are said by name, then how many more there are

# (Vietnamese, English) of a condition, and of the same with "not" before it
_Both = tuple[tuple[str, str], tuple[str, str]]
_FIXED: dict[tuple[str, str], _Both] = {
    ("survey", "done"): (
        ("đã làm xong khảo sát", "has finished the survey"),
        ("chưa làm xong khảo sát", "has not finished the survey"),
    ),
    ("survey", "open"): (
        ("đang làm dở khảo sát", "has an unfinished survey"),
        ("không dở dang khảo sát", "has no unfinished survey"),
    ),
    ("survey", "none"): (
        ("chưa làm khảo sát", "has not begun the survey"),
        ("đã làm hoặc đang làm khảo sát", "has begun or finished the survey"),
    ),
    ("class", "attended"): (
        ("đã dự lớp tập huấn", "has attended a class"),
        ("chưa dự lớp tập huấn nào", "has attended no class"),
    ),
    ("class", "registered"): (
        ("đã đăng ký lớp nhưng chưa dự", "has a place in a class but attended none"),
        ("không phải đang chờ dự lớp đã đăng ký", "is not waiting for a class with a place"),
    ),
    ("class", "wished"): (
        ("muốn học nhưng chưa có lớp", "wishes for a class that is not planned yet"),
        ("không chờ mở lớp", "wishes for no further class"),
    ),
    ("class", "none"): (
        ("chưa đăng ký lớp nào", "has no place in any class"),
        ("đã đăng ký hoặc đã dự lớp", "has a place in a class"),
    ),
    ("language", "vi"): (
        ("không nhắn tin bằng tiếng Anh", "does not write in English"),
        ("nhắn tin bằng tiếng Anh", "writes in English"),
    ),
    ("language", "en"): (
        ("nhắn tin bằng tiếng Anh", "writes in English"),
        ("không nhắn tin bằng tiếng Anh", "does not write in English"),
    ),
    ("has", "phone"): (
        ("có số điện thoại", "has a telephone number"),
        ("không có số điện thoại", "has no telephone number"),
    ),
    ("has", "zalo"): (
        ("có cuộc trò chuyện trên Zalo", "has a conversation on Zalo"),
        ("không có cuộc trò chuyện trên Zalo", "has no conversation on Zalo"),
    ),
}
_LEADS: dict[str, tuple[str, str]] = {
    "asking": ("đang được hỏi ý kiến", "owner is being asked"),
    "offered": ("đã chuyển, chờ doanh nghiệp nhận", "offered to the firm"),
    "accepted": ("doanh nghiệp đã nhận", "taken up by the firm"),
    "contacted": ("đã được liên hệ", "contacted"),
    "trial": ("đang dùng thử", "on trial"),
    "in_use": ("đang sử dụng", "in use"),
    "refused": ("bị từ chối", "refused"),
    "lapsed": ("quá hạn nhận", "lapsed"),
    "declined": ("chủ cửa hàng không đồng ý", "declined by the owner"),
    "withdrawn": ("đã rút đồng ý", "consent withdrawn"),
}
_OR, _AND = (" hoặc ", " or "), (", ", ", and ")


def said(node: Node, content: Content, language: str) -> str:
    """No full stop, no capital: "ở xã A hoặc xã B, chưa làm khảo sát". An empty group has words as well."""
    words = _Words(content, 1 if language == "en" else 0)
    return words.of(node, negated=False, inside=False)


class _Words:
    def __init__(self, content: Content, language: int) -> None:
        self._content = content
        self._at = language

    def of(self, node: Node, *, negated: bool, inside: bool) -> str:
        if isinstance(node, Leaf):
            sentence, has_parts = self._leaf(node, negated)
            # Else "has a number, has finished or has begun the survey" could be read as one list of three
            return f"({sentence})" if inside and has_parts else sentence
        if isinstance(node, Not):
            return self.of(node.part, negated=not negated, inside=inside)
        if len(node.parts) == 1:
            return self.of(node.parts[0], negated=negated, inside=inside)
        if not node.parts:
            return self._one("không cửa hàng nào", "no shop") if negated else self._one("mọi cửa hàng", "every shop")
        # "not (a or b)" is said as "not a, and not b", which nobody misreads
        joins_all = isinstance(node, And) is not negated
        parts = [self.of(part, negated=negated, inside=True) for part in node.parts]
        sentence = (_AND if joins_all else _OR)[self._at].join(parts)
        return f"({sentence})" if inside else sentence

    def _leaf(self, leaf: Leaf, negated: bool) -> tuple[str, bool]:
        """What it says, and whether it has an "and" or an "or" of its own between conditions."""
        match leaf.name:
            case "reached":
                return self._reached(leaf, negated), False
            case "last_contact":
                return self._last_contact(leaf, negated), negated and leaf.values == ("before_days",)
        if (leaf.name, *leaf.values[:1]) in _FIXED:
            parts = [_FIXED[leaf.name, value][negated][self._at] for value in leaf.values]
            return (_AND if negated else _OR)[self._at].join(parts), len(parts) > 1
        return self._list(leaf, negated), False

    def _list(self, leaf: Leaf, negated: bool) -> str:
        match leaf.name:
            case "commune":
                return self._at_places(self._communes(leaf.values), negated)
            case "vendor":
                head = (
                    ("thuộc địa bàn của", "in the communes of"),
                    ("không thuộc địa bàn của", "not in the communes of"),
                )
                return self._listed(head, self._vendors(leaf.values), negated)
            case "trade":
                head = ("bán", "sells"), ("không bán", "does not sell")
                return self._listed(head, self._trades(leaf.values), negated)
            case "lead":
                head = ("có nhu cầu tư vấn", "has a lead that is"), ("không có nhu cầu tư vấn", "has no lead that is")
                return self._listed(head, (_LEADS[value][self._at] for value in leaf.values), negated)
            case "level":
                return self._level(leaf.numbers, negated)
        count = len(leaf.numbers)
        yes = f"trong danh sách {count} người được chọn", f"on the list of {count} chosen people"
        no = f"ngoài danh sách {count} người được chọn", f"not on the list of {count} chosen people"
        return (no if negated else yes)[self._at]

    def _one(self, vietnamese: str, english: str) -> str:
        return (vietnamese, english)[self._at]

    def _at_places(self, names: Iterable[str], negated: bool) -> str:
        return self._listed((("ở", "in"), ("không ở", "not in")), names, negated)

    def _listed(self, head: _Both, names: Iterable[str], negated: bool) -> str:
        every = list(names)
        named = every[:MOST_NAMES] if len(every) > MOST_NAMES + 1 else every
        more = len(every) - len(named)
        if more:
            named.append(self._one(f"{more} nơi khác", f"{more} more"))
        return f"{head[negated][self._at]} {_OR[self._at].join(named)}"

    def _communes(self, codes: Iterable[str]) -> Iterable[str]:
        for code in codes:
            commune = self._content.communes.by_code(code)
            yield commune.full_name if commune else code

    def _vendors(self, ids: Iterable[str]) -> Iterable[str]:
        known = {vendor.id: vendor.short for pack in self._content.packs.provinces.values() for vendor in pack.vendors}
        return (known.get(id_, id_) for id_ in ids)

    def _trades(self, ids: Iterable[str]) -> Iterable[str]:
        for id_ in ids:
            trade = self._content.trades.trades.get(id_)
            yield id_ if trade is None else (trade.words.en if self._at else trade.words.vi)

    def _level(self, numbers: tuple[int, ...], negated: bool) -> str:
        low, high = numbers
        span = (f"mức {low}", f"level {low}") if low == high else (f"mức {low} đến {high}", f"level {low} to {high}")
        yes = f"đạt {span[0]} chuyển đổi số", f"is at {span[1]}"
        no = f"không được xếp {span[0]} chuyển đổi số", f"is not at {span[1]}"
        return (no if negated else yes)[self._at]

    def _reached(self, leaf: Leaf, negated: bool) -> str:
        within = (
            self._one(f" trong {leaf.numbers[0]} ngày qua", f" in the last {leaf.numbers[0]} days")
            if leaf.numbers
            else ""
        )
        reached = (leaf.values == ("yes",)) is not negated
        yes, no = self._one("đã được tiếp cận", "was reached"), self._one("chưa được tiếp cận", "was not reached")
        return (yes if reached else no) + within

    def _last_contact(self, leaf: Leaf, negated: bool) -> str:
        days = leaf.numbers[0]
        if leaf.values == ("within_days",):
            yes = f"có liên lạc trong {days} ngày qua", f"was in contact in the last {days} days"
            no = f"không liên lạc trong {days} ngày qua", f"was not in contact in the last {days} days"
        else:
            yes = f"liên lạc lần cuối cách đây hơn {days} ngày", f"was last in contact more than {days} days ago"
            no = (
                f"chưa từng liên lạc hoặc có liên lạc trong {days} ngày qua",
                f"was never in contact, or was in the last {days} days",
            )
        return (no if negated else yes)[self._at]
