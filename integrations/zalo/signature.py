"""Whether a webhook call comes from Zalo: the header `x-zevent-signature`, computed over the body's raw bytes.

hex = SHA-256(app id + body + the body's timestamp + secret), no separators; the header may carry it behind `mac=`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

from integrations.errors import NotGenuine
from store.logs import get_logger
from store.settings import Settings

HEADER = "x-zevent-signature"
OA, OA_PREVIOUS, APP = "oa", "oa_previous", "app"

logger = get_logger("integrations.zalo")


@dataclass(frozen=True)
class Secrets:
    """Every secret that may be the signing one, by its code, and the codes of those that are believed.

    The sources contradict each other on which secret signs; hence the setting, and the log line that tells which
    would have been right.
    """

    known: Mapping[str, str] = field(repr=False)
    believed: tuple[str, ...]

    @classmethod
    def from_settings(cls, settings: Settings) -> Secrets:
        configured = {
            OA: settings.zalo_oa_secret,
            OA_PREVIOUS: settings.zalo_oa_secret_previous,
            APP: settings.zalo_app_secret,
        }
        known = {code: secret.get_secret_value() for code, secret in configured.items() if secret is not None}
        wanted = (APP,) if settings.zalo_signing_secret == "app" else (OA, OA_PREVIOUS)  # noqa: S105 - a choice
        return cls(known, tuple(code for code in wanted if code in known))

    def require(self, header: str, app_id: str, body: bytes, timestamp: str) -> None:
        """Raises NotGenuine unless a believed secret made `header`."""
        given = _digest_in(header)
        matching = [
            code for code, secret in self.known.items() if _is_same(given, sign(app_id, body, timestamp, secret))
        ]
        if not any(code in self.believed for code in matching):
            logger.warning("zalo_webhook_refused", believed=self.believed, would_match=matching)
            raise NotGenuine("zalo_wrong_mac")


def sign(app_id: str, body: bytes, timestamp: str, secret: str) -> str:
    """64 lower-case hex digits."""
    parts = (app_id.encode(), body, timestamp.encode("utf-8", "replace"), secret.encode())
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _digest_in(header: str) -> str:
    return header.strip().lower().removeprefix("mac=").strip()


def _is_same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), right.encode())
