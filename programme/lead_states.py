"""Where a lead can stand, and which step leads where. Who takes a step and what follows: lead_life.py."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class LeadState(StrEnum):
    """`lead.status`. Asking: the owner is asked whether this firm may call, and no firm sees the lead. Declined: the
    owner does not want that firm, or could not be asked. Withdrawn: the consent is gone, and everything personal."""

    ASKING = "asking"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    CONTACTED = "contacted"
    TRIAL = "trial"
    IN_USE = "in_use"
    REFUSED = "refused"
    LAPSED = "lapsed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


# What a firm does, or somebody who oversees the firms in its place. What it has begun it may still give up.
FIRM_STEPS: Mapping[LeadState, tuple[LeadState, ...]] = MappingProxyType(
    {
        LeadState.OFFERED: (LeadState.ACCEPTED, LeadState.REFUSED),
        LeadState.ACCEPTED: (LeadState.CONTACTED, LeadState.REFUSED),
        LeadState.CONTACTED: (LeadState.TRIAL, LeadState.IN_USE, LeadState.REFUSED),
        LeadState.TRIAL: (LeadState.IN_USE, LeadState.REFUSED),
    }
)
# The firm has taken it up: only now it is told name and number.
TAKEN_UP = (LeadState.ACCEPTED, LeadState.CONTACTED, LeadState.TRIAL, LeadState.IN_USE)
# A further wish of the owner finds these and changes nothing; out of the others it is offered anew.
OPEN = (LeadState.OFFERED, *TAKEN_UP)
MAY_BE_OFFERED_AGAIN = (LeadState.REFUSED, LeadState.LAPSED)
# What firms do not see: it was never offered to them.
HIDDEN_FROM_FIRMS = (LeadState.ASKING, LeadState.DECLINED)


def firm_steps(status: str) -> tuple[LeadState, ...]:
    """What a firm may do with a lead that stands at `status`."""
    return FIRM_STEPS.get(LeadState(status), ())
