"""What forms bring and where they lead: clean text of bounded length, and the way back to a page."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse

from bot.web.problems import Problem
from store.text import clean


def text_field(form: FormData, name: str, longest: int, required: bool = False) -> str:
    """The clean text of a field, "" when there is none. Raises Problem 422 field_missing, field_too_long."""
    value = form.get(name, "")
    words = clean(value).strip() if isinstance(value, str) else ""
    if required and not words:
        raise Problem(422, "field_missing", name)
    if len(words) > longest:
        raise Problem(422, "field_too_long", f"{name}: {len(words)} > {longest}")
    return words


def number_field(form: FormData, name: str) -> int:
    """A version or a row's number; 0, which nothing has, where the form does not say one."""
    written = text_field(form, name, 20)
    return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else 0


def see_other(address: str) -> RedirectResponse:
    """After a form: the page to look at, so that reloading repeats nothing."""
    return RedirectResponse(address, 303)


def safe_next(address: str) -> str:
    """An address of the console that a sign-in may lead to; anything else is the front page."""
    is_ours = address.startswith("/console/") and "\\" not in address
    return address if is_ours else "/console/"
