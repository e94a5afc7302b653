"""Large tables as files, read from the database part by part: CSV leaves while it is read, XLSX is made in a file."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response, StreamingResponse

from console.downloads import TYPES, Ending
from programme.safe_cells import BOM, Cell, append_row, csv_lines, new_book, save_book

Parts = AsyncIterator[Sequence[Sequence[Cell]]]


async def streamed(name: str, title: str, header: Sequence[str], parts: Parts, ending: Ending) -> Response:
    """The table as a file called `name`.csv or .xlsx (ASCII), never kept by anybody in between."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.{ending}"', "Cache-Control": "private, no-store"}
    if ending == "csv":
        return StreamingResponse(_csv(header, parts), media_type=TYPES[ending], headers=headers)
    book = new_book()
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    append_row(sheet, header)
    async for rows in parts:
        await asyncio.to_thread(_append, sheet, rows)
    with tempfile.NamedTemporaryFile(suffix=".xlsx", delete=False) as made:
        path = Path(made.name)
    await asyncio.to_thread(save_book, book, path)
    gone = BackgroundTask(path.unlink, missing_ok=True)
    return FileResponse(path, media_type=TYPES[ending], headers=headers, background=gone)


async def _csv(header: Sequence[str], parts: Parts) -> AsyncIterator[bytes]:
    yield BOM + csv_lines([header])
    async for rows in parts:
        yield csv_lines(rows)


def _append(sheet: object, rows: Sequence[Sequence[Cell]]) -> None:
    for row in rows:
        append_row(sheet, row)
