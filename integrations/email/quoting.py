"""What somebody wrote themselves, without the history they answer to and without their signature.

Wordings of Gmail, Outlook, Apple Mail and Zimbra in Vietnamese and English. Whoever answers below or between quoted
lines keeps their words; where nothing would be left, everything is.
"""

from __future__ import annotations

import re

_ANNOUNCED = re.compile(
    r"^[ \t>]*(?:on|vào|vào lúc|lúc|ngày|trong)\b[^\n]{0,300}(?:\n[^\n]{0,200}){0,2}?"
    r"(?:wrote|writes|đã viết|viết|đã gửi)[ \t]*:[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_DIVIDER = re.compile(
    r"^[ \t>]*(?:-{2,}|_{2,}|\*{2,})[ \t]*(?:original message|reply message|thư gốc|tin nhắn gốc|thư ban đầu"
    r"|nội dung thư gốc|thông điệp gốc)[ \t]*(?:-{2,}|_{2,}|\*{2,})[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
# Outlook: a block of headers, perhaps below a line
_HEADERS = re.compile(
    r"^[ \t>]*(?:_{10,}[ \t]*\n\s*)?[*]?(?:from|từ|người gửi)[*]?[ \t]*:[^\n]{1,300}\n"
    r"(?:[^\n]{0,300}\n){0,2}?[ \t>]*[*]?(?:sent|date|đã gửi|gửi|ngày|ngày gửi)[*]?[ \t]*:[^\n]{1,200}$",
    re.IGNORECASE | re.MULTILINE,
)
_SIGNATURE = re.compile(
    r"^(?:--[ \t]?|sent from my [^\n]{1,60}|(?:được |đã )?gửi từ [^\n]{1,60}"
    r"|get outlook for [^\n]{1,60}|tải outlook (?:cho|dành cho) [^\n]{1,60})$",
    re.IGNORECASE | re.MULTILINE,
)
LONGEST_SIGNATURE = 15  # lines; what is longer says something


def own_words(text: str, is_answer: bool) -> str:
    """`is_answer`: it answers a mail, so that what it quotes is known; of a first mail the quotes are kept."""
    kept = text
    if is_answer:
        ends = [found.start() for rule in (_ANNOUNCED, _DIVIDER, _HEADERS) if (found := rule.search(text))]
        if ends:
            head, behind = text[: min(ends)], text[min(ends) :]
            # Answered below the quote: what is not quoted there are their words
            kept = head if head.strip() else _unquoted(behind.split("\n", 1)[-1])
        kept = _unquoted(kept)
    kept = _without_signature(kept)
    return kept.strip() or text.strip()


def _unquoted(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if not line.lstrip().startswith(">"))


def _without_signature(text: str) -> str:
    for found in _SIGNATURE.finditer(text):
        behind = text[found.end() :].strip("\n")
        if text[: found.start()].strip() and behind.count("\n") < LONGEST_SIGNATURE:
            return text[: found.start()]
    return text
