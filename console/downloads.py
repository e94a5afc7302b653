"""Tables that are downloaded: CSV and XLSX whose cells run no formula. Whoever makes one records that it was made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from starlette.responses import Response

from programme.safe_cells import Cell, csv_bytes, xlsx_bytes

Ending = Literal["csv", "xlsx"]
TYPES: dict[Ending, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def table_download(
    name: str, title: str, header: Sequence[str], rows: Iterable[Sequence[Cell]], ending: Ending
) -> Response:
    """The table as a file called `name`.csv or .xlsx (ASCII), never kept by anybody in between."""
    content = csv_bytes(header, rows) if ending == "csv" else xlsx_bytes(title, header, rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{ending}"', "Cache-Control": "private, no-store"}
    return Response(content, media_type=TYPES[ending], headers=headers)
