"""Which confidence-C entries an administrator has released, in the database."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from programme.answers import Approval
from store.database import insert_if_new
from store.tables import content_approval


def approvals(connection: Connection) -> frozenset[Approval]:
    """All of them. An approval whose words were changed since matches no entry any more."""
    rows = select(content_approval.c.pack, content_approval.c.entry, content_approval.c.digest)
    return frozenset(Approval(*row) for row in connection.execute(rows))


def approve(connection: Connection, approval: Approval, by: str, now: datetime) -> bool:
    """Release an entry in exactly these words; False when it was released before."""
    row = {**vars(approval), "approved_by": by, "approved_at": now}
    return insert_if_new(connection, content_approval, row) is not None
