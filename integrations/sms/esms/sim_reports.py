"""What the simulated eSMS says of a message: when asked, and by its callback."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from integrations.simulation.clock import SimulatedClock
from integrations.sms.esms.sim_account import EsmsSwitches, carrier
from integrations.sms.esms.sim_callbacks import Call, Callbacks
from integrations.sms.esms.sim_taken import Message, Taken
from integrations.sms.numbers import national

KEPT = timedelta(days=7)
# Right after sending nobody knows the message
UNKNOWN_SECONDS = 1.0
APPROVAL, WAITING, FINISHED, SENT = 1, 2, 5, 7


class Reports:
    """Of the messages in `taken`."""

    def __init__(self, taken: Taken, clock: SimulatedClock, switches: EsmsSwitches, callbacks: Callbacks) -> None:
        self._taken, self._clock, self._switches, self._callbacks = taken, clock, switches, callbacks

    def begin(self, message: Message) -> None:
        """Call back when its time has come, unless nobody gave an address or nobody will ever say."""
        switches, seconds = self._switches, self._switches.report_ms / 1000
        if not message.callback or message.fate in ("silent", "approval"):
            return
        if switches.reports_sending:
            self._callbacks.later(seconds / 2, self._call(message, SENT))
        for _ in range(2 if switches.duplicate_events else 1):
            self._callbacks.later(seconds, self._call(message, FINISHED))
        if not switches.in_order:
            self._callbacks.later(seconds + 0.1, self._call(message, SENT))

    def begin_unreported(self) -> None:
        """What the last simulator with the same file had not said before it ended."""
        for message in self._taken.unreported():
            self.begin(message)

    def status(self, message_id: str) -> dict[str, Any] | None:
        """GetSendStatus; None: 105."""
        message, now = self._taken.messages.get(message_id), self._clock.now().timestamp()
        if message is None:
            return None
        age, report = now - message.at, self._switches.report_ms / 1000
        if not UNKNOWN_SECONDS <= age <= KEPT.total_seconds():
            return None
        state = FINISHED if age >= report else SENT if age >= report / 2 else WAITING
        if message.fate == "approval":
            state = APPROVAL
        elif message.fate == "silent" and state == FINISHED:
            state = SENT
        return {"SMSID": message.id, **self.counters(message, state), "TotalPrice": float(message.price)}

    def listed(self, message: Message) -> dict[str, Any]:
        """An entry of GetSmsSentData_V2."""
        state = (self.status(message.id) or {"SendStatus": WAITING})["SendStatus"]
        result = {"delivered": 1, "failed": 0}.get(message.fate, 2) if state == FINISHED else 2
        return {
            "Campaign": message.campaign,
            "Content": message.text,
            "Phone": national(message.phone),
            "ReferenceId": message.id,
            "SellPrice": float(message.price),
            "SendResult": result,
            "SendStatus": state,
            "SentTime": f"/Date({int(message.at * 1000)}+0700)/",
            "SmsId": 29_028_845,
            "SmsType": 2,
        }

    def counters(self, message: Message, state: int) -> dict[str, int]:
        count = message.parts if self._switches.counts_parts else 1
        is_final = state == FINISHED
        return {
            "SendFailed": count if is_final and message.fate == "failed" else 0,
            "SendStatus": state,
            "SendSuccess": count if is_final and message.fate == "delivered" else 0,
            "TotalReceiver": 1,
            "TotalSent": 0 if state in (APPROVAL, WAITING) else count,
        }

    def query(self, message: Message, state: int) -> dict[str, str]:
        """The fields of a callback; all are strings."""
        return {
            "SMSID": message.id,
            **{name: str(count) for name, count in self.counters(message, state).items()},
            "TotalPrice": str(message.price),
            "RequestId": "" if self._switches.empty_request_id else message.request_id,
            "TypeId": "2",
            "telcoid": str(carrier(message.phone)[1]),
            "phonenumber": national(message.phone),
            "switchsmsid": "",
        }

    def _call(self, message: Message, state: int) -> Call:
        def answered(status: int, _: bytes) -> None:
            if state == FINISHED and status == 200 and message.id not in self._taken.reported:
                self._taken.note_reported(message.id)

        return Call(message.callback, self.query(message, state), "report", message.phone, answered)
