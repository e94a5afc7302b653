"""GET /communes: the communes of the hotline's province, by the codes that every other call uses."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from console.api.call import Call, calls
from console.api.values import Shown

router = APIRouter()


class CommuneShown(Shown):
    code: str = Field(examples=["05503"])
    name: str = Field(examples=["xã Tân Cương"])
    vendor: str | None = Field(description="The firm that helps the shops there.", examples=["VNPT"])


class CommuneList(Shown):
    items: list[CommuneShown]


@router.get("/communes", response_model=CommuneList)
async def list_communes(call: Annotated[Call, Depends(calls())]) -> CommuneList:
    """The communes that the token is for

    Any token may read them.
    """
    own = call.token.grant.communes
    found = call.context.content.communes.communes(call.context.province)
    return CommuneList(
        items=[
            CommuneShown(code=one.code, name=one.full_name, vendor=one.vendor.id if one.vendor else None)
            for one in found
            if own is None or one.code in own
        ]
    )
