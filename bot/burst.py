"""Messages sent as one thought: which of those that wait behind an unclear one belong to it.

People press "send" in the middle of a sentence. What means something by itself is never swallowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import RowMapping

from bot.reading import stands_alone
from store.messages import MAX_UNDERSTOOD_CHARACTERS


def belonging_to(
    first: RowMapping, waiting: Iterable[RowMapping], offered: Sequence[Mapping[str, str]] | None, pause: timedelta
) -> list[RowMapping]:
    """The messages of `waiting` (pending, in order) that came with no longer pause between them than `pause`.

    Ends before a pressed button, an event, a masked secret, whatever `bot.reading` reads by itself ("stop", "2", a
    telephone number), and before the whole would be too long to be understood.
    """
    burst: list[RowMapping] = []
    last, length = first["received_at"], len(first["text"])
    for row in waiting:
        length += 1 + len(row["text"])
        if (
            row["kind"] != "message"
            or row["payload"] is not None
            or row["masked"]
            or row["received_at"] - last > pause
            or length > MAX_UNDERSTOOD_CHARACTERS
            or stands_alone(row["text"], offered)
        ):
            break
        burst.append(row)
        last = row["received_at"]
    return burst
