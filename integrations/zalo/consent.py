"""The consent by which an administrator of the OA lets the hotline act for it, from the address to the pair of tokens.

Nothing is kept in between: `state` says until when it is good and is signed, and PKCE's verifier is derived from it
with a key that never leaves us. So any process of ours may begin, and any other finish.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from datetime import datetime, timedelta

from integrations.zalo.oauth import OAuth, challenge_of
from integrations.zalo.tokens import Tokens
from store.clock import Clock
from store.crypto import Keyring
from store.logs import get_logger

# Zalo's code lives 10 minutes; signing in and reading the consent page take a few more.
LIFE = timedelta(minutes=20)
_STATE = re.compile(r"([0-9]{1,12}-[0-9a-f]{32})-([0-9a-f]{64})")

log = get_logger("integrations.zalo")


class ConsentRefused(Exception):
    """What came back is no consent of ours. The argument is a stable code: state_wrong, state_expired, other_oa."""


class Consent:
    """For one OA."""

    def __init__(self, keyring: Keyring, clock: Clock, oauth: OAuth, tokens: Tokens, oa_id: str) -> None:
        self._keyring, self._clock, self._oauth, self._tokens, self._oa_id = keyring, clock, oauth, tokens, oa_id

    def begin(self) -> str:
        """The address that an administrator of the OA opens within LIFE."""
        expires = int((self._clock.now() + LIFE).timestamp())
        seed = f"{expires}-{secrets.token_hex(16)}"
        return self._oauth.consent_url(f"{seed}-{self._signature(seed)}", challenge_of(self._verifier(seed)))

    async def finish(self, code: str, state: str, oa_id: str) -> None:
        """Keep the pair of tokens that `code` buys; ends any trouble with the old one.

        Raises ConsentRefused, or SendFailed when Zalo gives no pair.
        """
        verifier = self._verifier(self._seed(state, self._clock.now()))
        if oa_id != self._oa_id:
            raise ConsentRefused("other_oa")
        await self._keep(code, verifier)

    async def finish_by_hand(self, code: str) -> None:
        """The same with a code from the consent page of Zalo's console, which knows neither state nor verifier of ours.

        Only for somebody at our command line: a code from outside proves nothing. Raises SendFailed.
        """
        await self._keep(code, None)

    async def _keep(self, code: str, verifier: str | None) -> None:
        pair = await self._oauth.exchange(code, verifier)
        await self._tokens.replace(pair.access, pair.refresh, pair.lifetime)
        log.info("zalo_connected")

    def _seed(self, state: str, now: datetime) -> str:
        """What the state was made from. Raises ConsentRefused."""
        parts = _STATE.fullmatch(state)
        if parts is None or not hmac.compare_digest(parts[2], self._signature(parts[1])):
            raise ConsentRefused("state_wrong")
        if int(parts[1].partition("-")[0]) < now.timestamp():
            raise ConsentRefused("state_expired")
        return parts[1]

    def _signature(self, seed: str) -> str:
        return self._keyring.hash(seed, "zalo_consent_state").hex()

    def _verifier(self, seed: str) -> str:
        """43 characters (RFC 7636 §4.1)."""
        return base64.urlsafe_b64encode(self._keyring.hash(seed, "zalo_consent_verifier")).rstrip(b"=").decode()
