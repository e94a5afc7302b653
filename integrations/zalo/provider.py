"""Zalo as a Provider: what the bot calls."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from integrations.errors import SendFailed
from integrations.fitting import LIMITS, are_buttons, shown_text
from integrations.provider import Fetched, Outgoing, OutgoingFile, Rate, Sent
from integrations.zalo import errors
from integrations.zalo.api import Api
from integrations.zalo.client import Client
from integrations.zalo.events import CHANNEL
from integrations.zalo.fetching import Fetcher, is_loopback
from integrations.zalo.oauth import OAuth
from integrations.zalo.pictures import fit_document, fit_picture, gif_size
from integrations.zalo.tokens import Tokens
from integrations.zalo.transport import Transport
from integrations.zalo.webhook import Webhook
from integrations.zalo.windows import Standing, window
from store.clock import Clock
from store.database import Database
from store.events import Event
from store.logs import get_logger
from store.settings import Settings
from store.text import clean

# Uploads live 7 days at Zalo; the month's number of them is limited.
UPLOAD_LIFETIME = timedelta(days=6)
MAX_REMEMBERED_UPLOADS = 500
MAX_PARAMETER_CHARACTERS = 30
NAMELESS = "Quý khách"
_EXPIRED_UPLOAD = errors.OPENAPI.error(-100).code
_BAD_SHAPE = frozenset({errors.OPENAPI.error(-201).code, errors.OPENAPI.error(-233).code})

logger = get_logger("integrations.zalo")


class ZaloProvider:
    """One OA. `template_answer`: the ZBS template that invites owners whose window has closed."""

    channel = CHANNEL
    limits = LIMITS[CHANNEL]
    echoes = True

    def __init__(
        self,
        webhook: Webhook,
        transport: Transport,
        tokens: Tokens,
        oauth: OAuth,
        api: Api,
        fetcher: Fetcher,
        clock: Clock,
        per_minute: int,
        template_answer: str | None = None,
    ) -> None:
        self._webhook, self._transport, self._fetcher, self._clock = webhook, transport, fetcher, clock
        self.tokens, self.oauth, self.api = tokens, oauth, api
        self.rate = Rate(per_second=per_minute / 60, burst=max(1, per_minute // 20))
        self._template_answer = template_answer
        self._uploads: dict[bytes, tuple[str, datetime]] = {}

    @classmethod
    def from_settings(cls, settings: Settings, database: Database, clock: Clock) -> ZaloProvider:
        """Raises ValueError without a Zalo account (Settings.has_zalo)."""
        transport = Transport()
        oauth = OAuth.from_settings(settings, transport)
        tokens = Tokens.from_settings(settings, database, clock, oauth)
        client = Client(transport, tokens, clock)
        return cls(
            Webhook.from_settings(settings),
            transport,
            tokens,
            oauth,
            Api(client, settings.zalo_openapi_url, settings.zalo_business_url),
            Fetcher(allows_loopback=is_loopback(urlsplit(settings.zalo_openapi_url).hostname or "")),
            clock,
            settings.zalo_per_minute,
            settings.zalo_template_answer,
        )

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Sequence[Event]:
        """Provider.read_webhook; NotSetUp while the OA secret is not known."""
        return self._webhook.read(headers, body, now)

    async def send(self, message: Outgoing) -> Sent:
        """Provider.send: at most one message is taken; before it there may be an upload and a renewal of the token."""
        if window(message.last_heard_at, message.now).standing is Standing.CLOSED:
            raise SendFailed(errors.WINDOW_CLOSED)
        if not (message.reply.image or message.reply.file):
            return await self._send_words(message)
        if message.file is None:
            raise SendFailed(errors.FILE_REFUSED)
        return await self._send_file(message.address, message.file, is_picture=bool(message.reply.image))

    async def invite(self, address: str) -> None:
        """Provider.invite: the configured template, whose only parameter is `ten`, the owner's name on Zalo."""
        if self._template_answer is not None:
            await self.api.send_template(address, self._template_answer, {"ten": await self._name_of(address)})

    async def fetch(self, source: str, limit_bytes: int) -> Fetched:
        return await self._fetcher.fetch(source, limit_bytes)

    async def acknowledge(self, token: str) -> None:
        """Zalo's buttons want no answer."""

    async def close(self) -> None:
        await self.tokens.close()
        await self._transport.close()
        await self._fetcher.close()

    async def _name_of(self, address: str) -> str:
        try:
            name = (await self.api.user_detail(address)).get("display_name")
        except SendFailed:
            name = None
        return (clean(name)[:MAX_PARAMETER_CHARACTERS] if isinstance(name, str) else "") or NAMELESS

    async def _send_words(self, message: Outgoing) -> Sent:
        reply = message.reply
        text = shown_text(reply, self.limits)
        if not reply.buttons or not are_buttons(reply, self.limits):
            return await self.api.send_text(message.address, text)
        try:
            return await self.api.send_text(message.address, text, reply.buttons)
        except SendFailed as failed:
            menu = shown_text(reply, replace(self.limits, buttons=0))
            if failed.error.code not in _BAD_SHAPE or len(menu) > self.limits.text:
                raise
        # Refused, so not taken: whatever Zalo minds about the buttons, a numbered menu has none
        logger.warning("zalo_buttons_refused")
        return await self.api.send_text(message.address, menu)

    async def _send_file(self, address: str, file: OutgoingFile, is_picture: bool) -> Sent:
        if not is_picture:
            document = fit_document(file)
            return await self._with_upload(
                document, self.api.upload_file, lambda token: self.api.send_file(address, token)
            )
        if file.media_type == "image/gif":
            width, height = gif_size(file)
            return await self._with_upload(
                file, self.api.upload_gif, lambda id_: self.api.send_gif(address, id_, width, height)
            )
        picture = await asyncio.to_thread(fit_picture, file)
        return await self._with_upload(picture, self.api.upload_image, lambda id_: self.api.send_image(address, id_))

    async def _with_upload(
        self,
        file: OutgoingFile,
        upload: Callable[[OutgoingFile], Awaitable[str]],
        send: Callable[[str], Awaitable[Sent]],
    ) -> Sent:
        key = hashlib.sha256(f"{file.name}\0{file.media_type}\0".encode() + file.content).digest()
        uploaded = self._remembered(key)
        if uploaded is not None:
            try:
                return await send(uploaded)
            except SendFailed as failed:
                if failed.error.code != _EXPIRED_UPLOAD:
                    raise
        uploaded = await upload(file)
        self._remember(key, uploaded)
        return await send(uploaded)

    def _remembered(self, key: bytes) -> str | None:
        uploaded, until = self._uploads.get(key, (None, None))
        return uploaded if until is not None and self._clock.now() < until else None

    def _remember(self, key: bytes, uploaded: str) -> None:
        self._uploads.pop(key, None)
        while len(self._uploads) >= MAX_REMEMBERED_UPLOADS:
            del self._uploads[next(iter(self._uploads))]
        self._uploads[key] = uploaded, self._clock.now() + UPLOAD_LIFETIME
