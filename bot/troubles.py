"""Whether what an owner tells must be seen by a person although the bot can answer (programme/troubles_said.py)."""

from __future__ import annotations

from bot.flow_domain import Flows
from bot.reading import Payload
from programme.acts_said import person_refused
from programme.troubles_said import Trouble, trouble_said
from store.messages import MAX_UNDERSTOOD_CHARACTERS, Reading

_LOST_MONEY = "ask_scam_lost_money"
# What to do at once; whoever tells of a scam in passing hears it as well.
ADVICE = Payload(_LOST_MONEY)
_ADVISES = frozenset({_LOST_MONEY, "ask_scam_otp", "ask_scam_check"})
# Their answers say nothing to somebody who is handed over.
_BESIDE_THE_POINT = frozenset({"insult", "out_of_scope", "greet", "thank", "goodbye", "affirm", "deny"})


def told(text: str, payload: Payload | None = None, reading: Reading | None = None) -> Trouble | None:
    """The trouble for which a message is handed over. None where it is an act of its own, refuses a person, or is too
    long to be read by anybody but a person.
    """
    if payload not in (None, ADVICE) or len(text) > MAX_UNDERSTOOD_CHARACTERS:
        return None
    trouble = trouble_said(text, reading.intent if reading else None)
    return None if trouble is None or person_refused(text) else trouble


def needs_advice(reading: Reading | None, flows: Flows) -> bool:
    """Whether the answer to a message that tells of a scam says nothing about it."""
    return _LOST_MONEY in flows.intents and (reading is None or reading.intent not in _ADVISES)


def is_beside_the_point(reading: Reading | None) -> bool:
    return reading is not None and reading.intent in _BESIDE_THE_POINT
