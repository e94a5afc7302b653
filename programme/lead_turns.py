"""Whose turn it is among the firms of a province, for leads that another one did not take.

The state is rows that are locked in one order, so two processes share it and a restart forgets nothing. Next is the
firm that was chosen least recently: plain round-robin where all may be next, and still fair where communes differ.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from store.database import insert_if_new
from store.vendor_tables import vendor_turn


def take_turn(connection: Connection, province: str, allowed: Sequence[str]) -> str | None:
    """The next of the firms in `allowed` (ids, in the pack's order), which has had its turn now; None: no firm."""
    if not allowed:
        return None
    for vendor in sorted(allowed):
        insert_if_new(connection, vendor_turn, {"province": province, "vendor": vendor, "turn": 0})
    of_province = select(vendor_turn.c.vendor, vendor_turn.c.turn).where(vendor_turn.c.province == province)
    rows = connection.execute(of_province.order_by(vendor_turn.c.vendor).with_for_update())
    turns = {row.vendor: row.turn for row in rows}
    chosen = min(allowed, key=lambda vendor: (turns[vendor], allowed.index(vendor)))
    taken = update(vendor_turn).filter_by(province=province, vendor=chosen)
    connection.execute(taken.values(turn=max(turns.values()) + 1))
    return chosen
