"""Replies cut to a provider's measure: one part per provider call, each within its limits, nothing left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from integrations.provider import Limits
from store.messages import Reply

# Here and not with the providers: what is said is cut when it is said, also by processes that send nothing. A channel
# that is missing has none: its page shows a reply as it is.
LIMITS = {
    # Text: the consultation message's; five buttons of at most 100 characters (Zalo OpenAPI v3, appendix on buttons).
    "zalo": Limits(text=2000, buttons=5, button_title=100),
    # Bot API, sendMessage: 4,096 UTF-16 units; a hundred buttons is what clients show; 64 fits one line of a phone.
    "telegram": Limits(text=4096, buttons=100, button_title=64, utf16=True),
    # A mail may be long, and buttons are left out of it (integrations/email/letter.py): as many as there are.
    "email": Limits(text=20_000, buttons=1000, button_title=1000),
}


def shown_text(reply: Reply, limits: Limits) -> str:
    """The words as the owner sees them: the reply's, its buttons as a numbered list where they cannot be buttons, and
    the documents it rests on.
    """
    parts = [reply.text]
    if reply.buttons and not are_buttons(reply, limits):
        parts.append("\n".join(f"{place}. {button.title}" for place, button in enumerate(reply.buttons, 1)))
    named = dict.fromkeys(f"{source.document}, {source.article}".strip(", ") for source in reply.sources)
    if named:
        parts.append(f"(Nguồn: {'; '.join(named)})")
    return "\n".join(part for part in parts if part)


def are_buttons(reply: Reply, limits: Limits) -> bool:
    """Whether the reply's buttons go out as buttons."""
    return len(reply.buttons) <= limits.buttons and all(
        len(button.title) <= limits.button_title for button in reply.buttons
    )


def fit(replies: Sequence[Reply], limits: Limits) -> list[Reply]:
    """The same words in the same order; a picture and a file go before the words they belong to, each by itself."""
    return [part for reply in replies for part in _parts(reply, limits)]


def _parts(reply: Reply, limits: Limits) -> list[Reply]:
    parts = []
    if reply.image:
        parts.append(Reply("", image=reply.image, entry=reply.entry))
    if reply.file:
        parts.append(Reply("", file=reply.file, entry=reply.entry))
    words = replace(reply, image=None, file=None)
    tail = _length(shown_text(replace(words, text=""), limits), limits)
    if tail > limits.text // 2:
        # As long as that, a list is words like any others; what it offers is known to the conversation
        buttons = words.buttons if are_buttons(words, limits) else ()
        words, tail = replace(words, text=shown_text(words, limits), buttons=buttons, sources=()), 0
    texts = _cut(words.text, limits.text - (tail + 1 if tail else 0), limits)
    for text in texts[:-1]:
        parts.append(Reply(text, entry=reply.entry))
    if texts or words.buttons:
        parts.append(replace(words, text=texts[-1] if texts else ""))
    return parts


def _length(text: str, limits: Limits) -> int:
    return len(text.encode("utf-16-le")) // 2 if limits.utf16 else len(text)


def _cut(text: str, room: int, limits: Limits) -> list[str]:
    """Pieces of at most `room`, cut where a reader would pause: between paragraphs, sentences, words."""
    pieces = []
    while _length(text, limits) > room:
        end = _fitting(text, room, limits)
        for pause in ("\n\n", "\n", ". ", " "):
            place = text.rfind(pause, end // 2, end)
            if place > 0:
                end = place + len(pause)
                break
        pieces.append(text[:end].strip())
        text = text[end:].strip()
    return [*pieces, text] if text else pieces


def _fitting(text: str, room: int, limits: Limits) -> int:
    """How many characters of `text` fit into `room`."""
    if not limits.utf16:
        return room
    used = 0
    for place, character in enumerate(text):
        used += 2 if ord(character) > 0xFFFF else 1
        if used > room:
            return place
    return len(text)
