"""Texts as Telegram counts and marks them: lengths in UTF-16 units, HTML read into entities."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

from integrations.telegram.sim_parameters import Parameters, bad_request

_TYPES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
_END_OF_NAME = re.compile(r"[\s>/]")
_LONGEST_NAME = 40
_ATTRIBUTES = re.compile(r"((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>")
_HREF = re.compile(r"""href\s*=\s*["']?([^"'>\s]+)""", re.IGNORECASE)
# Only these names are known; any other ampersand stays as it is
_REFERENCE = re.compile(r"&(?:lt|gt|amp|quot|#\d+|#x[0-9a-fA-F]+);")
_COMMAND = re.compile(r"(?<![\w/])/[A-Za-z0-9_]{1,32}(?:@\w+)?")


def utf16_length(text: str) -> int:
    """In UTF-16 units: most emoji are two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def commands_in(text: str) -> list[dict[str, Any]]:
    """The entities of the commands in a text that a person typed."""
    return [
        {
            "type": "bot_command",
            "offset": utf16_length(text[: found.start()]),
            "length": utf16_length(found.group()),
        }
        for found in _COMMAND.finditer(text)
    ]


def read_text(parameters: Parameters, name: str) -> tuple[str, list[dict[str, Any]]]:
    """A text parameter as it will be shown, with its entities. Raises Refused.

    Stricter than the platform: of the parse modes only HTML is known here, the one that can be escaped safely.
    """
    mode = parameters.text("parse_mode").lower()
    if mode not in ("", "html"):
        raise bad_request("unsupported parse_mode")
    text = parameters.text(name)
    return read_html(text) if mode else (text.strip(), [])


@dataclass(frozen=True)
class _Open:
    tag: str
    start: int
    extra: dict[str, Any]


def read_html(markup: str) -> tuple[str, list[dict[str, Any]]]:
    """(text, entities). Raises Refused: "can't parse entities: …", with the place in bytes as the platform says it."""
    text, entities, open_tags, at = "", [], list[_Open](), 0
    while (begin := markup.find("<", at)) >= 0:
        text += _plain(markup[at:begin])
        place = len(markup[:begin].encode())
        closing, tag, rest = _tag(markup, begin, place)
        if closing:
            entities += _close(open_tags, tag, place, utf16_length(text))
        else:
            open_tags.append(_Open(tag, utf16_length(text), _extra(tag, rest.group(1))))
        at = rest.end()
    if open_tags:
        tag = open_tags[-1].tag
        raise bad_request(f"can't parse entities: Can't find end tag corresponding to start tag \"{tag}\"")
    return _stripped(text + _plain(markup[at:]), entities)


def _tag(markup: str, begin: int, place: int) -> tuple[bool, str, re.Match[str]]:
    """Whether it closes, its name, and what stands behind the name. Raises Refused."""
    closing = markup.startswith("</", begin)
    start = begin + 1 + closing
    tag = _END_OF_NAME.split(markup[start : start + _LONGEST_NAME], maxsplit=1)[0]
    end, tag = start + len(tag), tag.lower()
    if not closing and tag not in _TYPES and end < len(markup):
        raise bad_request(f'can\'t parse entities: Unsupported start tag "{tag}" at byte offset {place}')
    rest = _ATTRIBUTES.match(markup, end)
    if rest is None:
        raise bad_request(f"can't parse entities: Unclosed {'end' if closing else 'start'} tag at byte offset {place}")
    return closing, tag, rest


def _plain(piece: str) -> str:
    return _REFERENCE.sub(lambda found: unescape(found.group()), piece)


def _close(open_tags: list[_Open], tag: str, place: int, end: int) -> list[dict[str, Any]]:
    if not open_tags:
        raise bad_request(f"can't parse entities: Unexpected end tag at byte offset {place}")
    opened = open_tags.pop()
    if tag not in ("", opened.tag):
        expected = f'expected "</{opened.tag}>", found "</{tag}>"'
        raise bad_request(f"can't parse entities: Unmatched end tag at byte offset {place}, {expected}")
    if end == opened.start:
        return []
    return [{"type": _TYPES[opened.tag], "offset": opened.start, "length": end - opened.start, **opened.extra}]


def _extra(tag: str, attributes: str) -> dict[str, Any]:
    link = _HREF.search(attributes) if tag == "a" else None
    return {"url": unescape(link.group(1))} if link else {}


def _stripped(text: str, entities: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """Without blanks around, the entities moved along."""
    lead = utf16_length(text[: len(text) - len(text.lstrip())])
    text = text.strip()
    length = utf16_length(text)
    moved = []
    for entity in sorted(entities, key=lambda entity: (entity["offset"], -entity["length"])):
        start = max(entity["offset"] - lead, 0)
        end = min(entity["offset"] + entity["length"] - lead, length)
        if end > start:
            moved.append({**entity, "offset": start, "length": end - start})
    return text, moved
