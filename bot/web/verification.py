"""Zalo's proof that the domain is ours: the file it asks for, which holds the same tag that may stand on a page."""

from __future__ import annotations

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

META_NAME = "zalo-platform-site-verification"


def file_path(code: str) -> str:
    """Where Zalo looks for its file."""
    return f"/zalo_verifier{code}.html"


def zalo_verification_route(code: str) -> Route:
    """GET /zalo_verifier<code>.html. `code`: letters, digits, _ and - (store/settings.py)."""
    page = f'<!doctype html><html><head><meta name="{META_NAME}" content="{escape(code)}"></head><body></body></html>'

    async def show(_: Request) -> HTMLResponse:
        return HTMLResponse(page)

    return Route(file_path(code), show, methods=["GET"])
