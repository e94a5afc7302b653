"""The words of an HTML mail. Nothing is loaded, nothing is run; where a link leads is said beside its words."""

from __future__ import annotations

import re
from html.parser import HTMLParser

LONGEST_HTML = 256 * 1024
DEEPEST = 200  # elements within one that is left out
_SKIPPED = frozenset({"script", "style", "head", "title", "template", "noscript", "svg", "math", "object", "iframe"})
_BLOCKS = frozenset(
    "p div br tr li ul ol table h1 h2 h3 h4 h5 h6 blockquote pre hr section article header footer address dd dt".split()
)
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_SPACES = re.compile(r"[^\S\n]+")
# html.parser takes quadratic time for markup that is begun again and again and never ended: it gets none. All of these
# stop at the next "<", and so are linear.
_DECLARATION = re.compile(r"<[!?][^<>]*>")
_LONG_TAG = re.compile(r"<[^<>]{4000,}>")  # a picture within the text
_NOT_A_TAG = re.compile(r"<(?![a-zA-Z/][^<>]*>)")


def to_text(html: str) -> str:
    """Lines as a reader sees them; what is quoted begins with "> "."""
    reader = _Words()
    try:
        reader.feed(_tame(html[:LONGEST_HTML]))
        reader.close()
    except (AssertionError, ValueError, RecursionError):  # html.parser on bogus markup: what was read until there
        pass
    return reader.text()


def _tame(html: str) -> str:
    """The same without comments and declarations; a "<" that begins no tag is a sign like others."""
    parts, at = [], 0
    while (start := html.find("<!--", at)) >= 0:
        parts.append(html[at:start])
        end = html.find("-->", start)
        at = len(html) if end < 0 else end + 3
    text = "".join([*parts, html[at:]])
    return _NOT_A_TAG.sub("&lt;", _LONG_TAG.sub("", _DECLARATION.sub("", text)))


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._skipping: list[str] = []  # open elements from the first one that is left out, not too deep
        self._quotes = 0
        self._link: tuple[str, int] | None = None

    def text(self) -> str:
        text = _SPACES.sub(" ", "".join(self._parts))
        lines = [line.strip() for line in text.split("\n")]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if self._skipping or tag in _SKIPPED or _is_hidden(given):
            if tag not in _VOID and len(self._skipping) < DEEPEST:
                self._skipping.append(tag)
            return
        if tag == "blockquote":
            self._quotes += 1
        if tag in _BLOCKS:
            self._break()
        elif tag in ("td", "th"):
            self._parts.append(" ")
        elif tag == "a":  # no link stands within another
            self._link = given.get("href", "").strip(), len(self._parts)

    def handle_endtag(self, tag: str) -> None:
        if self._skipping:
            if tag in self._skipping:
                del self._skipping[len(self._skipping) - 1 - self._skipping[::-1].index(tag) :]
            return
        if tag == "blockquote":
            self._quotes = max(0, self._quotes - 1)
        if tag in _BLOCKS:
            self._break()
        elif tag == "a" and self._link:
            (address, at), self._link = self._link, None
            said = "".join(self._parts[at:]).strip()
            if address.lower().startswith(("http://", "https://", "mailto:")) and address not in (
                said,
                f"mailto:{said}",
            ):
                self._parts.append(f" <{address[:500]}>")

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self._parts.append(data.replace("\r", "").replace("\n", " ").replace("\xa0", " "))

    def _break(self) -> None:
        self._parts.append("\n" + "> " * min(self._quotes, 3))


def _is_hidden(given: dict[str, str]) -> bool:
    style = given.get("style", "").replace(" ", "").lower()
    return "hidden" in given or "display:none" in style or "visibility:hidden" in style
