"""Checks each answer, and thanks at the end. The checks do next to nothing: what is measured is the way to them."""

from __future__ import annotations

from typing import Any

from rasa_sdk.events import AllSlotsReset
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import FormValidationAction
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

QUESTIONS = 20


def _check(slot: str) -> Any:
    def validate(
        self: FormValidationAction,
        value: Any,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: DomainDict,
    ) -> dict[str, Any]:
        return {slot: str(value).strip()}

    return validate


class ValidateBenchForm(FormValidationAction):
    """rasa-sdk looks for one `validate_<slot>` per slot; they are added below."""

    def name(self) -> str:
        return "validate_bench_form"


for _number in range(1, QUESTIONS + 1):
    _slot = f"answer_{_number:02}"
    setattr(ValidateBenchForm, f"validate_{_slot}", _check(_slot))


class ActionSubmitBenchForm(Action):
    """Ends the survey and forgets it, so that the next round of the same conversation begins anew."""

    def name(self) -> str:
        return "action_submit_bench_form"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[dict[str, Any]]:
        answered = sum(bool(tracker.get_slot(f"answer_{n:02}")) for n in range(1, QUESTIONS + 1))
        dispatcher.utter_message(text=f"Dạ em đã ghi {answered} câu trả lời, em cảm ơn cô/bác ạ.")
        return [AllSlotsReset()]
