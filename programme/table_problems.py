"""Why a whole table cannot be read in: a stable code, and words that say what to do."""

from __future__ import annotations


class TableInvalid(Exception):
    """Nothing of the file is taken. `code` for programs, the text (Vietnamese) for people."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code, self.words = code, words
