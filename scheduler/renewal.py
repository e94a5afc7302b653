"""The job "renewal": tokens that end are renewed in time, also on a quiet weekend.

The renewals are the integrations' own and say themselves how they bear being run twice (integrations/zalo/tokens.py: a
lease, and the pair is replaced only by the one it was bought with).
"""

from __future__ import annotations

from datetime import timedelta

from scheduler.kinds import JobContext, JobKind


async def renew(context: JobContext) -> None:
    for renewal in context.renewals:
        await renewal()


RENEWAL = JobKind("renewal", timedelta(minutes=10), renew)
