"""Uploaded pictures, drawn anew: what leaves here holds nothing but pixels (no place, no camera, no second file)."""

from __future__ import annotations

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor

from PIL import Image, ImageOps

from store.media import sniff

FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/gif": "GIF"}
LARGEST_UPLOAD_BYTES = 5_000_000
# A few bytes can unfold into gigabytes; the largest photo of today's phones has 25 million in their usual mode.
MOST_PIXELS = 26_000_000
LONGEST_SIDE = 2560
JPEG_QUALITY = 85
# One at a time: a picture being drawn takes up to 100 MB.
_drawer = ThreadPoolExecutor(1, "picture")


class PictureRefused(ValueError):
    """`code`: picture_type | picture_pixels | picture_broken; the text says what to do, in Vietnamese."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


async def redraw(content: bytes) -> bytes:
    """The same picture upright, at most LONGEST_SIDE, as JPEG, or as PNG if it was a drawing. Raises PictureRefused."""
    return await asyncio.get_running_loop().run_in_executor(_drawer, redraw_now, content)


def redraw_now(content: bytes) -> bytes:
    """`redraw` for a thread. Of an animation the first frame stays."""
    format_ = FORMATS.get(sniff(content))
    if format_ is None:
        raise PictureRefused("picture_type", "Em chỉ nhận được ảnh JPG, PNG, WEBP hoặc GIF, cô/bác chọn ảnh khác ạ.")
    try:
        with Image.open(io.BytesIO(content), formats=(format_,)) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise _too_many_pixels()
            return _drawn(picture)
    except PictureRefused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels() from None
    except Exception as error:
        # Pillow has no common error for files that are damaged on purpose
        raise PictureRefused("picture_broken", "Ảnh này bị hỏng, cô/bác chụp hoặc chọn lại giúp em ạ.") from error


def _too_many_pixels() -> PictureRefused:
    return PictureRefused("picture_pixels", "Ảnh có kích thước quá lớn, cô/bác gửi ảnh nhỏ hơn giúp em ạ.")


def _drawn(picture: Image.Image) -> bytes:
    is_photo = picture.format == "JPEG"
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    upright = ImageOps.exif_transpose(picture)
    drawn = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    drawn.info.clear()
    if not is_photo:
        png = _saved(drawn, "PNG")
        if len(png) <= LARGEST_UPLOAD_BYTES:
            return png
    if drawn.mode == "RGBA":
        white = Image.new("RGBA", drawn.size, "white")
        drawn = Image.alpha_composite(white, drawn).convert("RGB")
    return _saved(drawn, "JPEG", quality=JPEG_QUALITY)


def _saved(picture: Image.Image, format_: str, **options: int) -> bytes:
    made = io.BytesIO()
    picture.save(made, format_, **options)
    return made.getvalue()
