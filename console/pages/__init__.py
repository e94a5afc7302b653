"""One module per page or group of pages: its routes, and nothing that another page needs."""

from __future__ import annotations

from fastapi import APIRouter

from console.pages import (
    account,
    acts,
    api_tokens,
    attendance,
    audit,
    canned,
    classes,
    conversation,
    credentials,
    data_requests,
    difficulties,
    difficulty_note,
    events,
    home,
    kpi,
    lead,
    leads,
    login,
    models,
    people,
    queue,
    reports,
    search,
    surveys,
    teaching,
    vendor_reports,
)

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
    account.router,
    credentials.router,
    people.router,
    api_tokens.router,
    audit.router,
    surveys.router,
    classes.router,
    attendance.router,
    leads.router,
    lead.router,
    vendor_reports.router,
    reports.router,
    kpi.router,
    data_requests.router,
    teaching.router,
    models.router,
    difficulties.router,
    difficulty_note.router,
)
