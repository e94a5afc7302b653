"""Content security policies: what a page of ours may load, and who may show it inside theirs."""

from __future__ import annotations

from collections.abc import Sequence


def page_policy(framed_by: Sequence[str] = (), forms: bool = False) -> str:
    """For pages: only our own scripts, styles and media, nothing inline; shown inside the pages of `framed_by` only.
    `forms`: it may send a form to us.

    blob: for pictures that the page has fetched or is about to send.
    """
    action = "'self'" if forms else "'none'"
    frames = " ".join(framed_by) or "'none'"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:;"
        f" media-src 'self'; base-uri 'none'; form-action {action}; frame-ancestors {frames}"
    )


# For what somebody sent: even opened by itself it runs nothing, loads nothing and is nobody's origin.
FOREIGN_CONTENT = "default-src 'none'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
