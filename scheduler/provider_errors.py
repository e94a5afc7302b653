"""What the code in a message's row means, whichever provider it is of."""

from __future__ import annotations

import re
from functools import cache
from types import ModuleType

from integrations.errors import ProviderError
from integrations.zalo import errors as zalo

_ZALO = {numbering.prefix: numbering for numbering in (zalo.OPENAPI, zalo.BUSINESS, zalo.OAUTH)}
_ZALO_CODE = re.compile(rf"({'|'.join(_ZALO)})_(-\d+)")


def described(code: str) -> ProviderError | None:
    """The provider's entry; None for a code of ours, which says nothing of the provider."""
    if numbered := _ZALO_CODE.fullmatch(code):
        return _ZALO[numbered[1]].error(int(numbered[2]))
    if code.startswith("telegram_"):
        return _of_telegram().get(code)
    return _NAMED.get(code)


def _named(module: ModuleType) -> dict[str, ProviderError]:
    """The errors that a module calls by name."""
    return {error.code: error for error in vars(module).values() if isinstance(error, ProviderError)}


@cache
def _of_telegram() -> dict[str, ProviderError]:
    from integrations.telegram import errors  # loads python-telegram-bot, which a hotline without Telegram never needs

    return _named(errors) | {error.code: error for *_, error in errors.TABLE}


_NAMED = _named(zalo)
