"""Random samples: how many are needed for how exact a share, how exact a share is, and a draw that can be repeated.

All for 95 % confidence, by the normal approximation with the correction for a finite list. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from hashlib import sha256
from heapq import nsmallest

_Z95 = 1.959964
WIDEST = Fraction(1, 2)  # the share whose interval is the widest: what is planned with, when none is known


def margin(share: Fraction, answers: int, listed: int | None) -> Fraction | None:
    """Half the width of the interval of a share found in a sample; None without answers. `listed`: how many could be
    drawn, None for very many.

    Five who all say yes are not everybody: a share at its end is reckoned as far from it as the middle of Wilson's
    interval is, else the margin would be nothing.
    """
    if answers <= 0:
        return None
    edge = _Z95**2 / 2 / (answers + _Z95**2)
    inner = min(max(float(share), edge), 1 - edge)
    rest = 1.0 if not listed or listed <= 1 else max(0.0, (listed - answers) / (listed - 1))
    return Fraction(_Z95 * math.sqrt(inner * (1 - inner) / answers * rest)).limit_denominator(100_000)


def needed(wanted: Fraction, listed: int) -> int:
    """The fewest answers with which no share's margin is above `wanted` (from 0 to 1, not 0)."""
    if listed <= 1:
        return listed
    of_many = float(WIDEST * (1 - WIDEST)) * (_Z95 / float(wanted)) ** 2
    return min(listed, math.ceil(listed * of_many / (listed - 1 + of_many) - 1e-9))


def draw(listed: Iterable[int], size: int, seed: int) -> list[int]:
    """`size` of the numbers, in their order; with the same seed the same ones, in whatever order they are listed.

    Each number has a lot, SHA-256 of "seed:number", and the smallest lots win: anybody can check it with other tools.
    """
    return sorted(nsmallest(size, listed, key=lambda one: sha256(f"{seed}:{one}".encode()).digest()))
