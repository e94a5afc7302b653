"""What the conditions of a segment mean: columns of the shop, and facts that a contact has or has not, as rows.

How they are put together into one statement is in segment_query.py.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam

from programme.segment_tree import And, Leaf, Node, Not, Or
from store.campaign_tables import recipient
from store.survey_tables import class_place, lead, survey_response
from store.tables import contact, conversation

if TYPE_CHECKING:
    from programme.content import Content

# A fact: the column with the contact's id, and the condition on the row
Fact = tuple[ColumnElement[int], ColumnElement[bool]]
# The message reached the phone as far as anybody knows; of "uncertain" nobody does
REACHED = ("accepted", "delivered")
WENT_OUT = (*REACHED, "uncertain")
OF_THE_SHOP = frozenset(("commune", "trade", "contacts"))
EVERYBODY = And(())


def plainly(node: Node, province: str, content: Content) -> Node:
    """The same question in terms of columns of the shop and of facts that a person has or has not."""
    match node:
        case And(parts):
            return And(tuple(plainly(part, province, content) for part in parts))
        case Or(parts):
            return Or(tuple(plainly(part, province, content) for part in parts))
        case Not(part):
            return Not(plainly(part, province, content))
    match node.name:
        case "vendor":
            return _vendor(node.values, province, content)
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


def _vendor(vendors: tuple[str, ...], province: str, content: Content) -> Node:
    wide = {vendor.id for vendor in content.communes.province_wide_vendors(province)}
    if wide & set(vendors):
        return EVERYBODY
    communes = content.communes.communes(province)
    return Leaf("commune", tuple(each.code for each in communes if each.vendor and each.vendor.id in vendors))


def facts_of(leaf: Leaf, now: datetime) -> list[Fact]:
    """Which rows say it of the contact that they name."""
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
    return _messages(REACHED if leaf.name == "got" else WENT_OUT, leaf.numbers, now)


def _messages(states: tuple[str, ...], days: tuple[int, ...], now: datetime) -> list[Fact]:
    """What went to them, and that they wrote; within so many days, or ever."""
    sent, heard = recipient.c.tried_at, conversation.c.last_heard_at
    if days:
        since = now - timedelta(days=days[0])
        lately = [sent >= since, heard >= since]
    else:
        lately = [sent.is_not(None), heard.is_not(None)]
    out = and_(recipient.c.status.in_(bindparam(None, states, expanding=True, literal_execute=True)), lately[0])
    return [(recipient.c.contact_id, out), (conversation.c.contact_id, lately[1])]


def _written(status: str) -> BindParameter[str]:
    """In the statement itself: a plan for any value cannot use the index over the rows with this one."""
    return bindparam(None, status, literal_execute=True)


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
