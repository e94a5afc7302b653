"""Webhook calls as no platform would make them, from those it does make: by number, so that each can be made again."""

from __future__ import annotations

import json
import random
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.web.webhooks import MAX_BODY_BYTES
from integrations.registry import Specimen

CHANGES = (1, 1, 1, 2, 4)
# Shares of the genuine: left as they are, with damaged bytes, come a second time, under an id that was there before.
UNTOUCHED, DAMAGED, REPEATED, SAME_ID = 0.2, 0.15, 0.1, 0.05
LONGEST_AGO = 500
# Of the others: without a trace of the platform's JSON.
NOISE, TOO_LARGE = 0.1, 0.0005

_DEPTHS = (10, 250, 260, 900, 1010, 1100, 3000)
# Stand where something must be written that no Python value is written as.
_NESTED, _LONG_NUMBER, _HALF = "@nested@", "@long number@", "@half@"
_STRANGE: tuple[Any, ...] = (
    *(None, True, False, [], {}, [[]], [None], {"": None}, "", " ", "0", "null"),
    *(0, -1, 1.5, 1e308, -0.0, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**40),
    *(_NESTED, _LONG_NUMBER, _HALF, "\x00", "a\x00b", "\u202e\u200b\ufeff", "a\u200b\u0301", "🙂" * 40, "<b>&amp;</b>"),
    *(unicodedata.normalize("NFD", "Đồng Hỷ ở đâu ạ?"), "a" + "\u0301" * 5000, "x" * 5000, "/start", "/greet", "'; --"),
    *("9" * 400, "../../etc/passwd", "http://127.0.0.1:1/x", "file:///etc/passwd", "2026-11-23", "NaN", "1e400"),
)


@dataclass(frozen=True)
class Call:
    """`is_signed`: the platform vouches for just this body, which is no longer than one may be."""

    number: int
    headers: Mapping[str, str]
    body: bytes
    is_signed: bool


class Calls:
    """Of one channel: every second one signed."""

    def __init__(self, specimen: Specimen, seed: int) -> None:
        self._specimen, self._seed = specimen, seed
        self._events = [json.loads(body) for body in specimen.fixtures.values()]

    def make(self, number: int) -> Call:
        """The same call for the same number, whatever was made before."""
        chance = random.Random(f"{self._seed}:{self._specimen.channel}:{number}")
        if number % 2 == 0:
            if number and chance.random() < REPEATED:
                return replace(self.make(number - 2 * chance.randint(1, min(LONGEST_AGO, number // 2))), number=number)
            body = self._genuine(chance, number)
            return Call(number, self._specimen.seal(body), body, is_signed=len(body) <= MAX_BODY_BYTES)
        body = self._noise(chance) if chance.random() < NOISE else self._genuine(chance, number)
        headers, body = chance.choice(list(self._specimen.forge(body).values()))
        if chance.random() < TOO_LARGE:
            body = body.ljust(MAX_BODY_BYTES + 1)
        return Call(number, headers, body, is_signed=False)

    def _genuine(self, chance: random.Random, number: int) -> bytes:
        event = _copy(chance.choice(self._events))
        self._specimen.renew(event, number if chance.random() > SAME_ID else chance.randrange(number + 1))
        kind = chance.random()
        if kind > UNTOUCHED:
            for _ in range(chance.choice(CHANGES)):
                _change(chance, event, self._specimen.envelope.keys())
        body = self._written(chance, event)
        return self._damaged(chance, body) if kind > 1 - DAMAGED else body

    def _written(self, chance: random.Random, event: Mapping[str, Any]) -> bytes:
        """What says whose it is stands first: damage behind it leaves the platform known."""
        ordered = {**self._specimen.envelope, **event, **self._specimen.envelope}
        compact = chance.random() < 0.5
        text = json.dumps(ordered, ensure_ascii=chance.random() < 0.3, separators=(",", ":") if compact else None)
        depth = chance.choice(_DEPTHS)
        text = text.replace(f'"{_NESTED}"', "[" * depth + "]" * depth)
        text = text.replace(f'"{_LONG_NUMBER}"', "9" * chance.choice((20, 310, 5000))).replace(_HALF, "\\ud83d")
        body = text.encode("utf-8", "surrogatepass")
        return chance.choice(_ENCODINGS)(body) if chance.random() < 0.03 else body

    def _damaged(self, chance: random.Random, body: bytes) -> bytes:
        safe = len(json.dumps(dict(self._specimen.envelope)))
        if not body.startswith(b"{") or len(body) <= safe:
            return body
        place = chance.randrange(safe, len(body))
        return chance.choice(_DAMAGES)(body, place, chance)

    def _noise(self, chance: random.Random) -> bytes:
        return chance.choice(
            (b"", b"null", b"[]", b"{}", b"<html>", b"[" * 5000, chance.randbytes(chance.randrange(300)))
        )


_ENCODINGS: Sequence[Callable[[bytes], bytes]] = (
    lambda body: b"\xef\xbb\xbf" + body,
    lambda body: body.decode("utf-8", "replace").encode("utf-16"),
    lambda body: body.decode("utf-8", "replace").encode("utf-32"),
    lambda body: body + b"\n" * 50,
)
_DAMAGES: Sequence[Callable[[bytes, int, random.Random], bytes]] = (
    lambda body, place, _: body[:place],
    lambda body, place, chance: body[:place] + chance.randbytes(4) + body[place:],
    lambda body, place, chance: (
        body[:place] + chance.choice((b"\x00", b"\xff", b"\xc3", b'"', b"}")) + body[place + 1 :]
    ),
    lambda body, place, _: body[:place] + body[place:].decode("utf-8", "replace").encode("latin-1", "replace"),
    lambda body, place, _: body[:place] + body[place : place + 40] + body[place:],
    lambda body, _, __: body.replace(b'"id":', b'"id":0,"id":'),
    lambda body, _, __: body + body,
)


def _change(chance: random.Random, event: dict[str, Any], kept: Any) -> None:
    """One part of `event` is missing, is something else, stands twice under another name, or at another's place."""
    places = [place for place in _places(event) if place and place[0] not in kept]
    if not places:
        return
    holder, last = _at(event, chance.choice(places))
    match chance.randrange(6):
        case 0:
            del holder[last]
        case 1 if isinstance(holder, dict):
            holder[chance.choice(("", "id", "text", "x" * 300, "\x00", f"{last} "))] = _copy(holder[last])
        case 2:
            other, key = _at(event, chance.choice(places))
            holder[last] = _copy(other[key])
        case 3 if isinstance(holder[last], str | int):
            holder[last] = str(holder[last]) if isinstance(holder[last], int) else [holder[last]]
        case 4 if isinstance(holder[last], list):
            holder[last] = holder[last] * chance.choice((0, 2, 25, 1200))
        case _:
            holder[last] = _copy(chance.choice(_STRANGE))


def _copy(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _at(value: Any, place: tuple[Any, ...]) -> tuple[Any, Any]:
    for key in place[:-1]:
        value = value[key]
    return value, place[-1]


def _places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value that something else could stand in."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place, *(inner for key, child in children for inner in _places(child, (*place, key)))]
