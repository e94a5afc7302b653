"""What bytes really are, told by their beginning, never by a name or an announced type; and what may be shown of them.

Only what a browser draws or plays safely is shown; everything else is handed over to be kept.
"""

from __future__ import annotations

import re
from enum import StrEnum

from store.messages import Kind
from store.text import clean

UNKNOWN = "application/octet-stream"
LONGEST_NAME = 80  # characters, without the extension

_OLE, _ZIP = "application/x-ole-storage", "application/zip"
_WORD, _EXCEL = "application/msword", "application/vnd.ms-excel"
_OFFICE = "application/vnd.openxmlformats-officedocument."
_DOCX, _XLSX = f"{_OFFICE}wordprocessingml.document", f"{_OFFICE}spreadsheetml.sheet"
_PPTX = f"{_OFFICE}presentationml.presentation"

# (where, what stands there, media type); the first that fits counts. RIFF, ISO media and zip are looked into further.
_BEGINNINGS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (0, b"OggS", "audio/ogg"),
    (0, b"#!AMR", "audio/amr"),
    (4, b"ftyp", "video/mp4"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", _ZIP),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OLE),
)
# What else a file of a general form holds, if it is one of these.
_INSIDE: dict[str, tuple[tuple[bytes, str], ...]] = {
    _ZIP: ((b"word/document.xml", _DOCX), (b"xl/workbook.xml", _XLSX), (b"ppt/presentation.xml", _PPTX)),
    _OLE: (("WordDocument".encode("utf-16-le"), _WORD), ("Workbook".encode("utf-16-le"), _EXCEL)),
}
_BRANDS = {
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"qt  ": "video/quicktime",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heic",
    b"avif": "image/avif",
}
_EXTENSIONS = {
    "image/jpeg": "jpg jpeg jfif",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/heic": "heic heif",
    "image/avif": "avif",
    "audio/wav": "wav",
    "audio/ogg": "ogg oga opus",
    "audio/amr": "amr",
    "audio/mp4": "m4a m4b",
    "audio/aac": "aac",
    "audio/mpeg": "mp3",
    "video/mp4": "mp4 m4v",
    "video/ogg": "ogv",
    "video/3gpp": "3gp",
    "video/quicktime": "mov qt",
    "video/webm": "webm",
    "video/x-matroska": "mkv",
    "application/pdf": "pdf",
    _ZIP: "zip",
    _DOCX: "docx",
    _XLSX: "xlsx",
    _PPTX: "pptx",
    _OLE: "ole",
    _WORD: "doc",
    _EXCEL: "xls",
    "text/plain": "txt",
    "text/csv": "csv",
    UNKNOWN: "bin",
}
_TYPES = {extension: type_ for type_, extensions in _EXTENSIONS.items() for extension in extensions.split()}
_CLAIMED_BY_KIND = {Kind.IMAGE: "image/*", Kind.VOICE: "audio/*", Kind.VIDEO: "video/*"}


class Showing(StrEnum):
    """How something may be shown. HEIC, AMR and the like are fine files that browsers cannot open."""

    PICTURE = "picture"
    SOUND = "sound"
    FILM = "film"
    DOWNLOAD = "download"


_SHOWN = {
    Showing.PICTURE: {"image/jpeg", "image/png", "image/gif", "image/webp"},
    Showing.SOUND: {"audio/ogg", "audio/mp4", "audio/aac", "audio/mpeg", "audio/wav"},
    Showing.FILM: {"video/mp4", "video/webm", "video/ogg"},
}


def sniff(content: bytes) -> str:
    """The media type of `content`; UNKNOWN for what is none of the kinds we know. Markup is only text."""
    for place, magic, type_ in _BEGINNINGS:
        if content.startswith(magic, place):
            return _look_inside(content, type_)
    if _is_frame(content):
        return "audio/aac" if content[1] & 0x06 == 0 else "audio/mpeg"
    return _text_type(content)


def showing(media_type: str | None) -> Showing:
    """How content of the sniffed `media_type` may be shown."""
    return next((how for how, types in _SHOWN.items() if media_type in types), Showing.DOWNLOAD)


def clean_name(name: str | None, media_type: str) -> str:
    """A name that is safe to save under: no folder, nothing invisible, not long, the extension by the content."""
    extension = _EXTENSIONS.get(media_type, "bin").split()[0]
    last = re.split(r"[/\\]", (name or "")[-1000:])[-1]
    plain = re.sub(r'[<>:"|?*\s]+', " ", clean(last)).strip(" .")
    claimed = _claimed_extension(plain)
    stem = plain[: -len(claimed) - 1] if claimed else plain
    stem = stem[:LONGEST_NAME].removesuffix(f".{extension}").strip(" .")
    return f"{stem or 'tep'}.{extension}"


def is_misnamed(found: str, kind: Kind, announced: str | None, name: str | None) -> bool:
    """Whether the content is not what its kind, its announced type or its name said: whoever opens it should know.

    Claims that mean nothing to us prove nothing.
    """
    by_name = _TYPES.get(_claimed_extension(name or "").lower())
    claims = (_CLAIMED_BY_KIND.get(kind), announced, by_name)
    families = {_family(claim) for claim in claims if claim}
    return bool(families & _KNOWN_FAMILIES - {_family(found)})


def _family(media_type: str) -> str:
    """Types that are taken for each other without anybody's harm are one family."""
    plain = media_type.partition(";")[0].strip().lower()
    main = plain.partition("/")[0]
    if main in ("audio", "video") or plain == "application/ogg":
        return "recording"
    if plain in (_OLE, _WORD, _EXCEL):
        return "ole"
    return main if main in ("image", "text") else plain


_KNOWN_FAMILIES = {_family(type_) for type_ in _EXTENSIONS if type_ != UNKNOWN}


def _claimed_extension(name: str) -> str:
    found = re.search(r"\.([A-Za-z][A-Za-z0-9]{0,4}|3gp)$", name)
    return found[1] if found else ""


def _look_inside(content: bytes, type_: str) -> str:
    if type_ in _INSIDE:
        return next((inner for mark, inner in _INSIDE[type_] if mark in content), type_)
    if type_ in ("image/webp", "audio/wav"):
        return type_ if content.startswith(b"RIFF") else _text_type(content)
    if type_ == "audio/ogg":
        return "video/ogg" if b"\x80theora" in content[:512] else type_
    if type_ == "video/webm":
        return type_ if b"webm" in content[:64] else "video/x-matroska"
    return _iso_media_type(content) if type_ == "video/mp4" else type_


def _iso_media_type(content: bytes) -> str:
    brand = content[8:12]
    if brand in _BRANDS:
        return _BRANDS[brand]
    # A voice note is often called mp4 like a film; only a film has the header of moving pictures
    if b"smhd" in content and b"vmhd" not in content:
        return "audio/mp4"
    return "video/3gpp" if brand.startswith(b"3g") else "video/mp4"


def _is_frame(content: bytes) -> bool:
    """Whether it begins with an ADTS header (AAC) or a layer III header with a bit rate and a sampling rate (MP3)."""
    if len(content) < 4 or content[0] != 0xFF or content[1] & 0xF0 not in (0xF0, 0xE0):
        return False
    if content[1] & 0xF6 == 0xF0:
        return True
    return content[1] & 0x06 == 0x02 and content[2] & 0xF0 not in (0x00, 0xF0) and content[2] & 0x0C != 0x0C


def _text_type(content: bytes) -> str:
    try:
        text = content.decode("utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except UnicodeDecodeError:
        return UNKNOWN
    if not text or re.search(r"[^\t\n\f\r\x20-\x7e\x85\xa0-\U0010ffff]", text):
        return UNKNOWN
    return "text/csv" if _is_table(text) else "text/plain"


def _is_table(text: str) -> bool:
    """Whether the first lines have the same number of separators, at least one."""
    first, *others = text[:10_000].splitlines()[:5] or [""]
    return bool(others) and any(
        mark in first and all(line.count(mark) == first.count(mark) for line in others) for mark in ",;\t"
    )
