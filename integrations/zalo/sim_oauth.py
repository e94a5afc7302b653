"""oauth.zaloapp.com: the consent page, codes, and pairs of tokens of which only the newest counts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from integrations.simulation.clock import SimulatedClock
from integrations.simulation.simulator import NOTES
from integrations.zalo.sim_account import APP_ID, APP_SECRET, OA_ID, OA_NAME, ZaloSwitches

CODE_LIFE = timedelta(minutes=10)
ACCESS_LIFE = timedelta(hours=25)
REFRESH_LIFE = timedelta(days=90)
# Zalo's own numbers for a wrong request and a wrong secret are not known; the client must not depend on them
BAD_REQUEST, BAD_APP, BAD_REDIRECT, BAD_SECRET, BAD_GRANT = -14001, -14002, -14003, -14004, -118


class OAuthRefused(Exception):
    """`code` is negative; `name` as in error_name."""

    def __init__(self, code: int, name: str) -> None:
        super().__init__(name)
        self.code, self.name = code, name


@dataclass(frozen=True)
class Code:
    challenge: str
    made_at: datetime


class Tokens:
    """The pairs form a chain, each derived from its place in it: place 0 is the pair a hotline can be configured with.

    A token from further on in the chain than this simulator has got to was given out in an earlier life of it: it is
    taken up from there, because a hotline keeps its tokens over a restart and the simulator keeps nothing.
    """

    def __init__(self, clock: SimulatedClock, switches: ZaloSwitches) -> None:
        self._clock, self._switches = clock, switches
        self._place, self._revoked = 0, False
        self._made_at = [clock.now()]

    @property
    def access(self) -> str:
        return _token("access", self._place)

    @property
    def refresh(self) -> str:
        return _token("refresh", self._place)

    def renew(self) -> dict[str, str]:
        """The next pair; the one before is worth nothing any more."""
        self._place, self._revoked = self._place + 1, False
        self._made_at.append(self._clock.now())
        seconds = str(int(ACCESS_LIFE.total_seconds()))
        return {"access_token": self.access, "refresh_token": self.refresh, "expires_in": seconds}

    def revoke(self) -> None:
        """As when an administrator takes the permission back: both tokens end."""
        self._revoked = True

    def use_refresh(self, token: str) -> dict[str, str]:
        """Raises OAuthRefused."""
        place = self._place_of("refresh", token)
        if place != self._place or self._revoked or self._age(place) >= REFRESH_LIFE:
            raise OAuthRefused(self._switches.refresh_reuse_error, "Invalid refresh token")
        return self.renew()

    def problem_of(self, access: str | None) -> tuple[int, str] | None:
        """What is wrong with an access token (code, message); None if nothing is."""
        place = self._place_of("access", access or "")
        replaced = place is not None and place < self._place and not self._switches.old_access_token_lives
        if place is None or replaced or self._revoked:
            return -216, "Access token is invalid"
        if self._age(place) >= ACCESS_LIFE:
            return self._switches.expired_token_error, "Access token has expired"
        return None

    def _age(self, place: int) -> timedelta:
        return self._clock.now() - self._made_at[place]

    def _place_of(self, kind: str, token: str) -> int | None:
        digits = token.rpartition(".")[2]
        if not (digits.isascii() and digits.isdecimal() and len(digits) < 6):
            return None
        place = int(digits)
        if not hmac.compare_digest(token.encode(), _token(kind, place).encode()):
            return None
        if place > self._place:
            self._made_at += [self._clock.now()] * (place - self._place)
            self._place = place
        return place


def _token(kind: str, place: int) -> str:
    digest = hashlib.sha256(f"{APP_SECRET}/{kind}/{place}".encode()).digest()
    return f"sim-{kind}-{base64.urlsafe_b64encode(digest).decode().rstrip('=')}.{place}"


class OAuth:
    """The two addresses of OAuth v4."""

    def __init__(self, tokens: Tokens, clock: SimulatedClock, switches: ZaloSwitches) -> None:
        self._tokens, self._clock, self._switches = tokens, clock, switches
        self._codes: dict[str, Code] = {}

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/v4/oa/permission", self.permission), web.post("/v4/oa/access_token", self.access_token)]

    def new_code(self, challenge: str = "") -> str:
        """As if the administrator had agreed on the consent page."""
        code = secrets.token_urlsafe(24)
        self._codes[code] = Code(challenge, self._clock.now())
        return code

    async def permission(self, request: web.Request) -> web.Response:
        """The consent page; with `agree=1`, which its link adds, the way back with a code."""
        query = request.query
        redirect = query.get("redirect_uri", "")
        if query.get("app_id") != APP_ID:
            return _page(f"<p>Lỗi {BAD_APP}: Invalid app id</p>")
        wrong_redirect = urlsplit(redirect).scheme not in ("http", "https") or not urlsplit(redirect).hostname
        if wrong_redirect or (self._switches.pkce_required and not query.get("code_challenge")):
            return _page(f"<p>Lỗi {BAD_REDIRECT}: Invalid redirect uri</p>")
        if query.get("agree") != "1":
            agree = html.escape(f"?{urlencode({**query, 'agree': '1'})}")
            return _page(
                f"<h1>{html.escape(OA_NAME)}</h1><p>Ứng dụng xin quyền gửi tin và nhận sự kiện thay mặt OA.</p>"
                f'<p><a href="{agree}">Cho phép</a></p>'
            )
        back = {"code": self.new_code(query.get("code_challenge", "")), "oa_id": OA_ID}
        if "state" in query:
            back["state"] = query["state"]
        joint = "&" if urlsplit(redirect).query else "?"
        return web.Response(status=302, headers={"Location": f"{redirect}{joint}{urlencode(back)}"})

    async def access_token(self, request: web.Request) -> web.Response:
        try:
            if request.content_type != "application/x-www-form-urlencoded":
                raise OAuthRefused(BAD_REQUEST, "Invalid content type")
            form = {name: str(value) for name, value in (await request.post()).items()}
            return web.json_response(self._pair_for(form, request.headers.get("secret_key", "")))
        except OAuthRefused as refused:
            request[NOTES]["error"] = refused.code
            return web.json_response(
                {
                    "error": refused.code,
                    "error_name": refused.name,
                    "error_reason": refused.name,
                    "error_description": refused.name,
                    "ref_doc": "",
                }
            )

    def _pair_for(self, form: Mapping[str, str], secret: str) -> dict[str, str]:
        if form.get("app_id") != APP_ID:
            raise OAuthRefused(BAD_APP, "Invalid app id")
        if secret != APP_SECRET:
            raise OAuthRefused(BAD_SECRET, "Invalid secret key")
        if form.get("grant_type") == "refresh_token":
            return self._tokens.use_refresh(form.get("refresh_token", ""))
        if form.get("grant_type") == "authorization_code":
            self._use_code(form.get("code", ""), form.get("code_verifier", ""))
            return self._tokens.renew()
        raise OAuthRefused(BAD_REQUEST, "Invalid grant type")

    def _use_code(self, value: str, verifier: str) -> None:
        code = self._codes.pop(value, None)
        if code is None or self._clock.now() - code.made_at >= CODE_LIFE:
            raise OAuthRefused(BAD_GRANT, "Invalid authorization code")
        if code.challenge:
            digest = hashlib.sha256(verifier.encode()).digest()
            if base64.urlsafe_b64encode(digest).decode().rstrip("=") != code.challenge:
                raise OAuthRefused(BAD_GRANT, "Invalid code verifier")
        elif self._switches.pkce_required:
            raise OAuthRefused(BAD_GRANT, "Missing code challenge")


def _page(content: str) -> web.Response:
    head = '<!DOCTYPE html><html lang="vi"><meta charset="utf-8"><title>Zalo (mô phỏng)</title>'
    headers = {"Content-Security-Policy": "default-src 'none'", "Cache-Control": "no-store"}
    return web.Response(text=f"{head}{content}</html>", content_type="text/html", headers=headers)
