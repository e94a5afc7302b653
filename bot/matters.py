"""What a hand-over is about: commune, vendor and topic, which the queue is filtered by and reports count by.

Read once, when the conversation is handed over; nothing is asked of the database for what the bot answers by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from programme.content import Content
from store.survey_tables import survey_response
from store.tables import conversation, inbound

# How far back the last thing that the owner was understood to ask about may lie.
LOOK_BACK_MESSAGES = 10


@dataclass(frozen=True)
class Matter:
    """`commune`: a code; `vendor`: an id of the province's pack; `topic`: an id of content/national/topics.yaml."""

    commune: str | None = None
    vendor: str | None = None
    topic: str | None = None


MatterOf = Callable[[Connection, str], Matter]


def matter_of(content: Content, connection: Connection, conversation_id: str) -> Matter:
    """The commune settled in the dialogue, else that of the owner's newest survey, with its vendor; and the topic of
    the newest understood question that has one.
    """
    here = select(conversation.c.contact_id, conversation.c.dialogue_state).filter_by(id=conversation_id)
    contact_id, state = connection.execute(here).one()
    code = (state or {}).get("slots", {}).get("commune_code") or _surveyed(connection, contact_id)
    commune = content.communes.by_code(code) if code else None
    return Matter(
        commune=commune.code if commune else None,
        vendor=commune.vendor.id if commune and commune.vendor else None,
        topic=_topic(content, connection, conversation_id),
    )


def _surveyed(connection: Connection, contact_id: int) -> str | None:
    known = select(survey_response.c.commune).filter_by(contact_id=contact_id)
    newest = known.where(survey_response.c.commune.is_not(None)).order_by(survey_response.c.updated_at.desc())
    code: str | None = connection.scalar(newest.limit(1))
    return code


def _topic(content: Content, connection: Connection, conversation_id: str) -> str | None:
    read = (
        select(inbound.c.reading)
        .filter_by(conversation_id=conversation_id, kind="message")
        .order_by(inbound.c.seq.desc())
        .limit(LOOK_BACK_MESSAGES)
    )
    intents = (reading["intent"] for reading in connection.scalars(read) if reading)
    return next((topic for intent in intents if (topic := content.topics.of_intent(intent))), None)
