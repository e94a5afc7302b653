"""Errors that end a command with one clear sentence instead of a traceback."""


class Stop(Exception):
    """The command cannot go on; the text (Vietnamese) says why and what to do."""
