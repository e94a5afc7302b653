"""Telegram's Bot API. Importing `webhook` or `provider` loads python-telegram-bot (20 MB, half a second): only where
Telegram is used.
"""

import logging
import os

# Durations as timedelta: the library's coming behaviour, and without it every recording costs a deprecation warning.
os.environ.setdefault("PTB_TIMEDELTA", "1")
# At DEBUG it logs the addresses that it will call, and the bot's token is part of them.
logging.getLogger("telegram").setLevel(logging.WARNING)
