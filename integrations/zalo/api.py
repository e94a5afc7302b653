"""The calls of Zalo's OpenAPI v3.0 that the hotline makes, in its own words. Outcome rules: client.py, errors.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from integrations.errors import SendFailed
from integrations.provider import OutgoingFile, Sent
from integrations.zalo import errors
from integrations.zalo.client import Client
from integrations.zalo.fields import number_text
from integrations.zalo.transport import Request
from store.messages import Button
from store.text import clean

# Together with the message's own call within what a sender waits for.
UPLOAD_SECONDS = 6
_QUOTA = ("quota_type", "remain", "total", "expired_date", "dailyQuota", "remainingQuota")


class Api:
    """`url`: openapi's; `business_url`: where messages by phone number go. Every method raises SendFailed."""

    def __init__(self, client: Client, url: str, business_url: str) -> None:
        self._client, self._url, self._business_url = client, url, business_url

    async def send_text(self, user_id: str, text: str, buttons: Sequence[Button] = ()) -> Sent:
        """A consultation message: up to 2,000 characters, up to 5 buttons with titles up to 100."""
        message: dict[str, Any] = {"text": text}
        if buttons:
            # No template_type: that is how the shape is used by those who send it
            message["attachment"] = {"type": "template", "payload": {"buttons": [_button(one) for one in buttons]}}
        return await self._consult(user_id, message)

    async def send_image(self, user_id: str, attachment_id: str) -> Sent:
        return await self._media(user_id, {"media_type": "image", "attachment_id": attachment_id})

    async def send_gif(self, user_id: str, attachment_id: str, width: int, height: int) -> Sent:
        """`width`, `height` in pixels."""
        element = {"media_type": "gif", "attachment_id": attachment_id, "width": width, "height": height}
        return await self._media(user_id, element)

    async def send_file(self, user_id: str, token: str) -> Sent:
        return await self._consult(user_id, {"attachment": {"type": "file", "payload": {"token": token}}})

    async def request_user_info(self, user_id: str, title: str, subtitle: str, image_url: str) -> Sent:
        """Ask for name and phone number by Zalo's own form; the answer is a `user_submit_info` event.

        `title` up to 100, `subtitle` up to 500 characters; `image_url` is required and public.
        """
        element = {"title": title, "subtitle": subtitle, "image_url": image_url}
        payload = {"template_type": "request_user_info", "elements": [element]}
        return await self._consult(user_id, {"attachment": {"type": "template", "payload": payload}})

    async def send_template(self, user_id: str, template_id: str, data: Mapping[str, str]) -> Sent:
        """A ZBS template to a user of the OA, also outside of the 7 days."""
        body = {"user_id": user_id, "template_id": template_id, "template_data": dict(data)}
        request = Request("POST", f"{self._url}/v3.0/oa/message/template", json=body)
        return _sent(await self._client.call(request, errors.TEMPLATE))

    async def send_template_by_phone(
        self, phone: str, template_id: str, data: Mapping[str, str], tracking_id: str
    ) -> Sent:
        """A ZBS template to a phone number (84…). `tracking_id`: up to 48 characters, comes back with the delivery."""
        body = {"phone": phone, "template_id": template_id, "template_data": dict(data), "tracking_id": tracking_id}
        request = Request("POST", f"{self._business_url}/message/template", json=body)
        return _sent(await self._client.call(request, errors.BUSINESS))

    async def template_status(self, message_id: str) -> int | None:
        """Of a template that went to a phone number: -1 unknown, 0 at Zalo, 1 on the phone; None: not said."""
        url = f"{self._business_url}/message/status?message_id={quote(message_id, safe='')}"
        status = _object(await self._client.harmless(Request("GET", url), errors.BUSINESS)).get("status")
        try:
            return int(status) if isinstance(status, int | str) else None
        except ValueError:
            return None

    async def upload_image(self, file: OutgoingFile) -> str:
        """The attachment id of a JPEG or PNG of at most 1 MB; it lives 7 days."""
        return await self._upload("image", file, "attachment_id")

    async def upload_gif(self, file: OutgoingFile) -> str:
        """The attachment id of a GIF of at most 5 MB."""
        return await self._upload("gif", file, "attachment_id")

    async def upload_file(self, file: OutgoingFile) -> str:
        """The token of a PDF, DOC, DOCX or CSV of at most 5 MB."""
        return await self._upload("file", file, "token")

    async def user_detail(self, user_id: str) -> dict[str, Any]:
        """What Zalo tells of a user: display_name, user_is_follower, shared_info …"""
        return await self._get("/v3.0/oa/user/detail", {"user_id": user_id})

    async def quota(self, user_id: str) -> dict[str, Any]:
        """last_interaction in milliseconds, cs_reply {remain, total}."""
        request = Request("POST", f"{self._url}/v3.0/oa/quota/message", json={"user_id": user_id})
        return _object(await self._client.harmless(request))

    async def account(self) -> dict[str, Any]:
        """Our own OA (oa_id, name): the cheap way to see whether the token works."""
        return await self._get("/v2.0/oa/getoa")

    async def _get(self, path: str, data: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return _object(await self._client.harmless(Request("GET", self._url + path, data=data)))

    async def _consult(self, user_id: str, message: Mapping[str, Any]) -> Sent:
        body = {"recipient": {"user_id": user_id}, "message": message}
        return _sent(await self._client.call(Request("POST", f"{self._url}/v3.0/oa/message/cs", json=body)))

    async def _media(self, user_id: str, element: Mapping[str, Any]) -> Sent:
        payload = {"template_type": "media", "elements": [element]}
        return await self._consult(user_id, {"attachment": {"type": "template", "payload": payload}})

    async def _upload(self, kind: str, file: OutgoingFile, key: str) -> str:
        data = _object(
            await self._client.harmless(
                Request("POST", f"{self._url}/v2.0/oa/upload/{kind}", file=file, seconds=UPLOAD_SECONDS)
            )
        )
        uploaded = data.get(key)
        if not isinstance(uploaded, str) or not uploaded:
            # So Zalo answers to a file whose kind it does not recognise
            raise SendFailed(errors.FILE_REFUSED)
        return uploaded


def _button(button: Button) -> dict[str, str]:
    """Pressed, it sends our payload as if the owner had written it, hidden from the owner's view."""
    return {"title": button.title, "type": "oa.query.hide", "payload": button.payload}


def _object(data: Any) -> dict[str, Any]:
    return data if isinstance(data, dict) else {}


def _sent(data: Any) -> Sent:
    """Accepted, whatever else the answer says. The id has two names; of the quota what is known is kept."""
    answer = _object(data)
    id_ = number_text(answer.get("message_id") or answer.get("msg_id"))
    quota = _object(answer.get("quota"))
    told = {key: clean(text)[:40] for key in _QUOTA if (text := number_text(quota.get(key))) is not None}
    return Sent(clean(id_)[:100] if id_ else None, {"quota": told} if told else {})
