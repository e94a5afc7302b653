"""A withdrawn consent, in what was said: the survey's personal answers are blacked out of messages and review rows,
and of what officers noted about them or have typed without sending it.

Responses, leads and the contact's name go with `responses.forget`; this is about the words in which they came, and in
which they were read back. The messages themselves stay, so that an officer still sees what was talked about.

A person may be several contacts, whose channels were linked (programme/links.py): what is forgotten is a person's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from sqlalchemy import Connection, select, update

from programme.links import spoken_by
from programme.survey.definition import REFUSED
from store.console_tables import note, open_tab
from store.survey_tables import survey_response
from store.tables import inbound, outbound, review

BLACKED_OUT = "[đã xóa]"
# Shorter words are in half of all messages ("Hà").
SHORTEST_SEARCHED = 4
_DIGITS_OF_A_NUMBER = 9


def black_out(connection: Connection, people: list[int]) -> None:
    """Black out what the responses of a person's contacts hold, wherever that person spoke; while the responses are
    there."""
    stored = connection.scalars(select(survey_response.c.personal).where(survey_response.c.contact_id.in_(people)))
    given = [answers for personal in stored if personal for answers in json.loads(personal).items()]
    items = {item for item, _ in given}
    said = [str(answer) for _, answer in given if answer != REFUSED]
    if not items:
        return
    heard = spoken_by(connection, people, inbound.c.conversation_id, inbound.c.received_at)
    rows = select(inbound.c.id, inbound.c.text, inbound.c.reading).where(heard)
    for id_, text, reading in connection.execute(rows).all():
        if _answers_one_of(items, reading) or _without(text, said) != text:
            nothing = {"text": BLACKED_OUT, "reading": None}
            connection.execute(update(inbound).filter_by(id=id_).values(nothing))
            connection.execute(update(review).filter_by(inbound_id=id_).values(text=BLACKED_OUT, phrase=""))
    said_back = spoken_by(connection, people, outbound.c.conversation_id, outbound.c.created_at)
    replies = select(outbound.c.id, outbound.c.reply).where(said_back)
    for id_, reply in connection.execute(replies).all():
        text = _without(reply["text"], said)
        if text != reply["text"]:
            connection.execute(update(outbound).filter_by(id=id_).values(reply={**reply, "text": text}))
    _black_out_of_officers(connection, people, said)


def _black_out_of_officers(connection: Connection, people: list[int], said: list[str]) -> None:
    """The same words where officers noted them for each other, or were about to say them."""
    written = spoken_by(connection, people, note.c.conversation_id, note.c.created_at)
    for id_, words in connection.execute(select(note.c.id, note.c.text).where(written)).all():
        if (text := _without(words, said)) != words:
            connection.execute(update(note).filter_by(id=id_).values(text=text))
    typed = spoken_by(connection, people, open_tab.c.conversation_id, open_tab.c.drafted_at)
    columns = (open_tab.c.account_id, open_tab.c.conversation_id, open_tab.c.draft)
    for account_id, here, words in connection.execute(select(*columns).where(typed, open_tab.c.draft != "")).all():
        if (text := _without(words, said)) != words:
            of = {"account_id": account_id, "conversation_id": here}
            connection.execute(update(open_tab).filter_by(**of).values(draft=text))


def _answers_one_of(items: set[str], reading: dict[str, object] | None) -> bool:
    """Whether a message was read as the answer to one of these items."""
    if not reading or reading.get("intent") != "answer_survey":
        return False
    entities = reading.get("entities")
    named = [one.get("value") for one in entities if one.get("entity") == "q"] if isinstance(entities, list) else []
    return not items.isdisjoint(named)


def _without(text: str, said: Iterable[str]) -> str:
    for words in said:
        digits = "".join(c for c in words if c.isdecimal())
        if words.startswith("+") and len(digits) >= _DIGITS_OF_A_NUMBER:
            pattern = r"\D{0,2}".join(digits[-_DIGITS_OF_A_NUMBER:])
            text = re.sub(rf"(?:\+?84|0)?{pattern}", BLACKED_OUT, text)
        elif len(words) >= SHORTEST_SEARCHED:
            text = re.sub(re.escape(words), BLACKED_OUT, text, flags=re.IGNORECASE)
    return text
