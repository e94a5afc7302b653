"""Why a row of the ledger failed, waits or is uncertain, and why a run has stopped: the hotline's own codes, and what
the code of a provider means to whoever must act on it.
"""

from __future__ import annotations

from integrations.provider_errors import described
from programme import ledger_reasons


def reason_words(reason: str, language: str = "vi") -> str:
    """In words, without a full stop. Providers' codes are described in Vietnamese only."""
    error = None if ledger_reasons.is_known(reason) else described(reason)
    return error.detail.rstrip(".") if error else ledger_reasons.reason_words(reason, language)
