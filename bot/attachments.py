"""What comes with a message beside its words: kept as rows in the message's transaction, fetched afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from store.channel_tables import attachment
from store.messages import Attachment

# What a provider says about size and length is not to be trusted; PostgreSQL's INTEGER ends here.
_LARGEST_NUMBER = 2**31 - 1


def keep(connection: Connection, inbound_id: int, attachments: Sequence[Attachment], now: datetime) -> None:
    """Write a row per attachment, in order; what has a source is due to be fetched at once.

    Belongs into the transaction that stores the message; afterwards notify ATTACHMENTS.
    """
    rows = [_row(inbound_id, position, item, now) for position, item in enumerate(attachments)]
    if rows:
        connection.execute(insert(attachment), rows)


def _row(inbound_id: int, position: int, item: Attachment, now: datetime) -> dict[str, Any]:
    return {
        "inbound_id": inbound_id,
        "position": position,
        "kind": item.kind,
        "source": item.source or None,
        "name": item.name or None,
        "media_type": item.media_type[:100] if item.media_type else None,
        "size": _number(item.size),
        "seconds": _number(item.seconds),
        "place": None if item.place is None else f"{item.place[0]},{item.place[1]}",
        "status": "waiting" if item.source else "nothing",
        "fetch_at": now if item.source else None,
    }


def _number(value: int | None) -> int | None:
    return value if value is not None and 0 <= value <= _LARGEST_NUMBER else None
