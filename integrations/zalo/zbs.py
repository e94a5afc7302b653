"""ZBS templates by telephone number as a gateway of bulk messages. Zalo approves each template and its kind.

That one has arrived Zalo tells by an event (events.py), or when it is asked.
"""

from __future__ import annotations

from datetime import timedelta

from integrations.errors import SendFailed
from integrations.sms.gateway import Bulk, Report, Taken
from integrations.sms.numbers import with_country
from integrations.zalo import errors
from integrations.zalo.api import Api
from store.text import clean

NAME = "zbs"
KINDS = frozenset({"state_notice", "customer_care", "advertising", "staff"})
LONGEST_TRACKING_ID = 48
_AT_ZALO, _ARRIVED = 0, 1


class ZbsGateway:
    """Shares the calls, the tokens and the rate of the OA whose `api` it is. A tracking_id is only given back with the
    delivery: the same one twice is two messages.
    """

    name = NAME
    kinds = KINDS
    remembers = timedelta(0)

    def __init__(self, api: Api, per_second: float) -> None:
        self._api, self.per_second = api, per_second

    async def send(self, message: Bulk) -> Taken:
        """Gateway.send: the template with its values; `text` only says what the recipient will read."""
        if not message.template:
            raise SendFailed(errors.NO_TEMPLATE)
        values = {name: clean(value) for name, value in message.values.items()}
        phone, tracking_id = with_country(message.phone), message.request_id[:LONGEST_TRACKING_ID]
        sent = await self._api.send_template_by_phone(phone, message.template, values, tracking_id)
        return Taken(sent.provider_message_id)

    async def ask(self, message_id: str) -> Report | None:
        """Gateway.ask."""
        status = await self._api.template_status(message_id)
        if status == _ARRIVED:
            return Report("delivered", message_id)
        return Report("accepted", message_id) if status == _AT_ZALO else None

    async def close(self) -> None:
        """Connections are the provider's."""
