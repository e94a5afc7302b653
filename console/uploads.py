"""Files that are uploaded: they stay in memory until they are encrypted, so that no disk holds what they say."""

from __future__ import annotations

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartParser

from console.body_limit import LARGEST_UPLOAD

# What is larger is written to a temporary file, readable for whoever reads the disk: the limit of a body comes first
MultiPartParser.spool_max_size = LARGEST_UPLOAD
LONGEST_NAME = 120


async def uploaded(form: FormData, name: str) -> tuple[str, bytes] | None:
    """Name and bytes of a file of a form; None when none was chosen."""
    file = form.get(name)
    if not isinstance(file, UploadFile) or not file.filename:
        return None
    content = await file.read()
    await file.close()
    return file.filename.replace("\\", "/").rpartition("/")[2][-LONGEST_NAME:], content
