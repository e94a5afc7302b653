"""Passwords: argon2id, off the event loop and few at once; which passwords nobody may choose.

Parameters and their reasons: docs/decisions/0021-signing-in.md.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from starlette.datastructures import FormData

from bot.web.problems import Problem
from store.text import fold, folded_words

T = TypeVar("T")

SHORTEST, LONGEST = 12, 200
# Of characters as keyboards send them: a letter with two accents apart is three. More is too long in any case.
MOST_TYPED = 3 * LONGEST
# Each takes 46 MiB for as long as it runs (about a tenth of a second on one core).
AT_ONCE = 2
WAITING_AT_MOST = 40
BUSY_SECONDS = 5
_HASHER = PasswordHasher(time_cost=2, memory_cost=46 * 1024, parallelism=1, type=Type.ID)
# What people choose when twelve characters are asked for; compared without accents, digits and signs around it.
_OBVIOUS = (
    *("matkhau", "password", "passw", "hotline", "chuyendoiso", "thainguyen", "thanhhoa", "vietnam", "qwerty"),
    *("qwertyuiop", "asdfghjkl", "abc", "abcd", "abcdef", "administrator", "admin", "iloveyou", "anhyeuem", "letmein"),
    *("canbo", "xinchao", "emyeuanh", "khongbiet", "welcome", "zaq", "qaz", "wsx"),
)


def hash_now(password: str) -> str:
    """The text that is kept instead of `password`. Takes about a tenth of a second."""
    return _HASHER.hash(password)


async def hashed(password: str) -> str:
    """`hash_now`, off the event loop. Raises Problem 503 while too many wait."""
    return await _in_turn(lambda: hash_now(password))


async def matches(password_hash: str | None, password: str) -> bool:
    """Whether `password` is the one. Without a hash it takes as long, so that time says nothing. Raises Problem 503."""
    return await _in_turn(lambda: _matches_now(password_hash, password))


def may_be_weaker(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)


def typed(form: FormData, name: str = "password") -> str:
    """The password of a form as it was typed; composed, since keyboards differ in how they write accents."""
    value = form.get(name, "")
    if not isinstance(value, str):
        return ""
    # Composing a long run of accents takes quadratic time, and whoever is not signed in may send one
    return unicodedata.normalize("NFC", value) if len(value) <= MOST_TYPED else value[: LONGEST + 1]


def new_password() -> str:
    """A random one that can be read aloud and typed: four groups of four letters and digits, 77 bits."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


def fault_of(password: str, login: str, name: str) -> str | None:
    """The key of the words that say why nobody may choose this password; None when it will do."""
    if len(password) < SHORTEST:
        return "password.too_short"
    if len(password) > LONGEST:
        return "password.too_long"
    bare = "".join(folded_words(password))
    if len(set(fold(password))) < 5:
        return "password.obvious"
    own = {fold(login), "".join(folded_words(name)), "".join(folded_words(login))}
    if bare in own or _letters(bare) in {_letters(one) for one in own} - {""}:
        return "password.own_name"
    if bare.isdigit() or _letters(bare) in _OBVIOUS or _repeats(_letters(bare)) in _OBVIOUS:
        return "password.obvious"
    return None


def _letters(text: str) -> str:
    return "".join(c for c in text if c.isalpha())


def _repeats(text: str) -> str:
    """ "matkhaumatkhau" → "matkhau"."""
    for length in range(1, len(text) // 2 + 1):
        if len(text) % length == 0 and text[:length] * (len(text) // length) == text:
            return text[:length]
    return text


def _matches_now(password_hash: str | None, password: str) -> bool:
    nobodys = _nobodys_hash()
    try:
        # a password that is too long to have been accepted is not worth more time than others
        right = _HASHER.verify(password_hash or nobodys, password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return right and password_hash is not None


@cache
def _nobodys_hash() -> str:
    return hash_now(secrets.token_urlsafe())


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, "password")


class _Line:
    """How many wait for their turn; a lock, since several event loops may share one process."""

    def __init__(self) -> None:
        self._lock, self._count = threading.Lock(), 0

    def enter(self) -> bool:
        with self._lock:
            if self._count >= WAITING_AT_MOST:
                return False
            self._count += 1
            return True

    def leave(self) -> None:
        with self._lock:
            self._count -= 1


_line = _Line()


async def _in_turn(work: Callable[[], T]) -> T:
    if not _line.enter():
        raise Problem(503, "database_away", "", retry_after=BUSY_SECONDS)
    running = _threads().submit(work)
    running.add_done_callback(lambda _: _line.leave())
    return await asyncio.wrap_future(running)
