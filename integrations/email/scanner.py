"""A mail as a stream of lines that know their part, without ever holding the whole of it.

Responsible for finding where parts begin; what they mean is read from the `Skeleton` by reading.py. A mail of 30 MB
becomes one of a few kB: all headers and the beginnings of texts, each part numbered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

# The header by which a part of a skeleton tells its number. Ours stands before any that the sender wrote.
PART = "X-Hotline-Part"
LONGEST_LINE = 64 * 1024  # what has no line break is cut, so that it need not be held
LONGEST_HEADER = 64 * 1024  # of one part
LONGEST_FIELD = 4096  # of one field of it: the library takes quadratic time for many parameters
LONGEST_TEXT = 256 * 1024  # of one part, as it travels
LARGEST_SKELETON = 2 << 20
MOST_PARTS = 200
_BOUNDARY = re.compile(rb"""boundary\s*=\s*(?:"([^"\r\n]{1,200})"|([^\s;"]{1,200}))""", re.IGNORECASE)
_TYPE = re.compile(rb"^content-type\s*:\s*([a-z0-9.+/-]{1,100})", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Line:
    """`part`: its number, 0 for the mail itself. `opens`: it is the boundary before that part; `closes`: the last of
    its kind. `boundary`: which.
    """

    content: bytes
    part: int
    in_header: bool = False
    opens: bool = False
    closes: bool = False
    boundary: bytes = b""


class Scanner:
    """Feed it the mail piece by piece, then `finish`. `boundaries`: those announced so far; `kind`: of the part."""

    def __init__(self) -> None:
        self.boundaries: set[bytes] = set()
        self.kind = b""
        self._part, self._in_header, self._header = 0, True, bytearray()
        self._rest, self._is_torn = b"", False

    def feed(self, piece: bytes) -> Iterator[Line]:
        *whole, self._rest = (self._rest + piece).split(b"\n")
        for content in whole:
            yield self._line(content + b"\n")
        while len(self._rest) > LONGEST_LINE:
            torn, self._rest = self._rest[:LONGEST_LINE], self._rest[LONGEST_LINE:]
            yield self._line(torn)

    def finish(self) -> Iterator[Line]:
        if self._rest:
            rest, self._rest = self._rest, b""
            yield self._line(rest)

    def _line(self, content: bytes) -> Line:
        begins, self._is_torn = not self._is_torn, not content.endswith(b"\n")
        found = self._boundary(content) if begins and content.startswith(b"--") else None
        if found is not None:
            boundary, closes = found
            self._part += 1
            self._in_header, self.kind = not closes, b""
            self._header.clear()
            return Line(content, self._part, opens=not closes, closes=closes, boundary=boundary)
        if not self._in_header:
            return Line(content, self._part)
        if content.strip(b"\r\n"):
            if len(self._header) < LONGEST_HEADER:
                self._header += content
            return Line(content, self._part, in_header=True)
        self._end_header()
        return Line(content, self._part, in_header=True)

    def _end_header(self) -> None:
        header = bytes(self._header)
        self._header.clear()
        if len(self.boundaries) < MOST_PARTS:
            self.boundaries |= {(one[1] or one[2]).rstrip() for one in _BOUNDARY.finditer(header)}
        kind = _TYPE.search(header)
        self.kind = kind[1].lower() if kind else b""
        # A mail within the mail begins with headers again
        self._in_header = self.kind in (b"message/rfc822", b"message/global")

    def _boundary(self, content: bytes) -> tuple[bytes, bool] | None:
        name = content[2:].rstrip()
        if name in self.boundaries:
            return name, False
        if name.endswith(b"--") and name[:-2] in self.boundaries:
            return name[:-2], True
        return None


@dataclass
class Skeleton:
    """`content`: the mail with the beginnings of its texts only, its parts numbered by the header PART.

    `sizes`: bytes of each part's body as it travels. `is_cut`: it has more parts or longer texts than are kept.
    """

    content: bytearray = field(default_factory=bytearray)
    sizes: dict[int, int] = field(default_factory=dict)
    is_cut: bool = False
    scanner: Scanner = field(default_factory=Scanner)
    _kept: int = 0
    _header: int = 0
    _field: int = 0

    def __post_init__(self) -> None:
        self._number(0)

    def feed(self, piece: bytes) -> None:
        for line in self.scanner.feed(piece):
            self._take(line)

    def finish(self) -> None:
        for line in self.scanner.finish():
            self._take(line)

    def _take(self, line: Line) -> None:
        if line.part > MOST_PARTS or len(self.content) > LARGEST_SKELETON:
            self.is_cut = True
            return
        if line.opens or line.closes:
            self.content += line.content if line.content.endswith(b"\n") else line.content + b"\r\n"
            self._kept = self._header = 0
            if line.opens:
                self._number(line.part)
        elif line.in_header:
            self._take_header(line.content)
        else:
            self._take_body(line)

    def _take_header(self, content: bytes) -> None:
        """A field that is too long loses what comes behind."""
        is_last = not content.strip(b"\r\n")
        self._header += len(content)
        self._field = len(content) if is_last or not content.startswith((b" ", b"\t")) else self._field + len(content)
        if is_last or (self._header <= LONGEST_HEADER and self._field <= LONGEST_FIELD):
            self.content += content
        elif self._header <= LONGEST_HEADER and self._field == len(content):
            self.content += content[:LONGEST_FIELD] + b"\r\n"

    def _take_body(self, line: Line) -> None:
        self.sizes[line.part] = self.sizes.get(line.part, 0) + len(line.content)
        kind = self.scanner.kind
        if kind and not kind.startswith((b"text/", b"message/")):
            return
        if self._kept + len(line.content) > LONGEST_TEXT:
            self.is_cut = True
            return
        self._kept += len(line.content)
        self.content += line.content

    def _number(self, part: int) -> None:
        self.content += f"{PART}: {part}\r\n".encode()


class OnePart:
    """Collects one part, its header and its body as it travels, of a mail that is fed piece by piece.

    `is_too_large`: it is longer than `limit` bytes, and nothing is kept.
    """

    def __init__(self, part: int, limit: int) -> None:
        self.part, self.limit = part, limit
        self.content, self.is_too_large, self.is_there = bytearray(), False, part == 0
        self._scanner, self._outer, self._is_over = Scanner(), frozenset[bytes](), False

    def feed(self, piece: bytes) -> None:
        for line in self._scanner.feed(piece):
            self._take(line)

    def finish(self) -> None:
        for line in self._scanner.finish():
            self._take(line)

    def _take(self, line: Line) -> None:
        if line.part == self.part and line.opens:
            self.is_there, self._outer = True, frozenset(self._scanner.boundaries)
            return
        if not self.is_there or self._is_over or self.is_too_large:
            return
        if line.part > self.part and line.boundary in self._outer:
            self._is_over = True
            return
        self.content += line.content
        if len(self.content) > self.limit:
            self.is_too_large = True
            self.content.clear()
