"""How many SMS a text is: alphabet, length, and which characters make it dear. Knows no price and no text of ours.

GSM 03.38 (3GPP TS 23.038, tables of 6.2.1) with septets, or UCS-2 with UTF-16 units; a text of several parts gives a
few of each to the header that joins them (3GPP TS 23.040, 9.2.3.24.1).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")  # behind an escape: two septets


class Encoding(StrEnum):
    GSM7 = "gsm7"
    UCS2 = "ucs2"


# How much one SMS holds alone, and each of several: septets or UTF-16 units.
ALONE = {Encoding.GSM7: 160, Encoding.UCS2: 70}
JOINED = {Encoding.GSM7: 153, Encoding.UCS2: 67}


@dataclass(frozen=True)
class Parts:
    """`units`: septets (GSM7) or UTF-16 units (UCS2). `costly`: the characters, each once in their order, for which
    the text cannot go in GSM7. `left`: units that the last part still takes."""

    encoding: Encoding
    units: int
    parts: int
    costly: tuple[str, ...]
    left: int


def parts(text: str, *, unicode: bool = True) -> Parts:
    """What `text` (composed to NFC first) needs. `unicode`: the gateway sends it as UCS-2 if it must; without, what
    cannot go is still in `costly`, and each such character is counted as the one "?" that phones would show."""
    composed = unicodedata.normalize("NFC", text)
    costly = tuple(dict.fromkeys(c for c in composed if c not in _BASIC and c not in _EXTENDED))
    if costly and unicode:
        sizes, encoding = [2 if ord(c) > 0xFFFF else 1 for c in composed], Encoding.UCS2
    else:
        sizes, encoding = [2 if c in _EXTENDED else 1 for c in composed], Encoding.GSM7
    count, left = _filled(sizes, encoding)
    return Parts(encoding, sum(sizes), count, costly, left)


def _filled(sizes: Iterable[int], encoding: Encoding) -> tuple[int, int]:
    """How many parts, and what the last one still takes. A character is never cut in two: an escape or a surrogate at
    the edge moves into the next part."""
    whole = list(sizes)
    total = sum(whole)
    if total <= ALONE[encoding]:
        return (1 if total else 0), ALONE[encoding] - total
    count, left = 1, JOINED[encoding]
    for size in whole:
        if size > left:
            count, left = count + 1, JOINED[encoding]
        left -= size
    return count, left
