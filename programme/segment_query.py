"""A segment's expression as one SQL Select: which shops' contacts it is about. Reads no row itself.

The base are the shops of a province; their facts (surveys, leads, classes, messages, conversations) belong to the
person, so a fact of any contact that is linked counts. Conditions that must all hold become semi-joins, all that must
not one anti-join, the others outer joins of distinct ids under a boolean expression: the planner has no good way with
IN (…) under OR over a million rows, and none at all with NOT IN.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
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

from programme.segment_tree import And, Leaf, Node, Not, Or
from store.campaign_tables import recipient
from store.channel_tables import channel_link
from store.survey_tables import class_place, lead, survey_response
from store.tables import contact, conversation, shop

if TYPE_CHECKING:
    from programme.content import Content

# A fact: the column with the contact's id, and the condition on the row
Fact = tuple[ColumnElement[int], ColumnElement[bool]]
# The message reached the phone as far as anybody knows; of "uncertain" nobody does
REACHED = ("accepted", "delivered")
WENT_OUT = (*REACHED, "uncertain")
OF_THE_SHOP = {"commune": shop.c.commune, "trade": shop.c.trade, "contacts": shop.c.contact_id}
EVERYBODY = And(())


def contacts_where(node: Node, province: str, now: datetime, content: Content) -> Select[tuple[int]]:
    """The contacts (column `contact_id`) of the province's shops for which `node` is true, each person once."""
    return _Query(province, now, content).select(node)


class _Query:
    def __init__(self, province: str, now: datetime, content: Content) -> None:
        self._province = province
        self._now = now
        self._content = content
        self._joined: dict[Leaf, FromClause] = {}
        self._homes = _homes()
        self._person = func.coalesce(self._homes.c.home, shop.c.contact_id)

    def select(self, node: Node) -> Select[tuple[int]]:
        wanted: list[ColumnElement[bool]] = []
        nothing_of: list[Leaf] = []
        for part, negated in _conjuncts(self._plainly(node), negated=False):
            leaves = _any_of(part)
            if leaves is None:
                condition = self._boolean(part)
                wanted.append(not_(condition) if negated else condition)
            elif negated:
                nothing_of += leaves
            else:
                wanted.append(self._is_among(self._people_with(leaves)))
        if nothing_of:  # of all that nobody of the segment may have in one anti-join
            wanted.append(not_(self._is_among(self._people_with(nothing_of))))
        base = shop.outerjoin(self._homes, self._homes.c.contact_id == shop.c.contact_id)
        for joined in self._joined.values():
            base = base.outerjoin(joined, joined.c.person == self._person)
        double = self._doubles().subquery()
        return (
            select(shop.c.contact_id.label("contact_id"))
            .select_from(base)
            .where(
                shop.c.province == self._province, ~exists().where(double.c.contact_id == shop.c.contact_id), *wanted
            )
        )

    def _is_among(self, people: Select[tuple[int]]) -> ColumnElement[bool]:
        rows = people.subquery()
        return exists().where(rows.c.person == self._person)

    def _plainly(self, node: Node) -> Node:
        """The same question in terms of columns of the shop and of facts that a person has or has not."""
        match node:
            case And(parts):
                return And(tuple(self._plainly(part) for part in parts))
            case Or(parts):
                return Or(tuple(self._plainly(part) for part in parts))
            case Not(part):
                return Not(self._plainly(part))
        match node.name:
            case "vendor":
                return self._vendor(node.values)
            case "has":
                return Or(tuple(Leaf(f"has_{value}") for value in node.values))
            case "survey":
                return Or(tuple(_survey(value) for value in node.values))
            case "class":
                return Or(tuple(_class(value) for value in node.values))
            case "reached":
                reached = Leaf("got", numbers=node.numbers)
                return reached if node.values == ("yes",) else Not(reached)
            case "last_contact":
                lately = Leaf("contacted", numbers=node.numbers)
                return lately if node.values == ("within_days",) else And((Leaf("contacted"), Not(lately)))
            case "language":
                english = Leaf("english")
                return EVERYBODY if len(node.values) > 1 else english if node.values == ("en",) else Not(english)
        return node

    def _vendor(self, vendors: tuple[str, ...]) -> Node:
        wide = {vendor.id for vendor in self._content.communes.province_wide_vendors(self._province)}
        if wide & set(vendors):
            return EVERYBODY
        communes = self._content.communes.communes(self._province)
        return Leaf("commune", tuple(each.code for each in communes if each.vendor and each.vendor.id in vendors))

    def _boolean(self, node: Node) -> ColumnElement[bool]:
        """A condition somewhere in an expression; never null, so that "not" means what it says."""
        match node:
            case And(parts):
                return and_(true(), *(self._boolean(part) for part in parts))
            case Or(parts):
                return or_(false(), *(self._boolean(part) for part in parts))
            case Not(part):
                return not_(self._boolean(part))
        if node.name in OF_THE_SHOP:
            values: tuple[Any, ...] = node.numbers if node.name == "contacts" else node.values
            column = OF_THE_SHOP[node.name]
            return and_(column.is_not(None), column.in_(values))
        if node not in self._joined:
            self._joined[node] = self._people_with([node]).distinct().subquery()
        return self._joined[node].c.person.is_not(None)

    def _people_with(self, leaves: list[Leaf]) -> Select[tuple[int]]:
        """Those to whom the rows of these facts belong now."""
        facts = [fact for leaf in dict.fromkeys(leaves) for fact in self._facts(leaf)]
        rows = union_all(*(select(column.label("contact_id")).where(condition) for column, condition in facts))
        had, homes = rows.subquery(), _homes()
        person = func.coalesce(homes.c.home, had.c.contact_id)
        return select(person.label("person")).select_from(had.outerjoin(homes, homes.c.contact_id == had.c.contact_id))

    def _facts(self, leaf: Leaf) -> list[Fact]:
        survey, talk, place = survey_response.c, conversation.c, class_place.c
        match leaf.name:
            case "has_phone":
                return [(contact.c.id, contact.c.phone_key.is_not(None))]
            case "has_zalo":
                return [(talk.contact_id, and_(talk.channel == "zalo", talk.unreachable.is_(None)))]
            case "english":
                return [(talk.contact_id, talk.language == "en")]
            case "level":
                return [
                    (
                        survey.contact_id,
                        and_(survey.status == _written("done"), survey.level.between(leaf.numbers[0], leaf.numbers[1])),
                    )
                ]
            case "survey_is":
                return [(survey.contact_id, survey.status == _written(leaf.values[0]))]
            case "lead":
                return [(lead.c.contact_id, and_(lead.c.contact_id.is_not(None), lead.c.status.in_(leaf.values)))]
            case "attended":
                return [(place.contact_id, place.attended_at.is_not(None))]
            case "has_place":
                return [(place.contact_id, place.class_id.is_not(None))]
            case "wishes":
                return [(place.contact_id, place.class_id.is_(None))]
        return self._messages(REACHED if leaf.name == "got" else WENT_OUT, leaf.numbers)

    def _messages(self, states: tuple[str, ...], days: tuple[int, ...]) -> list[Fact]:
        """What went to them, and that they wrote; within so many days, or ever."""
        sent, heard = recipient.c.tried_at, conversation.c.last_heard_at
        if days:
            since = self._now - timedelta(days=days[0])
            lately = [sent >= since, heard >= since]
        else:
            lately = [sent.is_not(None), heard.is_not(None)]
        out = and_(recipient.c.status.in_(bindparam(None, states, expanding=True, literal_execute=True)), lately[0])
        return [(recipient.c.contact_id, out), (conversation.c.contact_id, lately[1])]

    def _doubles(self) -> Select[tuple[int]]:
        """Shops of the province whose person has another one that stands for both: the one with a number, else the
        one that the conversations belong to."""
        linked = _linked()
        # As a value, so that it is looked up for the few who are linked and nobody reads all contacts
        number = select(contact.c.phone_key.is_(None)).where(contact.c.id == linked.c.contact_id).scalar_subquery()
        rank = func.row_number().over(
            partition_by=linked.c.home,
            order_by=(number, case((linked.c.contact_id == linked.c.home, 0), else_=1), linked.c.contact_id),
        )
        here = select(shop.c.province == self._province).where(shop.c.contact_id == linked.c.contact_id)
        ranked = select(linked.c.contact_id, rank.label("rank")).where(here.scalar_subquery()).subquery()
        return select(ranked.c.contact_id).where(ranked.c.rank > 1)


def _written(status: str) -> BindParameter[str]:
    """In the statement itself: a plan for any value cannot use the index over the rows with this one."""
    return bindparam(None, status, literal_execute=True)


def _homes() -> FromClause:
    """Contacts that were linked to another one, with the one that is the person now. Grouped, so that the planner knows
    that there is one row of each."""
    home = func.min(channel_link.c.to_contact_id).label("home")
    moved = select(channel_link.c.from_contact_id.label("contact_id"), home).where(channel_link.c.undone_at.is_(None))
    return moved.group_by(channel_link.c.from_contact_id).subquery()


def _linked() -> FromClause:
    """Contacts that are one person with another now, with the one that they all lead to (`home`)."""
    now = channel_link.c.undone_at.is_(None)
    left = select(channel_link.c.from_contact_id.label("contact_id"), channel_link.c.to_contact_id.label("home"))
    kept = select(channel_link.c.to_contact_id, channel_link.c.to_contact_id)
    return union(left.where(now), kept.where(now)).subquery()


def _any_of(node: Node) -> list[Leaf] | None:
    """The facts of which any one is enough; None where it takes something else."""
    if isinstance(node, Leaf):
        return None if node.name in OF_THE_SHOP else [node]
    if not isinstance(node, Or) or not node.parts:
        return None
    found = [_any_of(part) for part in node.parts]
    return None if None in found else [leaf for leaves in found for leaf in leaves or ()]


def _survey(value: str) -> Node:
    done, begun = Leaf("survey_is", ("done",)), Leaf("survey_is", ("open",))
    return done if value == "done" else And((begun if value == "open" else Not(begun), Not(done)))


def _class(value: str) -> Node:
    match value:
        case "attended" | "wished":
            return Leaf("attended" if value == "attended" else "wishes")
        case "none":
            return Not(Leaf("has_place"))
    return And((Leaf("has_place"), Not(Leaf("attended"))))


def _conjuncts(node: Node, *, negated: bool) -> list[tuple[Node, bool]]:
    """The parts that must all hold, each with whether it must not; nested as deep as that goes. A group with a single
    part is that part."""
    if isinstance(node, Not):
        return _conjuncts(node.part, negated=not negated)
    if isinstance(node, (Or if negated else And)) or (isinstance(node, (And, Or)) and len(node.parts) == 1):
        return [one for part in node.parts for one in _conjuncts(part, negated=negated)]
    return [(node, negated)]
