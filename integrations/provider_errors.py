"""What the code in a message's row means, whichever provider it is of."""

from __future__ import annotations

import re

from integrations.email.errors import ERRORS as EMAIL
from integrations.errors import ProviderError
from integrations.sms.registry import error_of
from integrations.telegram.errors import ERRORS as TELEGRAM
from integrations.zalo import errors as zalo

_ZALO = {numbering.prefix: numbering for numbering in (zalo.OPENAPI, zalo.BUSINESS, zalo.OAUTH)}
_ZALO_CODE = re.compile(rf"({'|'.join(_ZALO)})_(-\d+)")
_ZALO_NAMED = {error.code: error for error in vars(zalo).values() if isinstance(error, ProviderError)}


def described(code: str) -> ProviderError | None:
    """The provider's entry; None for a code of ours, which says nothing of the provider."""
    if numbered := _ZALO_CODE.fullmatch(code):
        return _ZALO[numbered[1]].error(int(numbered[2]))
    return _ZALO_NAMED.get(code) or TELEGRAM.get(code) or EMAIL.get(code) or error_of(code)
