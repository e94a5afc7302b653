"""Ways in which one and the same text may be written, for tests of what is read out of it."""

from __future__ import annotations

import unicodedata

from store.text import fold

WAYS = {
    "capitals": str.upper,
    "decomposed": lambda text: unicodedata.normalize("NFD", text),
    "hard spaces": lambda text: text.replace(" ", "\N{NO-BREAK SPACE}"),
    "double spaces": lambda text: text.replace(" ", "  "),
    "unaccented": fold,
}
