"""Telegram as a channel: sends, fetches, acknowledges, and registers itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from telegram import Bot, BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, InputFile, LinkPreviewOptions

from integrations.errors import Fate, FetchFailed, SendFailed
from integrations.fitting import LIMITS, are_buttons, shown_text
from integrations.provider import Fetched, Outgoing, Rate, Sent
from integrations.telegram import polling, webhook
from integrations.telegram.commands import COMMANDS
from integrations.telegram.errors import HARMLESS
from integrations.telegram.transport import Transport, outcome
from store.events import Event
from store.logs import get_logger
from store.messages import Button
from store.settings import Settings

log = get_logger("integrations.telegram")

MAX_CONNECTIONS = 40  # of Telegram to our webhook, at once
WEBHOOK_PATH = "/webhooks/telegram"
# Without it Telegram opens every address in a message to draw a preview, also those that only their owner should see.
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class TelegramProvider:
    """One bot. `secret` comes with every webhook call; without `public_url` there is no webhook but `updates`."""

    channel = webhook.CHANNEL
    limits = LIMITS[webhook.CHANNEL]
    # "About" 30 a second over all, one a second in one chat with short bursts (Bots FAQ); a 429 says more precisely.
    rate = Rate(per_second=30, burst=30, chat_seconds=1.0, chat_burst=3)
    echoes = False

    def __init__(self, token: str, api_url: str, secret: str | None = None, public_url: str | None = None) -> None:
        """`api_url`: scheme, host and port."""
        self._secret, self._public_url = secret, public_url
        self._files = f"{api_url}/file/bot{token}/"
        self._transport = Transport()
        self._bot = Bot(
            token,
            base_url=f"{api_url}/bot",
            base_file_url=f"{api_url}/file/bot",
            request=self._transport,
            get_updates_request=self._transport,
        )

    @classmethod
    def from_settings(cls, settings: Settings) -> TelegramProvider:
        """Of settings that have a Telegram account (`has_telegram`)."""
        token, secret = settings.telegram_bot_token, settings.telegram_webhook_secret
        if token is None:
            raise ValueError("TELEGRAM_BOT_TOKEN is not set")
        return cls(
            token.get_secret_value(),
            settings.telegram_api_url,
            secret.get_secret_value() if secret else None,
            settings.public_url,
        )

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Sequence[Event]:
        webhook.verify(headers, self._secret)
        return [webhook.read_body(body, now)]

    async def updates(self, offset: int | None, seconds: int) -> list[dict[str, Any]]:
        """As polling.updates."""
        return await polling.updates(self._bot, offset, seconds)

    def read_update(self, update: dict[str, Any], now: datetime) -> Event:
        """The event of one of `updates`; never an exception."""
        return webhook.read_update(update, now)

    async def send(self, message: Outgoing) -> Sent:
        reply, file = message.reply, message.file
        text = shown_text(reply, self.limits)
        keyboard = _keyboard(reply.buttons) if reply.buttons and are_buttons(reply, self.limits) else None
        if file is None:
            sending = self._bot.send_message(
                message.address, text, reply_markup=keyboard, link_preview_options=_NO_PREVIEW
            )
        else:
            upload = InputFile(file.content, filename=file.name)
            send = self._bot.send_photo if reply.image else self._bot.send_document
            sending = send(message.address, upload, caption=text or None, reply_markup=keyboard)
        sent = await outcome(sending)
        return Sent(str(sent.message_id))

    async def fetch(self, source: str, limit_bytes: int) -> Fetched:
        try:
            file = await outcome(self._bot.get_file(source))
        except SendFailed as failed:
            raise FetchFailed(failed.error.code, final=failed.error.fate is Fate.REFUSED) from None
        if isinstance(file.file_size, int) and file.file_size > limit_bytes:
            raise FetchFailed("telegram_file_too_big", final=True)
        if not isinstance(file.file_path, str) or not file.file_path.startswith(self._files):
            raise FetchFailed("telegram_no_path", final=False)
        return Fetched(await self._transport.download(file.file_path, limit_bytes))

    async def invite(self, address: str) -> None:
        """Telegram knows no windows: whoever has started the bot can be written to until they block it."""

    async def acknowledge(self, token: str) -> None:
        try:
            await outcome(self._bot.answer_callback_query(token))
        except SendFailed as failed:
            if failed.error.code not in HARMLESS:
                log.warning("telegram_press_not_acknowledged", code=failed.error.code)

    async def set_up(self) -> None:
        """Tell Telegram the commands, and where to bring updates or that they will be asked for. Raises SendFailed.

        Bears repetition. More than one call a second is refused (BACK_OFF), as when two processes start together.
        """
        commands = [BotCommand(command.name, command.description) for command in COMMANDS]
        await outcome(self._bot.set_my_commands(commands))
        await outcome(self._bot.set_my_commands(commands, language_code="vi"))
        if self._public_url is None:
            await outcome(self._bot.delete_webhook())
            return
        await outcome(
            self._bot.set_webhook(
                self._public_url + WEBHOOK_PATH,
                secret_token=self._secret,
                allowed_updates=webhook.ALLOWED_UPDATES,
                max_connections=MAX_CONNECTIONS,
            )
        )

    async def close(self) -> None:
        await self._transport.shutdown()


def _keyboard(buttons: Sequence[Button]) -> InlineKeyboardMarkup:
    """One button a row: Vietnamese titles are long, and phones cut them."""
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(button.title, callback_data=button.payload)] for button in buttons]
    )
