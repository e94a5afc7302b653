"""Every kind of job. A further one is a module with its JobKind and its name here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from scheduler.alarms import ALARMS
from scheduler.balances import BALANCES
from scheduler.campaigns import CAMPAIGNS
from scheduler.erasures import ERASURES
from scheduler.kinds import JobKind
from scheduler.kpi_counts import KPI
from scheduler.lead_watch import LEAD_WATCH
from scheduler.officer_notices import OFFICER_NOTICES
from scheduler.renewal import RENEWAL
from scheduler.retention import RETENTION
from scheduler.sla_watch import SLA_WATCH

KINDS: Mapping[str, JobKind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            *(SLA_WATCH, OFFICER_NOTICES, LEAD_WATCH, ALARMS, RENEWAL, ERASURES, RETENTION, KPI),
            *(CAMPAIGNS, BALANCES),
        )
    }
)
