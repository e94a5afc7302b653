"""Rendering: templates escape everything; words, times and addresses of assets come from here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache, partial
from hashlib import sha256
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse

from console.context import ConsoleContext, console_context
from console.roles import DESK, FIELD, LEADERS, Role
from console.sessions import SignedIn
from programme.thousands import grouped
from store.contacts import local_phone

HERE = Path(__file__).parent
ASSETS = HERE / "assets"
PRIVATE = {"Cache-Control": "private, no-store"}
DEFAULT_LANGUAGE = "vi"
# The scripts that come with a Python package (locked with its digest), by the names our pages use.
_FROM_PACKAGES = {"htmx.js": "htmx-2.min.js"}

_environment = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    cache_size=-1,
    auto_reload=False,
)


@cache
def assets() -> Mapping[str, Path]:
    """Every script, style and picture of the pages, by name."""
    package = distribution("django-htmx")
    others = {
        name: Path(str(package.locate_file(f"django_htmx/static/django_htmx/{file}")))
        for name, file in _FROM_PACKAGES.items()
    }
    return {**{path.name: path for path in ASSETS.iterdir() if path.is_file()}, **others}


@cache
def asset(name: str) -> str:
    """The address of an asset; it changes with the content, so that browsers may keep it."""
    digest = sha256(assets()[name].read_bytes()).hexdigest()[:12]
    return f"/console/assets/{name}?v={digest}"


def fragment(context: ConsoleContext, person: SignedIn | None, template: str, **values: Any) -> str:
    """A rendered template. `language` among the values: that of somebody who is not signed in."""
    language = values.pop("language", person.language if person else DEFAULT_LANGUAGE)
    return _environment.get_template(template).render(
        say=lambda key, **named: context.words.say(key, language, **named),
        language=language,
        person=person,
        role=person.role if person else None,
        now=context.clock.now(),
        time_of=partial(time_of, context),
        moment_of=partial(moment_of, context),
        day_of=partial(day_of, context),
        iso=lambda at: at.isoformat() if at else "",
        asset=asset,
        local_phone=local_phone,
        grouped=partial(grouped, language=language),
        Role=Role,
        DESK=DESK,
        LEADERS=LEADERS,
        FIELD=FIELD,
        **values,
    )


def page(
    request: Request, person: SignedIn | None, template: str, status_code: int = 200, **values: Any
) -> HTMLResponse:
    """A page, or a part of one, for `person`; never kept by anybody in between."""
    return HTMLResponse(fragment(console_context(request), person, template, **values), status_code, PRIVATE)


def time_of(context: ConsoleContext, at: datetime) -> str:
    """ "09:05", where the hotline's people live."""
    return f"{at.astimezone(context.clock.timezone):%H:%M}"


def day_of(context: ConsoleContext, at: datetime) -> str:
    """ "23/11/2026"."""
    return f"{at.astimezone(context.clock.timezone):%d/%m/%Y}"


def moment_of(context: ConsoleContext, at: datetime) -> str:
    """ "09:05", and with its day when that is not today: "09:05 22/11" or "09:05 22/11/2025"."""
    there, today = at.astimezone(context.clock.timezone), context.clock.today()
    if there.date() == today:
        return f"{there:%H:%M}"
    return f"{there:%H:%M %d/%m}" if there.year == today.year else f"{there:%H:%M %d/%m/%Y}"
