"""OAuth v4 of Zalo: the consent page, and where token pairs come from. Keeping them: tokens.py."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from integrations.errors import SendFailed
from integrations.zalo import errors
from integrations.zalo.transport import Request, Transport, error_code
from store.logs import get_logger
from store.settings import Settings

CALLBACK_PATH = "/oauth/zalo/callback"
ACCESS_LIFETIME = timedelta(seconds=90_000)
LONGEST_LIFETIME = timedelta(days=365)

logger = get_logger("integrations.zalo")


@dataclass(frozen=True)
class Pair:
    """`lifetime`: of the access token, from when it was issued."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    lifetime: timedelta = ACCESS_LIFETIME


def challenge_of(verifier: str) -> str:
    """PKCE's S256 (RFC 7636 §4.2): what travels through the browser in the place of the verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode()


class OAuth:
    """Calls on behalf of one app. `callback_url`: as registered in Zalo's console."""

    def __init__(self, transport: Transport, url: str, app_id: str, app_secret: str, callback_url: str) -> None:
        self._transport, self._url, self._app_id = transport, url, app_id
        self._app_secret, self.callback_url = app_secret, callback_url

    @classmethod
    def from_settings(cls, settings: Settings, transport: Transport) -> OAuth:
        if settings.zalo_app_id is None or settings.zalo_app_secret is None:
            raise ValueError("no Zalo account is configured")
        callback_url = (settings.public_url or "") + CALLBACK_PATH
        secret = settings.zalo_app_secret.get_secret_value()
        return cls(transport, settings.zalo_oauth_url, settings.zalo_app_id, secret, callback_url)

    def consent_url(self, state: str, challenge: str) -> str:
        """Where an administrator of the OA agrees; Zalo comes back to the callback with `code`, `oa_id`, `state`."""
        query = {
            "app_id": self._app_id,
            "redirect_uri": self.callback_url,
            "code_challenge": challenge,
            "state": state,
        }
        return f"{self._url}/v4/oa/permission?{urlencode(query)}"

    async def exchange(self, code: str, verifier: str | None) -> Pair:
        """The first pair. `code` works once, for ten minutes. `verifier` None: the console's own consent page was used,
        which knows no challenge of ours. Raises SendFailed.
        """
        form = {"code": code, "grant_type": "authorization_code"}
        return await self._tokens(form | ({"code_verifier": verifier} if verifier else {}))

    async def refresh(self, refresh_token: str) -> Pair:
        """The next pair; from now on `refresh_token` is dead. Raises SendFailed: with UNCERTAIN it may be dead too."""
        return await self._tokens({"refresh_token": refresh_token, "grant_type": "refresh_token"})

    async def _tokens(self, form: dict[str, str]) -> Pair:
        request = Request("POST", f"{self._url}/v4/oa/access_token", form=form | {"app_id": self._app_id})
        answer = await self._transport.call(request, {"secret_key": self._app_secret})
        access, refresh = answer.body.get("access_token"), answer.body.get("refresh_token")
        if isinstance(access, str) and isinstance(refresh, str) and access and refresh:
            return Pair(access, refresh, _lifetime(answer.body.get("expires_in")))
        code = error_code(answer.body)
        if not code:
            raise SendFailed(errors.NOT_JSON)
        logger.warning("zalo_oauth_refused", code=code)
        raise SendFailed(errors.OAUTH.error(code))


def _lifetime(expires_in: Any) -> timedelta:
    """Seconds, as a text."""
    try:
        lifetime = timedelta(seconds=int(expires_in))
    except (TypeError, ValueError, OverflowError):
        return ACCESS_LIFETIME
    return lifetime if timedelta(0) < lifetime <= LONGEST_LIFETIME else ACCESS_LIFETIME
