"""Whether it is really them who ask for their data (docs/decisions/0028-personal-data.md).

Writing in a conversation proves who holds the account or the browser. A telephone lies about, and a browser is shared:
where more is kept than the conversation itself, something is asked that only its owner told us. A picture of an
identity card is never asked for (Law 91/2025/QH15, article 29). What cannot be asked, an officer makes sure of.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, func, or_, select

from programme import responses
from programme.links import person
from programme.survey.definition import Surveys
from programme.survey_result import shop_name
from programme.yes_or_no import asks
from store.survey_tables import class_place, lead, survey_response
from store.tables import contact, data_request, shop
from store.text import folded_words

# Of all requests of a person within this time: 3 of 10,000 possible endings of a number.
MOST_WRONG, WITHIN = 3, timedelta(days=1)
# Whoever writes there has signed in to an account, or holds a secret of their browser. A sender of mail proves nothing.
PROVING_CHANNELS = frozenset({"zalo", "telegram", "webchat", "terminal"})
DIGITS = 4
LONGEST_NAME = 100
_DIGITS = re.compile(rf"(?<!\d)\d{{{DIGITS}}}(?!\d)")
_ANY_SHOP = frozenset("cua hang shop quan tiem tap hoa cong ty hkd ho kinh doanh sieu thi dai ly".split())


class Asked(StrEnum):
    """What is asked before a request is carried out."""

    NOTHING = "conversation"  # more than this conversation is not kept: whoever reads it has it already
    PHONE = "phone_digits"
    SHOP = "shop_name"
    OFFICER = "officer"


@dataclass(frozen=True)
class Standing:
    """`opened`: the person's open requests by kind. `is_there_more`: than the conversation that is being held."""

    asked: Asked
    opened: dict[str, RowMapping]

    def waiting(self, stage: str) -> list[str]:
        """Kinds of the requests that are at `stage`."""
        return [kind for kind, row in self.opened.items() if row["stage"] == stage]


def standing(connection: Connection, surveys: Surveys, contact_id: int, channel: str, now: datetime) -> Standing:
    """What is asked of this person, on this channel, now. Reads only."""
    people = person(connection, contact_id)
    rows = select(data_request).where(data_request.c.contact_id.in_(people), data_request.c.status == "open")
    opened = {row["kind"]: row for row in connection.execute(rows).mappings()}
    return Standing(_asked(connection, surveys, people, channel, now), opened)


def is_proof(connection: Connection, surveys: Surveys, contact_id: int, by: Asked, text: str) -> bool:
    """Whether `text` says what `by` asks for."""
    people = person(connection, contact_id)
    if by is Asked.PHONE:
        said = digits_said(text)
        return said is not None and any(phone.endswith(said) for phone in _phones(connection, people))
    if by is Asked.SHOP:
        return any(_names(text, name) for name in _shops(connection, surveys, people))
    return False


def digits_said(text: str) -> str | None:
    """The last four digits of a number, or the end of a whole one ("0912 345 678")."""
    together = re.sub(r"(?<=\d)[\s.-](?=\d)", "", text)
    whole = re.search(r"(?<!\d)(?:\+?84|0)\d{5}(\d{4})(?!\d)", together)
    if whole:
        return whole[1]
    alone = _DIGITS.findall(text)
    return alone[0] if len(alone) == 1 else None


def may_be_proof(by: Asked, text: str) -> bool:
    """Whether a message answers what `by` asks for, right or wrong, rather than being about something else."""
    if not text or len(text) > LONGEST_NAME or asks(text):
        return False
    if by is Asked.PHONE:
        return digits_said(text) is not None
    return by is Asked.SHOP and any(character.isalpha() for character in text)


def _asked(connection: Connection, surveys: Surveys, people: list[int], channel: str, now: datetime) -> Asked:
    if channel not in PROVING_CHANNELS:
        return Asked.OFFICER
    lately = or_(data_request.c.opened_at > now - WITHIN, data_request.c.status == "open")
    wrong = select(func.sum(data_request.c.wrong_proofs)).where(data_request.c.contact_id.in_(people), lately)
    if (connection.scalar(wrong) or 0) >= MOST_WRONG:
        return Asked.OFFICER
    if _phones(connection, people):
        return Asked.PHONE
    if _shops(connection, surveys, people):
        return Asked.SHOP
    return Asked.OFFICER if _is_there_more(connection, people) else Asked.NOTHING


def _is_there_more(connection: Connection, people: list[int]) -> bool:
    if len(people) > 1:
        return True
    tables = (survey_response, lead, class_place, shop)
    found = (connection.scalar(select(table.c.id).where(table.c.contact_id.in_(people)).limit(1)) for table in tables)
    return any(one is not None for one in found)


def _phones(connection: Connection, people: list[int]) -> list[str]:
    rows = select(contact.c.phone).where(contact.c.id.in_(people), contact.c.phone.is_not(None))
    return list(connection.scalars(rows))


def _shops(connection: Connection, surveys: Surveys, people: list[int]) -> list[str]:
    """The names that their owner gave, if they name anything ("cửa hàng" does not)."""
    names = []
    for one in people:
        kept = [responses.find_open(connection, surveys, one), *responses.find_done(connection, surveys, one)]
        names += [shop_name(response.response) for response in kept if response is not None]
    return [name for name in names if set(folded_words(name)) - _ANY_SHOP]


def _names(text: str, name: str) -> bool:
    """Whether all words that make the name its own are said, and hardly more."""
    said, own = folded_words(text), folded_words(name)
    return set(own) - _ANY_SHOP <= set(said) and len(said) <= 2 * len(own) + 6
