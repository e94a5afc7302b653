"""Who may do what: the roles, and which of them a route is for."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What somebody is in the hotline.

    Officers answer owners; supervisors also see reports and may act for officers; administrators also keep accounts and
    the audit log. Vendor users see the leads of their firm, commune staff the surveys and classes of their commune.
    """

    OFFICER = "officer"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    VENDOR = "vendor"
    COMMUNE = "commune"


DESK = (Role.OFFICER, Role.SUPERVISOR, Role.ADMINISTRATOR)
LEADERS = (Role.SUPERVISOR, Role.ADMINISTRATOR)
FIELD = (*DESK, Role.COMMUNE)
EVERYBODY = tuple(Role)
