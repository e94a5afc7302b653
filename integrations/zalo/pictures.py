"""Pictures and documents made fit for Zalo's uploads, before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import PurePath

from PIL import Image

from integrations.errors import SendFailed
from integrations.provider import OutgoingFile
from integrations.zalo import errors

# Zalo says "1 MB" and "5 MB"; the smaller reading is safe.
MAX_IMAGE_BYTES = 1_000_000
MAX_FILE_BYTES = 5_000_000
_LONGEST_SIDE = 2048
_SMALLEST_SIDE = 256
_KINDS = {"image/jpeg": ".jpg", "image/png": ".png"}
_DOCUMENTS = frozenset({".pdf", ".doc", ".docx", ".csv"})


def fit_document(file: OutgoingFile) -> OutgoingFile:
    """Raises SendFailed (REFUSED) for what Zalo does not take."""
    if PurePath(file.name).suffix.lower() not in _DOCUMENTS or len(file.content) > MAX_FILE_BYTES:
        raise SendFailed(errors.FILE_REFUSED)
    return replace(file, name=_one_line(file.name))


def fit_picture(file: OutgoingFile) -> OutgoingFile:
    """A JPEG or PNG of at most 1 MB, made smaller where it must be. Slow: not for the event loop.

    Raises SendFailed (REFUSED) when it cannot be read.
    """
    suffix = _KINDS.get(file.media_type)
    if suffix and len(file.content) <= MAX_IMAGE_BYTES:
        return replace(file, name=_named(file.name, suffix))
    content = _smaller(_opened(file.content))
    return OutgoingFile(_named(file.name, ".jpg"), "image/jpeg", content)


def gif_size(file: OutgoingFile) -> tuple[int, int]:
    """Width and height in pixels. Raises SendFailed (REFUSED) for what is no GIF of at most 5 MB."""
    if len(file.content) > MAX_FILE_BYTES:
        raise SendFailed(errors.FILE_REFUSED)
    try:
        with Image.open(BytesIO(file.content), formats=["GIF"]) as image:
            return image.size
    except (OSError, ValueError, Image.DecompressionBombError):
        raise SendFailed(errors.FILE_REFUSED) from None


def _opened(content: bytes) -> Image.Image:
    try:
        with Image.open(BytesIO(content)) as image:
            transparent = image.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise SendFailed(errors.FILE_REFUSED) from None
    opaque = Image.new("RGB", transparent.size, "white")
    opaque.paste(transparent, mask=transparent)
    return opaque


def _smaller(image: Image.Image) -> bytes:
    side = _LONGEST_SIDE
    while True:
        image.thumbnail((side, side))
        out = BytesIO()
        image.save(out, "JPEG", quality=85, optimize=True)
        if out.tell() <= MAX_IMAGE_BYTES or side <= _SMALLEST_SIDE:
            return out.getvalue()
        side = side * 3 // 4


def _named(name: str, suffix: str) -> str:
    """Without an extension in the name Zalo's answer comes back empty."""
    return _one_line(PurePath(name).stem or "picture") + suffix


def _one_line(name: str) -> str:
    """The name goes into a header of the upload."""
    return "".join(character for character in name if character.isprintable() and character not in '"\\')
