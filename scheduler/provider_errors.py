"""What the code in a message's row means, whichever provider it is of."""

from __future__ import annotations

import re

from integrations.errors import ProviderError
from integrations.telegram import errors as telegram
from integrations.zalo import errors as zalo

_ZALO = {numbering.prefix: numbering for numbering in (zalo.OPENAPI, zalo.BUSINESS, zalo.OAUTH)}
_ZALO_CODE = re.compile(rf"({'|'.join(_ZALO)})_(-\d+)")
_TELEGRAM = {error.code: error for *_, error in telegram.TABLE}


def described(code: str) -> ProviderError | None:
    """The provider's entry; None for a code of ours, which says nothing of the provider."""
    if numbered := _ZALO_CODE.fullmatch(code):
        return _ZALO[numbered[1]].error(int(numbered[2]))
    return _TELEGRAM.get(code)
