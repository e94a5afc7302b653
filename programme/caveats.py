"""What must be said before an answer: that it is not about the year that was asked, that nobody here can promise.

Pure functions over the question's words; the wording is in the phrases.
"""

from __future__ import annotations

import datetime as dt
import re

from programme.answers import Answer
from programme.dates_said import dates_in
from programme.numbers_said import with_digits
from store.text import folded_words

# "2000 triệu" is an amount: years that anybody asks about are near.
NEAR_YEARS = 10
_PROMISE = re.compile(
    r"\b(?:cam ket|chac chan|dam bao|bao dam|hua (?:giup|di|voi)|co chac|chac khong|100 phan tram|guarantee|promise)\b"
)


def other_years(answer: Answer, question: str, today: dt.date) -> list[int]:
    """The years that the question names and for which the answer's figures do not hold."""
    if not answer.year_bound:
        return []
    said = (one.span for one in dates_in(with_digits(question), today, coming=True) if one.year != "unsaid")
    years = {year for span in said if span for year in (span.first.year, span.last.year)}
    near = (year for year in years if abs(year - today.year) <= NEAR_YEARS)
    return sorted(year for year in near if not answer.window.reaches_into(year))


def asks_for_a_promise(question: str) -> bool:
    """Whether somebody wants it guaranteed, which is for the authority alone."""
    return _PROMISE.search(" ".join(folded_words(question))) is not None
