"""Mails that no person waits behind: whoever answers them starts a loop (RFC 3834)."""

from __future__ import annotations

import re
from collections.abc import Callable

from integrations.email.mail import Authentication, Machine

Header = Callable[[str], str]

_ROBOTS = re.compile(r"(?:mailer-daemon|postmaster|mail-?daemon|bounces?(?:[+=-].*)?)@", re.IGNORECASE)
_BULK = frozenset({"bulk", "junk", "list"})
_LISTS = ("List-Id", "List-Unsubscribe", "List-Post", "List-Help", "Mailing-List")
_SILENT = ("X-Auto-Response-Suppress", "X-Autoreply", "X-Autorespond", "X-Loop")
_DMARC = re.compile(r"\bdmarc\s*=\s*([a-z]+)", re.IGNORECASE)


def machine_of(header: Header, sender: str | None, own_address: str, is_report: bool) -> Machine | None:
    """None for what a person may have written. `header(name)`: a header's words, "" when there is none."""
    if sender == own_address:
        return Machine.OURSELVES
    if is_report:
        return Machine.BOUNCE
    submitted = header("Auto-Submitted").strip().lower()
    if (submitted and not submitted.startswith("no")) or header("X-Failed-Recipients"):
        return Machine.AUTOMATIC
    if header("Return-Path").replace(" ", "") == "<>" or (sender and _ROBOTS.match(sender)):
        return Machine.AUTOMATIC
    if header("Precedence").strip().lower() == "auto_reply":
        return Machine.AUTOMATIC
    if header("Precedence").strip().lower() in _BULK or any(header(name) for name in _LISTS):
        return Machine.BULK
    return None


def may_be_answered(header: Header, authentication: Authentication) -> bool:
    """Whether an automatic answer is allowed to a mail that a person may have written. Of whom we cannot believe that
    they wrote it, somebody else would get the answer.
    """
    return authentication is not Authentication.FAIL and not any(header(name) for name in _SILENT)


def authentication_of(results: list[str]) -> Authentication:
    """`results`: all Authentication-Results, the top one first, which our own server has written.

    A failure counts wherever it stands, since nobody forges one; a pass only at the top, and it gives no
    right to anything.
    """
    found = [verdict.lower() for one in results for verdict in _DMARC.findall(one)]
    if "fail" in found:
        return Authentication.FAIL
    top = _DMARC.search(results[0]) if results else None
    return Authentication.PASS if top and top[1].lower() == "pass" else Authentication.NONE
