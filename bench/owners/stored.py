"""What the database holds of an owner in the end, against what the engine says."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.owners.owner import Owner
from bench.owners.reference import from_the_start
from integrations.webchat.client import CHANNEL
from programme.survey.response import Response, in_force
from programme.survey.scoring import score
from store.crypto import Keyring


@dataclass(frozen=True)
class Stored:
    """What the database holds of one owner. `response`: the row that counts, `number`: how many rows there are."""

    number: int
    response: Mapping[str, Any] | None
    leads: frozenset[str]
    holder: str
    messages: Counter[str]  # by their status


def read_stored(connection: sqlite3.Connection, keyring: Keyring, address: str) -> Stored:
    """Everything of the owner with this address. The answers come back as one mapping."""
    connection.row_factory = sqlite3.Row
    talk = connection.execute(
        "SELECT * FROM conversation WHERE channel = ? AND address = ?", (CHANNEL, address)
    ).fetchone()
    contact = (talk["contact_id"],)
    rows = connection.execute("SELECT * FROM survey_response WHERE contact_id = ?", contact).fetchall()
    response = None
    for row in rows:
        if row["status"] != "earlier":
            personal = json.loads(keyring.decrypt(row["personal"])) if row["personal"] else {}
            answers = {**json.loads(row["answers"]), **personal}
            response = {**dict(row), "answers": answers, "pillar_tenths": json.loads(row["pillar_tenths"] or "null")}
    vendors = connection.execute("SELECT vendor FROM lead WHERE status = 'offered' AND contact_id = ?", contact)
    statuses = connection.execute("SELECT status FROM inbound WHERE conversation_id = ?", (talk["id"],))
    return Stored(
        len(rows),
        response,
        frozenset(row["vendor"] for row in vendors),
        str(talk["holder"]),
        Counter(row["status"] for row in statuses),
    )


def wrong_in(stored: Stored, owner: Owner, messages: int) -> list[str]:
    """What is stored otherwise than the engine has it."""
    reference = owner.reference
    found = []
    if stored.holder != "bot":
        found.append(f"the conversation is with {stored.holder}")
    if stored.messages != Counter({"answered": messages}):
        found.append(f"{messages} messages were sent, stored are {dict(stored.messages)}")
    if stored.leads != reference.called:
        found.append(f"leads {sorted(stored.leads)}, agreed to {sorted(reference.called)}")
    rows = len(reference.earlier) + (reference.is_begun or reference.before is not None)
    if stored.number != rows:
        found.append(f"{stored.number} responses are stored instead of {rows}")
    if reference.is_begun:
        found += _wrong_in_response(stored.response, reference.response) if stored.response else ["no response counts"]
    return found


def _wrong_in_response(row: Mapping[str, Any], response: Response) -> list[str]:
    found = []
    if row["status"] != "done":
        found.append(f"the response is {row['status']}")
    if row["answers"] != response.answers:
        found.append(f"stored {row['answers']} instead of {dict(response.answers)}")
    fresh = from_the_start(response)
    if in_force(Response(response.survey, row["answers"])) != in_force(fresh):
        found.append("other answers are in force than when given in the form's order")
    result = score(fresh)
    wanted = {
        "result": result.status,
        "total_tenths": None if result.total is None else int(result.total * 10),
        "level": result.level,
        "pillar_tenths": {
            id_: None if exact is None else int((result.pillar(id_) or 0) * 10) for id_, exact in result.pillars.items()
        },
        "form": in_force(fresh)["FORM"],
    }
    stored = {name: row[name] for name in wanted}
    return [*found, f"scored {stored} instead of {wanted}"] if stored != wanted else found


def out_of_order(connection: sqlite3.Connection) -> int:
    """How many messages were answered before one that had come earlier in the same conversation."""
    late = """SELECT count(*) FROM (
        SELECT inbound.seq AS seq, max(inbound.seq) OVER (
            PARTITION BY outbound.conversation_id ORDER BY outbound.seq ROWS UNBOUNDED PRECEDING) AS newest
        FROM outbound JOIN inbound ON inbound.id = outbound.in_reply_to) WHERE seq < newest"""
    return int(connection.execute(late).fetchone()[0])
