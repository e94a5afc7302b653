"""A segment's expression as one SQL Select: which shops' contacts it is about. Reads no row itself.

The base are the shops of a province; their facts (surveys, leads, classes, messages, conversations) belong to the
person, so a fact of any contact that is linked counts. Few people have several contacts, and to look for them at every
row would cost three times as much as all the rest: so there are two parts, whoever is alone, with their own rows, and
whoever is linked, with everybody's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    not_,
    or_,
    select,
    true,
    union,
    union_all,
)

from programme.segment_facts import OF_THE_SHOP, facts_of, plainly
from programme.segment_tree import And, Leaf, Node, Not, Or
from store.channel_tables import channel_link
from store.tables import contact, shop

if TYPE_CHECKING:
    from programme.content import Content


def contacts_where(node: Node, province: str, now: datetime, content: Content) -> Select[tuple[int]]:
    """The contacts (column `contact_id`) of the province's shops for which `node` is true, each person once."""
    asked = plainly(node, province, content)
    both = union_all(_Alone(province, now).select(asked), _Linked(province, now).select(asked)).subquery()
    return select(both.c.contact_id)


class _Part(ABC):
    """`shop`: what has the columns of a shop here."""

    def __init__(self, of: FromClause, now: datetime) -> None:
        self._shop = of
        self._now = now

    @abstractmethod
    def has(self, leaf: Leaf) -> ColumnElement[bool]:
        """Whether a fact is there, as a value; never null."""

    def holds(self, node: Node) -> ColumnElement[bool]:
        """A condition somewhere in an expression; never null, so that "not" means what it says."""
        match node:
            case And(parts):
                return and_(true(), *(self.holds(part) for part in parts))
            case Or(parts):
                return or_(false(), *(self.holds(part) for part in parts))
            case Not(part):
                return not_(self.holds(part))
        if node.name not in OF_THE_SHOP:
            return self.has(node)
        values: tuple[Any, ...] = node.numbers if node.name == "contacts" else node.values
        column = self._shop.c["contact_id" if node.name == "contacts" else node.name]
        return and_(column.is_not(None), column.in_(values))


class _Alone(_Part):
    """Whoever has one contact. Conditions that must all hold become semi-joins, all that must not one anti-join, the
    others outer joins of distinct ids under a boolean expression: the planner has no good way with IN (…) under OR over
    a million rows, and none at all with NOT IN."""

    def __init__(self, province: str, now: datetime) -> None:
        super().__init__(shop, now)
        self._province = province
        self._joined: dict[Leaf, FromClause] = {}

    def select(self, node: Node) -> Select[tuple[int]]:
        wanted: list[ColumnElement[bool]] = []
        nothing_of: list[Leaf] = []
        without = _ends()
        for part, negated in _conjuncts(node, negated=False):
            leaves = _any_of(part)
            if leaves is None:
                condition = self.holds(part)
                wanted.append(not_(condition) if negated else condition)
            elif negated:
                nothing_of += leaves
            elif leaves == [Leaf("has_phone")]:  # far fewer have none
                without.append(select(contact.c.id.label("contact_id")).where(contact.c.phone_key.is_(None)))
            else:
                wanted.append(_is_among(self._rows(leaves)))
        wanted.append(not_(_is_among([*self._rows(nothing_of), *without])))
        base: FromClause = shop
        for joined in self._joined.values():
            base = base.outerjoin(joined, joined.c.contact_id == shop.c.contact_id)
        chosen = select(shop.c.contact_id.label("contact_id")).select_from(base)
        return chosen.where(shop.c.province == self._province, *wanted)

    def has(self, leaf: Leaf) -> ColumnElement[bool]:
        if leaf not in self._joined:
            rows = union_all(*self._rows([leaf])).subquery()
            self._joined[leaf] = select(rows.c.contact_id).distinct().subquery()
        return self._joined[leaf].c.contact_id.is_not(None)

    def _rows(self, leaves: list[Leaf]) -> list[Select[Any]]:
        facts = [fact for leaf in dict.fromkeys(leaves) for fact in facts_of(leaf, self._now)]
        return [select(column.label("contact_id")).where(condition) for column, condition in facts]


class _Linked(_Part):
    """People with several contacts. Of their shops one stands for them: the one with a number, else the one that the
    conversations belong to."""

    def __init__(self, province: str, now: datetime) -> None:
        linked = _linked()
        home_first = case((linked.c.contact_id == linked.c.home, 0), else_=1)
        rank = func.row_number().over(
            partition_by=linked.c.home,
            order_by=(case((_has_number(linked), 0), else_=1), home_first, linked.c.contact_id),
        )
        ranked = (
            select(shop.c.contact_id, shop.c.commune, shop.c.trade, linked.c.home, rank.label("rank"))
            .select_from(linked)
            .join(shop, shop.c.contact_id == linked.c.contact_id)
            .where(shop.c.province == province)
            .subquery()
        )
        super().__init__(ranked, now)

    def select(self, node: Node) -> Select[tuple[int]]:
        return select(self._shop.c.contact_id).where(self._shop.c.rank == 1, self.holds(node))

    def has(self, leaf: Leaf) -> ColumnElement[bool]:
        kin = _linked()
        theirs = [
            exists().where(column == kin.c.contact_id, condition) for column, condition in facts_of(leaf, self._now)
        ]
        said = _has_number(kin) if leaf.name == "has_phone" else or_(*theirs)
        # As a value: these few are looked up in a table of homes, and nothing is joined for them
        return case((self._shop.c.home.in_(select(kin.c.home).where(said)), true()), else_=false())


def _is_among(contacts: list[Select[Any]]) -> ColumnElement[bool]:
    if len(contacts) == 1:
        (only,) = contacts
        return only.where(only.selected_columns.contact_id == shop.c.contact_id).exists()
    there = union_all(*contacts).subquery().c.contact_id
    # Said twice: PostgreSQL takes a union for 200 different numbers, and would go through their shops one by one if it
    # could begin with them
    return exists().where(there == shop.c.contact_id, there >= shop.c.contact_id)


def _has_number(people: FromClause) -> ColumnElement[bool]:
    """As a value that is looked up for each of a few people, so that nobody reads all contacts for them."""
    return select(contact.c.phone_key.is_not(None)).where(contact.c.id == people.c.contact_id).scalar_subquery()


def _ends() -> list[Select[Any]]:
    """Contacts at either end of a link."""
    link = channel_link.c
    ends = (link.from_contact_id, link.to_contact_id)
    return [select(end.label("contact_id")).where(link.undone_at.is_(None)) for end in ends]


def _linked() -> FromClause:
    """Contacts that are one person with another now, with the one that they all lead to (`home`)."""
    left, kept = _ends()
    home = channel_link.c.to_contact_id.label("home")
    return union(left.add_columns(home), kept.add_columns(home)).subquery()


def _any_of(node: Node) -> list[Leaf] | None:
    """The facts of which any one is enough; None where it takes something else."""
    if isinstance(node, Leaf):
        return None if node.name in OF_THE_SHOP else [node]
    if not isinstance(node, Or) or not node.parts:
        return None
    found = [_any_of(part) for part in node.parts]
    return None if None in found else [leaf for leaves in found for leaf in leaves or ()]


def _conjuncts(node: Node, *, negated: bool) -> list[tuple[Node, bool]]:
    """The parts that must all hold, each with whether it must not; nested as deep as that goes. A group with a single
    part is that part."""
    if isinstance(node, Not):
        return _conjuncts(node.part, negated=not negated)
    if isinstance(node, (Or if negated else And)) or (isinstance(node, (And, Or)) and len(node.parts) == 1):
        return [one for part in node.parts for one in _conjuncts(part, negated=negated)]
    return [(node, negated)]
