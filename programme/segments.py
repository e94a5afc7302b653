"""Segments: questions about shops, as an expression that is read, checked, counted and said in words.

An expression is JSON: {"and": […]}, {"or": […]}, {"not": …} around conditions such as {"commune": ["05566"]} or
{"survey": "none"}. {"and": []} means every shop of the province. What the conditions mean in SQL is in
segment_query.py, how they are said in segment_words.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select, func, select

from programme.lead_states import LeadState
from programme.segment_query import contacts_where
from programme.segment_tree import And, Leaf, Node, Not, Or
from programme.segment_words import said
from store import large_reads
from store.tables import contact

if TYPE_CHECKING:
    from programme.content import Content

DEEPEST = 6  # groups inside groups; "not" counts as one
MOST_CONDITIONS = 40
MOST_VALUES = 1000  # in one condition
MOST_VALUES_IN_ALL = 5000  # each becomes a parameter of the statement, of which SQLite takes 32,766
MOST_DAYS = 3650
# Conditions that choose from a short list of words; a word alone may stand without its list
CHOICES: Mapping[str, tuple[str, ...]] = {
    "survey": ("done", "open", "none"),
    "lead": tuple(LeadState),
    "class": ("attended", "registered", "wished", "none"),
    "language": ("vi", "en"),
    "has": ("phone", "zalo"),
}
FROM_CONTENT = ("commune", "vendor", "trade")


class SegmentInvalid(ValueError):
    """An expression cannot be used. `code` is stable, `words` are Vietnamese, for whoever made it."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(f"{code}: {words}")
        self.code = code
        self.words = words


@dataclass(frozen=True)
class Sampled:
    """One of a segment, so that its maker recognises the kind of people: never a whole name or number."""

    contact_id: int
    name: str
    phone: str


@dataclass(frozen=True)
class Segment:
    """A question that was read. The same expression always has the same `json`, whatever way it was written in."""

    node: Node

    @property
    def json(self) -> dict[str, Any]:
        return self.node.json()

    def check(self, province: str, content: Content) -> None:
        """Raises SegmentInvalid for communes, vendors and trades that the province has not."""
        communes = {commune.code for commune in content.communes.communes(province)}
        vendors = {vendor.id for vendor in content.packs.province(province).vendors}
        for leaf in _leaves(self.node):
            if leaf.name == "commune":
                _refuse_unknown(leaf, communes, "segment_unknown_commune", "Tỉnh không có xã, phường mã")
            elif leaf.name == "vendor":
                _refuse_unknown(leaf, vendors, "segment_unknown_vendor", "Tỉnh không có doanh nghiệp mã")
            elif leaf.name == "trade":
                _refuse_unknown(leaf, content.trades.trades, "segment_unknown_trade", "Không có ngành hàng mã")

    def contacts(self, province: str, now: datetime, content: Content) -> Select[tuple[int]]:
        """The ids (column `contact_id`) of those it is about: shops of the province, each person once, also when
        several of their contacts were linked. Raises SegmentInvalid like `check`."""
        self.check(province, content)
        return contacts_where(self.node, province, now, content)

    def count(self, connection: Connection, province: str, now: datetime, content: Content) -> int:
        chosen = self.contacts(province, now, content).subquery()
        large_reads.prepare(connection)
        return connection.scalar(select(func.count()).select_from(chosen)) or 0

    def sample(
        self, connection: Connection, province: str, now: datetime, content: Content, size: int = 5
    ) -> list[Sampled]:
        """Up to `size` of them, those that came last first."""
        chosen = self.contacts(province, now, content)
        column = chosen.selected_columns.contact_id
        large_reads.prepare(connection)
        ids = list(connection.scalars(chosen.order_by(column.desc()).limit(size)))
        rows = connection.execute(select(contact.c.id, contact.c.name, contact.c.phone).where(contact.c.id.in_(ids)))
        by_id = {row.id: Sampled(row.id, _masked(row.name), _tail(row.phone)) for row in rows}
        return [by_id[id_] for id_ in ids]

    def words(self, content: Content, language: str = "vi") -> str:
        """The question as a sentence without its full stop: "ở xã A hoặc xã B, chưa làm khảo sát"."""
        return said(self.node, content, language)


EVERYBODY: dict[str, Any] = {"and": []}


def read(expression: object) -> Segment:
    """Read an expression as JSON has it. Raises SegmentInvalid for whatever is none, is too deep or too large."""
    node = _node(expression, 0)
    if sum(1 for _ in _leaves(node)) > MOST_CONDITIONS:
        raise SegmentInvalid("segment_too_large", f"Nhóm có quá {MOST_CONDITIONS} điều kiện.")
    if sum(len(leaf.values) + len(leaf.numbers) for leaf in _leaves(node)) > MOST_VALUES_IN_ALL:
        raise SegmentInvalid("segment_too_large", f"Cả nhóm có quá {MOST_VALUES_IN_ALL} giá trị.")
    return Segment(node)


def _node(given: object, depth: int) -> Node:
    if depth > DEEPEST:
        raise SegmentInvalid("segment_too_deep", f"Các nhóm điều kiện lồng nhau quá {DEEPEST} lớp.")
    if not isinstance(given, Mapping) or not given or not all(isinstance(key, str) for key in given):
        raise SegmentInvalid("segment_malformed", "Mỗi điều kiện phải là một cặp tên và giá trị.")
    if "reached" in given:
        return _reached(given)
    if len(given) != 1:
        raise SegmentInvalid("segment_malformed", f"Một điều kiện chỉ có một tên, ở đây có {len(given)}.")
    ((name, value),) = given.items()
    if name == "not":
        return Not(_node(value, depth + 1))
    if name in ("and", "or"):
        return _group(name, value, depth)
    return _leaf(name, value)


def _group(name: str, value: object, depth: int) -> Node:
    if not isinstance(value, (list, tuple)):
        raise SegmentInvalid("segment_malformed", f'"{name}" phải đi với một danh sách điều kiện.')
    if len(value) > MOST_CONDITIONS:
        raise SegmentInvalid("segment_too_large", f"Nhóm có quá {MOST_CONDITIONS} điều kiện.")
    if not value and (name == "or" or depth):
        raise SegmentInvalid("segment_empty_group", "Có một nhóm không có điều kiện nào.")
    parts = tuple(_node(one, depth + 1) for one in value)
    return And(parts) if name == "and" else Or(parts)


def _leaf(name: str, value: object) -> Leaf:
    if name in FROM_CONTENT:
        return Leaf(name, _texts(name, value))
    if name in CHOICES:
        chosen = _texts(name, [value] if isinstance(value, str) else value)
        for one in chosen:
            if one not in CHOICES[name]:
                known = ", ".join(CHOICES[name])
                raise SegmentInvalid("segment_value", f'"{name}" không có giá trị "{one[:40]}" (chỉ có: {known}).')
        return Leaf(name, chosen)
    if name == "level":
        return _level(value)
    if name == "last_contact":
        return _last_contact(value)
    if name == "contacts":
        if not isinstance(value, (list, tuple)) or not 0 < len(value) <= MOST_VALUES:
            raise SegmentInvalid("segment_value", f"Danh sách người nhận phải có từ 1 đến {MOST_VALUES} người.")
        return Leaf(name, numbers=tuple(sorted({_whole(name, one, 1, 2**63 - 1) for one in value})))
    raise SegmentInvalid("segment_unknown_field", f'Không có điều kiện tên "{name[:40]}".')


def _level(value: object) -> Leaf:
    if not isinstance(value, Mapping) or not value or not set(value) <= {"from", "to"}:
        raise SegmentInvalid("segment_value", 'Mức độ chuyển đổi số cần "from", "to" hoặc cả hai.')
    low = _whole("level", value.get("from", 1), 0, 9)
    high = _whole("level", value.get("to", 9), 0, 9)
    if low > high:
        raise SegmentInvalid("segment_value", f"Mức {low} không thể đứng trước mức {high}.")
    return Leaf("level", numbers=(low, high))


def _reached(given: Mapping[str, object]) -> Leaf:
    if not set(given) <= {"reached", "days"} or not isinstance(given["reached"], bool):
        raise SegmentInvalid("segment_malformed", '"reached" là true hoặc false, kèm "days" nếu cần.')
    days = () if given.get("days") is None else (_whole("days", given["days"], 1, MOST_DAYS),)
    return Leaf("reached", ("yes" if given["reached"] else "no",), days)


def _last_contact(value: object) -> Leaf:
    if not isinstance(value, Mapping) or len(value) != 1 or not set(value) <= {"before_days", "within_days"}:
        raise SegmentInvalid("segment_value", 'Lần liên lạc cuối cần "before_days" hoặc "within_days".')
    ((side, days),) = value.items()
    return Leaf("last_contact", (side,), (_whole(side, days, 1, MOST_DAYS),))


def _texts(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(one, str) and one for one in value):
        raise SegmentInvalid("segment_value", f'"{name}" phải là một danh sách chữ.')
    if not value:
        raise SegmentInvalid("segment_value", f'Chưa chọn giá trị nào cho "{name}".')
    if len(value) > MOST_VALUES:
        raise SegmentInvalid("segment_too_large", f'"{name}" có quá {MOST_VALUES} giá trị.')
    return tuple(sorted(set(value)))


def _whole(name: str, value: object, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise SegmentInvalid("segment_value", f'"{name}" phải là số nguyên từ {low} đến {high}.')
    return value


def _refuse_unknown(leaf: Leaf, known: Mapping[str, object] | set[str], code: str, words: str) -> None:
    strangers = [value for value in leaf.values if value not in known]
    if strangers:
        raise SegmentInvalid(code, f'{words} "{strangers[0][:40]}".')


def _leaves(node: Node) -> Iterator[Leaf]:
    if isinstance(node, Leaf):
        yield node
    elif isinstance(node, Not):
        yield from _leaves(node.part)
    else:
        for part in node.parts:
            yield from _leaves(part)


def _masked(name: str | None) -> str:
    """ "Nguyễn Thị Hoa" → "N. T. Hoa": the word one is called by, the others as their first letter."""
    *before, last = (name or "").split() or [""]
    return " ".join([*(f"{word[0]}." for word in before), last])


def _tail(phone: str | None) -> str:
    return f"… {phone[-3:]}" if phone else ""
