"""/healthz: this process lives. /readyz: it can take and answer messages; what it lacks is named."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse

from bot.web.context import WebContext, web_context
from store.migrate import current_revision, newest_revision

router = APIRouter()


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(context: Annotated[WebContext, Depends(web_context)]) -> JSONResponse:
    """200 when database, schema and dialogue service are there, else 503; messages are taken without the last."""
    checks = {
        "database": await _database_answers(context),
        "schema": await _schema_is_current(context),
        "dialogue": await context.dialogue.is_ready(),
    }
    status = 200 if all(checks.values()) else 503
    return JSONResponse({"status": "ok" if status == 200 else "not_ready", "checks": checks}, status)


async def _database_answers(context: WebContext) -> bool:
    try:
        return bool(await context.database.read(lambda connection: connection.scalar(text("SELECT 1"))))
    except SQLAlchemyError:
        return False


async def _schema_is_current(context: WebContext) -> bool:
    try:
        return await context.database.read(current_revision) == newest_revision()
    except SQLAlchemyError:
        return False
