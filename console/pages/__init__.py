"""One module per page or group of pages: its routes, and nothing that another page needs."""

from __future__ import annotations

from fastapi import APIRouter

from console.pages import acts, attendance, canned, classes, conversation, events, home, login, queue, search, surveys

# In this order; each module's docstring says which addresses it serves.
ROUTERS: tuple[APIRouter, ...] = (
    home.router,
    queue.router,
    acts.router,
    conversation.router,
    events.router,
    search.router,
    canned.router,
    login.router,
    surveys.router,
    classes.router,
    attendance.router,
)
