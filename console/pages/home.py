"""/console/: the page that somebody's work begins with."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse

from console.access import allow
from console.forms import see_other
from console.roles import DESK, EVERYBODY, Role
from console.sessions import SignedIn

router = APIRouter()


@router.get("/")
async def home(person: Annotated[SignedIn, Depends(allow(*EVERYBODY))]) -> RedirectResponse:
    """Officers to the queue, commune staff to the surveys, vendor users to their leads."""
    if person.role in DESK:
        return see_other("/console/queue")
    return see_other("/console/leads" if person.role is Role.VENDOR else "/console/surveys")
