"""One turn of dialogue, run by Rasa's message processor without any store: state in, replies and state out.

Knows nothing of HTTP servers (nlu/service.py) and keeps nothing between turns. Custom actions run in the app, which is
called back at the turn's own address; a call-back that fails in any way fails the whole turn, because Rasa by itself
would swallow the error, lose the action's events and go on.
"""

from __future__ import annotations

import contextvars
import json
import time
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

import aiohttp
import rasa.core.actions.action as rasa_actions
from rasa.core.actions.action import Action, ActionExecutionRejection, RemoteAction
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.processor import MessageProcessor
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event, SlotSet, deserialise_events
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity

from nlu import state as states
from nlu.runner import OrderedRunner

# Looks the same to the reader of a log and is no command to Rasa; one character, so entity offsets stay true.
FRACTION_SLASH = "\u2044"


class TurnFailed(RuntimeError):
    """The turn has no result: an action failed, timed out or answered nonsense. The caller may run it again."""


@dataclass
class Turn:
    """One attempt at one turn. `payload` = {"intent": str, "entities": [...]} stands for text that was read already."""

    turn_id: str
    actions_url: str
    conversation: str
    message_id: Optional[str]
    text: str
    payload: Optional[Dict[str, Any]]
    metadata: Optional[Dict[str, Any]]
    state: Optional[Dict[str, Any]]
    slots: Dict[str, Any] = field(default_factory=dict)  # what the app knows better: set before the turn
    failure: Optional[str] = None
    tracker: Optional[DialogueStateTracker] = None
    parsed: Dict[str, Any] = field(default_factory=dict)
    timings: Dict[str, float] = field(default_factory=dict)


_turn: contextvars.ContextVar[Turn] = contextvars.ContextVar("turn")


class Replies(OutputChannel):
    """Collects replies whole (text with its buttons, image and custom data), as the app delivers them."""

    def __init__(self) -> None:
        self.messages: List[Dict[str, Any]] = []

    @classmethod
    def name(cls) -> str:
        return "hotline"

    async def send_response(self, recipient_id: str, message: Dict[str, Any]) -> None:
        kept = ("text", "buttons", "image", "custom")
        reply = {key: message[key] for key in kept if message.get(key)}
        if reply:
            self.messages.append(reply)


class AppAction(RemoteAction):
    """A custom action, run by the app: a slim call (slots, latest message, events since) and a checked answer."""

    client: aiohttp.ClientSession

    async def run(
        self, output_channel: OutputChannel, nlg: Any, tracker: DialogueStateTracker, domain: Domain
    ) -> List[Event]:
        answer = await self._call(_turn.get(), self._call_body(tracker))
        said = await self._utter_responses(answer["responses"], output_channel, nlg, tracker)
        return [*said, *deserialise_events(answer["events"])]

    def _call_body(self, tracker: DialogueStateTracker) -> Dict[str, Any]:
        since: List[Dict[str, Any]] = []
        for event in reversed(tracker.events):
            if event.type_name == "user":
                break
            since.append(event.as_dict())
        current = tracker.current_state(EventVerbosity.NONE)
        current["events"] = since[::-1]
        return {"next_action": self.name(), "sender_id": tracker.sender_id, "tracker": current, "domain": {}}

    async def _call(self, turn: Turn, body: Dict[str, Any]) -> Dict[str, Any]:
        started = time.perf_counter()
        async with self.client.post(turn.actions_url, json=body, headers={"X-Turn": turn.turn_id}) as response:
            raw = await response.read()
        turn.timings["actions_ms"] = turn.timings.get("actions_ms", 0.0) + (time.perf_counter() - started) * 1000
        if response.status == 400:  # rasa-sdk's way of saying that a form's action does not want to run
            raise ActionExecutionRejection(self.name())
        if response.status != 200:
            raise TurnFailed(f"{self.name()}: the app answered {response.status}")
        try:
            answer = json.loads(raw)
            well_formed = isinstance(answer["events"], list) and isinstance(answer["responses"], list)
        except (ValueError, TypeError, KeyError) as error:
            raise TurnFailed(f"{self.name()}: the app's answer is not an action result") from error
        if not well_formed or not all(isinstance(x, dict) for x in answer["events"] + answer["responses"]):
            raise TurnFailed(f"{self.name()}: the app's answer is not an action result")
        return answer


class StatelessProcessor(MessageProcessor):
    """Rasa's own message processor with its store, sessions and error swallowing taken out."""

    def __init__(self, model_path: str) -> None:
        super().__init__(
            model_path=model_path,
            tracker_store=None,
            lock_store=None,  # the app runs one turn of a conversation at a time
            generator=TemplatedNaturalLanguageGenerator({}),
            on_circuit_break=self._action_limit_reached,
        )
        self.graph_runner = OrderedRunner(self.graph_runner)
        self.nlg.responses = self.domain.responses
        self.flows = states.flows_hash(self.domain)
        # action_for_name_or_text(), also where forms call it, makes custom actions of this class
        rasa_actions.RemoteAction = AppAction

    async def run_turn(self, turn: Turn) -> List[Dict[str, Any]]:
        """Run `turn`; fills in its tracker, parse result and timings. Raises TurnFailed, StateUnreadable."""
        _turn.set(turn)
        replies = Replies()
        message = UserMessage(turn.text, replies, turn.conversation, None, "hotline", turn.message_id, turn.metadata)
        await self.handle_message(message)
        if turn.failure is None and turn.tracker is None:
            turn.failure = "the turn did not come to an end"
        if turn.failure is None and turn.tracker.latest_action_name != "action_listen":
            turn.failure = "the turn did not end with listening"
        if turn.failure is not None:
            raise TurnFailed(turn.failure)
        return replies.messages

    async def get_tracker(self, conversation_id: str) -> DialogueStateTracker:
        tracker = states.restore(conversation_id, _turn.get().state, self.domain)
        known = {slot.name for slot in self.domain.slots}
        for name, value in _turn.get().slots.items():
            if name in known:
                tracker.update(SlotSet(name, value))
        tracker.model_id = self.model_metadata.model_id
        tracker.assistant_id = self.model_metadata.assistant_id
        return tracker

    async def save_tracker(self, tracker: DialogueStateTracker) -> None:
        _turn.get().tracker = tracker

    async def _update_tracker_session(self, *_: Any, **__: Any) -> None:
        """Sessions neither start nor expire here: a survey may pause for a week."""

    async def parse_message(
        self,
        message: UserMessage,
        tracker: Optional[DialogueStateTracker] = None,
        only_output_properties: bool = True,
    ) -> Dict[str, Any]:
        turn = _turn.get()
        started = time.perf_counter()
        if turn.payload is not None:
            intent = {"name": turn.payload["intent"], "confidence": 1.0}
            turn.parsed = {"intent": intent, "intent_ranking": [intent], "entities": turn.payload["entities"]}
        else:
            text = message.text
            if text.startswith("/"):  # a person's leading slash is never a command or an intent
                message = UserMessage(FRACTION_SLASH + text[1:], sender_id=message.sender_id)
            turn.parsed = await super().parse_message(message, tracker, only_output_properties)
        turn.parsed["text"] = turn.text
        turn.timings["nlu_ms"] = (time.perf_counter() - started) * 1000
        return turn.parsed

    async def _run_action(
        self,
        action: Action,
        tracker: DialogueStateTracker,
        output_channel: OutputChannel,
        nlg: Any,
        prediction: PolicyPrediction,
    ) -> bool:
        run = action.run

        async def run_and_note_failure(*args: Any, **kwargs: Any) -> List[Event]:
            try:
                return await run(*args, **kwargs)
            except ActionExecutionRejection:
                raise
            except Exception as error:
                # Rasa's processor logs and forgets it; noted here, the turn has no result
                _turn.get().failure = str(error) or type(error).__name__
                raise

        action.run = run_and_note_failure  # type: ignore[method-assign]
        again = await super()._run_action(action, tracker, output_channel, nlg, prediction)
        return again and _turn.get().failure is None

    @staticmethod
    def _action_limit_reached(*_: Any) -> None:
        _turn.get().failure = "the flows predicted actions without end"
