"""The secret address of a copy of somebody's data.

The secret stands behind "#": browsers do not send that part, so that it is in no log of any server or proxy and no
preview of a chat opens it; the page's script does, when its reader presses the button (bot/web/my_data.py).
"""

from __future__ import annotations

import secrets
from datetime import timedelta

COPY_LIFE = timedelta(hours=24)
COPY_HOURS = int(COPY_LIFE.total_seconds() // 3600)
# A reader opens it on the telephone and on a computer, and comes back; whoever has found it does not go on for ever.
COPY_OPENED_AT_MOST = 10
COPY_PATH = "/my-data"


def new_token() -> str:
    """192 random bits."""
    return secrets.token_urlsafe(24)


def copy_address(server: str, token: str) -> str:
    """`server`: how owners reach this server, "" where the page is opened from itself."""
    return f"{server.rstrip('/')}{COPY_PATH}#{token}"
