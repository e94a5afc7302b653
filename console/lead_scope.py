"""Whose leads somebody may see on the console's pages, and how what cannot be done is said there."""

from __future__ import annotations

from bot.web.problems import Problem
from console.context import ConsoleContext
from console.roles import Role
from console.sessions import SignedIn
from programme.lead_problems import LeadProblem
from programme.lead_steps import Scope


def scope_of(context: ConsoleContext, person: SignedIn, asked: str = "") -> Scope:
    """`asked`: a firm that the list is narrowed to.

    Raises Problem 404 for a firm that is not theirs, or none at all; 403 for somebody who belongs to none yet.
    """
    known = {one.id for one in context.content.packs.province(context.province).vendors}
    own = person.vendor if person.role is Role.VENDOR else None
    if person.role is Role.VENDOR and own is None:
        raise Problem(403, "no_vendor", context.words.say("leads.no_vendor", person.language))
    if asked and (asked not in known or own not in (None, asked)):
        raise Problem(404, "vendor_unknown", context.words.say("leads.unknown", person.language))
    return Scope(context.province, own or asked or None, person.communes if person.role is Role.VENDOR else None)


def as_problem(problem: LeadProblem, person: SignedIn) -> Problem:
    """The same for a page."""
    return Problem(problem.status, problem.code, problem.words(person.language))
