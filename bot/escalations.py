"""What waits for a person: escalations with what an officer must know before answering.

The context is read from the conversation when it is asked for, not copied when it is handed over: nothing gets stale,
and an erasure has one place to erase.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from sqlalchemy import Connection, RowMapping, select

from bot import attachments
from bot.attachments import Kept
from bot.baton import WAITING
from programme.domain_names import Question
from store.queries import thread
from store.tables import contact, conversation, escalation, officer

CONTEXT_MESSAGES = 8
# What the bot says of itself and of the hand-over, not of the matter: the officer's view has no room for it.
_NOT_OF_THE_MATTER = frozenset(
    {
        "notice",
        "request_person",
        "complain",
        "need_spoken_help",
        "not_understood_handed",
        "person_refused",
        "distress",
        "handed_to_person",
        "state_unreadable",
        "please_wait",
        "attachment_received",
        "flood",
        "person_taken",
        "person_taken_late",
        "person_late",
        "handed_anger",
        "handed_scam",
        "handed_money",
        "handed_legal",
        "rating_asked",
        "rating_thanks",
        "rating_sorry",
    }
)
# The dialogue ends a loop when it hands over; that its question was open shows in what the bot had said last.
_LOOP_OF = {f"domain_check_{question}": "domain_check_form" for question in get_args(Question)}


@dataclass(frozen=True)
class Said:
    """One line of the context. `sender`: owner | bot | officer. `attached`: number and kind of what came with it."""

    sender: str
    text: str
    at: datetime
    attached: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class WaitingEscalation:
    """`commune_code`: the commune settled in the dialogue, else the one known at the hand-over; `tried`: ids of the
    pack entries the bot said last.

    `waiting_since`: the owner waits for a person's answer, which is due at `due_at`; None: a person had the last word.
    `officer`: who holds the conversation until `lease_until`; None while it waits in the queue. `context`: what both
    sides said last on the matter, the oldest first; `flow`: the dialogue's loop that was interrupted, if any.
    """

    id: int
    conversation_id: str
    channel: str
    language: str
    reason: str
    topic: str | None
    opened_at: datetime
    due_at: datetime
    waiting_since: datetime | None
    answered_at: datetime | None
    officer: str | None
    lease_until: datetime | None
    name: str | None
    phone: str | None
    commune_code: str | None
    flow: str | None
    tried: tuple[str, ...]
    context: tuple[Said, ...]

    @property
    def last_text(self) -> str:
        """What the owner wrote last in words; empty when only buttons were pressed."""
        return next((said.text for said in reversed(self.context) if said.sender == "owner" and said.text), "")


def waiting_escalations(connection: Connection) -> list[WaitingEscalation]:
    """Those in the queue and those an officer holds, the first due first."""
    rows = (
        select(
            escalation,
            conversation.c.channel,
            conversation.c.language,
            conversation.c.dialogue_state,
            contact.c.name,
            contact.c.phone,
            officer.c.name.label("officer"),
        )
        .join(conversation, conversation.c.id == escalation.c.conversation_id)
        .join(contact, contact.c.id == conversation.c.contact_id)
        .outerjoin(officer, officer.c.id == escalation.c.officer_id)
        .where(escalation.c.status.in_(WAITING))
        .order_by(escalation.c.due_at, escalation.c.id)
    )
    return [_waiting(connection, row) for row in connection.execute(rows).mappings()]


def _waiting(connection: Connection, row: RowMapping) -> WaitingEscalation:
    newest = thread(connection, row["conversation_id"], 0, 2 * CONTEXT_MESSAGES)
    said = [one for one in newest if _entry(one) not in _NOT_OF_THE_MATTER][-CONTEXT_MESSAGES:]
    entries = [entry for one in said if (entry := _entry(one))]
    state = row["dialogue_state"] or {}
    shown = [one["seq"] for one in said if one["sender"] == "owner"]
    attached = attachments.of_thread(connection, row["conversation_id"], shown)
    return WaitingEscalation(
        id=row["id"],
        conversation_id=row["conversation_id"],
        channel=row["channel"],
        language=row["language"] or "vi",
        reason=row["reason"],
        topic=row["topic"],
        opened_at=row["opened_at"],
        due_at=row["due_at"],
        waiting_since=row["waiting_since"],
        answered_at=row["answered_at"],
        officer=row["officer"],
        lease_until=row["lease_until"],
        name=row["name"],
        phone=row["phone"],
        commune_code=state.get("slots", {}).get("commune_code") or row["commune"],
        flow=state.get("loop") or (_LOOP_OF.get(entries[-1]) if entries else None),
        tried=tuple(dict.fromkeys(entries)),
        context=tuple(_said(one, attached.get(one["seq"], [])) for one in said),
    )


def _said(row: RowMapping, attached: Sequence[Kept]) -> Said:
    words = row["text"] or (row["reply"] or {}).get("text", "")
    return Said(row["sender"], words, row["at"], tuple((one.id, str(one.kind)) for one in attached))


def _entry(said: RowMapping) -> str | None:
    return (said["reply"] or {}).get("entry")
