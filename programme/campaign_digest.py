"""What an approval is bound to: a SHA-256 over everything that decides what goes to whom, and when.

Of a campaign with one run that is also who was counted, person by person; of one that runs again and again, the
question by which they are found each time.
"""

from __future__ import annotations

from hashlib import sha256

import orjson
from sqlalchemy import Connection, Select, select

from programme.campaign_plan import Plan

_AT_ONCE = 10_000


def digest(plan: Plan, audience_digest: str | None) -> str:
    """Of the plan without its name, which nobody receives. `audience_digest`: of a campaign with one run."""
    said = {key: value for key, value in plan.as_row().items() if key != "name"}
    said["deadline"] = None if plan.deadline is None else plan.deadline.isoformat()
    said["audience_digest"] = audience_digest
    return sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)).hexdigest()


def fingerprint(connection: Connection, audience: Select[tuple[int]]) -> tuple[int, str]:
    """How many contacts an audience has, and a digest of which they are. Reads the numbers only."""
    seen, count = sha256(), 0
    chosen = audience.subquery()
    one_by_one = select(chosen.c[0]).distinct().order_by(chosen.c[0]).execution_options(yield_per=_AT_ONCE)
    found = connection.execute(one_by_one)
    for part in found.scalars().partitions(_AT_ONCE):
        count += len(part)
        seen.update(b",".join(b"%d" % one for one in part) + b"\n")
    return count, seen.hexdigest()
