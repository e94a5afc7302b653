"""The dialogue state that travels with every turn: a snapshot of a Rasa tracker, as small JSON.

Keeps what the next turn needs (slots, active loop, requested slot) and no history, so a turn costs the same at turn
1,000 as at turn 10. It does not decide anything about the dialogue.

    {"version": 1, "flows": "<hash of slots and loops>", "slots": {name: value},
     "loop": null | name, "requested_slot": null | name}
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Dict, List, Optional

from rasa.shared.core.domain import Domain
from rasa.shared.core.constants import REQUESTED_SLOT
from rasa.shared.core.events import ActionExecuted, ActiveLoop, Event, SessionStarted, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker

VERSION = 1


class StateUnreadable(ValueError):
    """The state is not one this service wrote. It must never be taken for a fresh conversation."""


def flows_hash(domain: Domain) -> str:
    """Identify what a state depends on: the names of slots and loops of the trained flows."""
    names = json.dumps([sorted(slot.name for slot in domain.slots), sorted(domain.form_names)])
    return hashlib.sha256(names.encode()).hexdigest()[:12]


def restore(conversation: str, state: Optional[Dict[str, Any]], domain: Domain) -> DialogueStateTracker:
    """Make a tracker that listens, from a snapshot (None: a new conversation).

    Slots and loops that the flows no longer know are dropped: the loop's question is asked again by its flow.
    Raises StateUnreadable.
    """
    events: List[Event] = [ActionExecuted("action_session_start"), SessionStarted()]
    if state is not None:
        events += _remembered(_checked(state), domain)
    events.append(ActionExecuted("action_listen"))
    return DialogueStateTracker.from_events(conversation, events, domain.slots)


def _checked(state: Dict[str, Any]) -> Dict[str, Any]:
    if not isinstance(state, dict) or state.get("version") != VERSION:
        raise StateUnreadable("not a state of version 1")
    slots, loop, requested = state.get("slots"), state.get("loop"), state.get("requested_slot")
    if not isinstance(slots, dict):
        raise StateUnreadable("slots are not an object")
    if not isinstance(loop, (str, type(None))) or not isinstance(requested, (str, type(None))):
        raise StateUnreadable("loop and requested_slot must be names or null")
    if not isinstance(state.get("flows"), str):
        raise StateUnreadable("flows is missing")
    return state


def _remembered(state: Dict[str, Any], domain: Domain) -> List[Event]:
    known = {slot.name for slot in domain.slots}
    events: List[Event] = [SlotSet(k, v) for k, v in state["slots"].items() if k in known and k != REQUESTED_SLOT]
    if state["loop"] in domain.form_names:
        asked = state["requested_slot"]
        events += [ActiveLoop(state["loop"]), SlotSet(REQUESTED_SLOT, asked if asked in known else None)]
    return events


def snapshot(tracker: DialogueStateTracker, domain: Domain) -> Dict[str, Any]:
    """What `restore` needs after this turn. Nulls count: an initial value that was cleared must not come back."""
    slots = {
        name: slot.value
        for name, slot in tracker.slots.items()
        if slot.value != slot.initial_value and name != REQUESTED_SLOT
    }
    loop = tracker.active_loop_name
    return {
        "version": VERSION,
        "flows": flows_hash(domain),
        "slots": slots,
        "loop": loop,
        "requested_slot": tracker.get_slot(REQUESTED_SLOT) if loop else None,
    }
