"""How fast each gateway may be called, and whether it is left alone for now: locked, then kept, by one claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, select, update

from integrations.sms.gateway import Gateway
from scheduler.bulk_calls import STOPPED
from scheduler.bulk_pace import Bucket
from store.campaign_tables import gateway_state
from store.database import insert_if_new


@dataclass(frozen=True)
class GatewayPace:
    """`stopped_until`, `stopped_for`: until when it is left alone, and why; None: it is not."""

    bucket: Bucket
    stopped_until: datetime | None = None
    stopped_for: str | None = None

    def without(self, messages: int) -> GatewayPace:
        return replace(self, bucket=self.bucket.without(messages))


def read_paces(
    connection: Connection, names: Sequence[str], gateways: Mapping[str, Gateway], now: datetime
) -> dict[str, GatewayPace]:
    """By name. Nobody else has them until the transaction ends."""
    found = {}
    for name in names:
        insert_if_new(connection, gateway_state, {"gateway": name, "filled_at": now})
        own = select(gateway_state).where(gateway_state.c.gateway == name).with_for_update()
        row = connection.execute(own).mappings().one()
        bucket = Bucket(row["millitokens"], row["filled_at"], gateways[name].per_second).filled(now)
        until = row["stopped_until"]
        # Nobody stops for so long: it was set before the clock was set back
        is_stopped = until is not None and now < until <= now + 2 * STOPPED
        found[name] = GatewayPace(bucket, until, row["stopped_for"]) if is_stopped else GatewayPace(bucket)
    return found


def keep_paces(connection: Connection, paces: Mapping[str, GatewayPace]) -> None:
    """Write what is left of each."""
    for name, one in paces.items():
        state = update(gateway_state).where(gateway_state.c.gateway == name)
        connection.execute(state.values(millitokens=one.bucket.millitokens, filled_at=one.bucket.filled_at))
