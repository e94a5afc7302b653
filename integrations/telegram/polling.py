"""Asking Telegram for updates, for places without a public address."""

from __future__ import annotations

from typing import Any

from telegram import Bot

from integrations.errors import SendFailed
from integrations.telegram.errors import NO_ANSWER
from integrations.telegram.transport import outcome
from integrations.telegram.webhook import ALLOWED_UPDATES

# Beyond the time that Telegram may hold a poll open.
ANSWER_SECONDS = 8


async def updates(bot: Bot, offset: int | None, seconds: int) -> list[dict[str, Any]]:
    """The oldest up to 100 updates from id `offset` on, waiting up to `seconds` for the first. Raises SendFailed.

    Asking with an offset acknowledges everything before it; without one nothing is acknowledged.
    """
    asked = {"offset": offset, "timeout": seconds, "allowed_updates": list(ALLOWED_UPDATES)}
    # In lower case, which Telegram takes as well: the library insists on its own get_updates otherwise, and that parses
    # all updates at once, so that one it cannot read would hold up everybody's
    found = await outcome(bot.do_api_request("getupdates", asked, read_timeout=seconds + ANSWER_SECONDS))
    if not isinstance(found, list) or not all(isinstance(update, dict) for update in found):
        raise SendFailed(NO_ANSWER)
    return found
