"""What a consultation message may look like, field by field. Pure: whether files exist is asked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from integrations.zalo.sim_account import ZaloSwitches
from integrations.zalo.sim_api import Refused, invalid

LONGEST_TEXT = 2000
LONGEST_TITLE = 100
LONGEST_SUBTITLE = 500
LONGEST_QUERY = 1000
LONGEST_SMS = 160
MOST_BUTTONS = 5
MOST_ELEMENTS = 5
TEMPLATE_EXPIRED = -100


@dataclass(frozen=True)
class Shown:
    """What the person sees. `event`: the echo's name after `oa_send_`. `buttons`: as sent. `asset`: an uploaded file's
    id or token. `image_url`: a picture that was named by its address. `asks_info`: the form for name and phone.
    """

    event: str
    text: str = ""
    buttons: tuple[Mapping[str, Any], ...] = ()
    asset: str = ""
    image_url: str = ""
    asks_info: bool = False


class Shapes:
    """`is_there(kind, id)`: whether an uploaded asset of that kind ("image", "gif", "file") can still be used."""

    def __init__(self, switches: ZaloSwitches, is_there: Callable[[str, str], bool]) -> None:
        self._switches, self._is_there = switches, is_there

    def read(self, message: Any) -> Shown:
        """Raises Refused, naming the field."""
        fields = _object(message, "message", {"text", "attachment", self._switches.quote_field})
        if self._switches.quote_field in fields:
            _text(fields[self._switches.quote_field], f"message.{self._switches.quote_field}", LONGEST_TITLE)
        if "attachment" not in fields:
            return Shown("text", _text(fields.get("text"), "message.text", LONGEST_TEXT))
        text = _text(fields["text"], "message.text", LONGEST_TEXT) if "text" in fields else ""
        attachment = _object(fields["attachment"], "attachment", {"type", "payload"})
        if attachment.get("type") == "file":
            payload = _object(attachment.get("payload"), "attachment.payload", {"token"})
            return Shown("file", text, asset=self._asset("file", payload.get("token"), "attachment.payload.token"))
        if attachment.get("type") != "template" or not isinstance(attachment.get("payload"), dict):
            raise invalid("attachment.type" if attachment.get("type") != "template" else "attachment.payload")
        return self._template(text, attachment["payload"])

    def _template(self, text: str, payload: dict[str, Any]) -> Shown:
        kind = payload.get("template_type")
        if kind is None:
            _object(payload, "attachment.payload", {"buttons"})
            return Shown("text", _text(text, "message.text", LONGEST_TEXT), _buttons(payload.get("buttons")))
        if kind == "media":
            return self._media(text, payload)
        if kind == "request_user_info":
            return _request_user_info(payload)
        if kind == "button" and self._switches.button_template:
            _object(payload, "attachment.payload", {"template_type", "text", "buttons"})
            words = _text(payload.get("text"), "attachment.payload.text", LONGEST_TEXT)
            return Shown("text", words, _buttons(payload.get("buttons")))
        if kind == "list" and self._switches.list_template:
            return _list(payload)
        raise invalid("attachment.payload.template_type")

    def _media(self, text: str, payload: dict[str, Any]) -> Shown:
        allowed = {"template_type", "elements"} | ({"buttons"} if self._switches.buttons_on_media else set())
        _object(payload, "attachment.payload", allowed)
        element = _one_element(payload)
        kind = element.get("media_type")
        keys = {"image": {"attachment_id", "url"}, "gif": {"attachment_id", "width", "height"}}
        if kind not in (*keys, "sticker"):
            raise invalid("elements.media_type")
        _object(element, "elements", {"media_type", *keys.get(kind, {"attachment_id"})})
        if kind == "gif":
            _natural(element.get("width"), "elements.width")
            _natural(element.get("height"), "elements.height")
        buttons = _buttons(payload["buttons"]) if "buttons" in payload else ()
        if "url" in element:
            if "attachment_id" in element:
                raise invalid("elements.attachment_id")
            return Shown(kind, text, buttons, image_url=_address(element["url"], "elements.url"))
        if kind == "sticker":
            return Shown(kind, text, buttons, asset=_text(element.get("attachment_id"), "elements.attachment_id", 200))
        return Shown(kind, text, buttons, self._asset(kind, element.get("attachment_id"), "elements.attachment_id"))

    def _asset(self, kind: str, id: Any, field: str) -> str:
        asset = _text(id, field, 200)
        if not self._is_there(kind, asset):
            raise Refused(TEMPLATE_EXPIRED, "attachment id has expired")
        return asset


def _request_user_info(payload: dict[str, Any]) -> Shown:
    _object(payload, "attachment.payload", {"template_type", "elements"})
    element = _object(_one_element(payload), "elements", {"title", "subtitle", "image_url"})
    title = _text(element.get("title"), "elements.title", LONGEST_TITLE)
    subtitle = _text(element.get("subtitle"), "elements.subtitle", LONGEST_SUBTITLE)
    image = _address(element.get("image_url"), "elements.image_url")
    return Shown("request_user_info", f"{title}\n{subtitle}", image_url=image, asks_info=True)


def _list(payload: dict[str, Any]) -> Shown:
    _object(payload, "attachment.payload", {"template_type", "elements"})
    elements = payload.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= MOST_ELEMENTS:
        raise invalid("elements")
    lines = []
    for place, card in enumerate(elements):
        fields = _object(card, "elements", {"title", "subtitle", "image_url", "default_action"})
        lines.append(_text(fields.get("title"), "elements.title", LONGEST_TITLE))
        if place == 0 or "subtitle" in fields:
            lines.append(_text(fields.get("subtitle"), "elements.subtitle", LONGEST_SUBTITLE))
    return Shown("list", "\n".join(lines))


def _buttons(value: Any) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_BUTTONS:
        raise invalid("buttons")
    for item in value:
        button = _object(item, "buttons", {"title", "type", "payload", "image_icon"})
        _text(button.get("title"), "buttons.title", LONGEST_TITLE)
        _check_payload(button.get("type"), button.get("payload"))
    return tuple(value)


def _check_payload(kind: Any, payload: Any) -> None:
    if kind in ("oa.query.show", "oa.query.hide"):
        _text(payload, "buttons.payload", LONGEST_QUERY)
    elif kind == "oa.open.url":
        _address(_object(payload, "buttons.payload", {"url"}).get("url"), "buttons.payload.url")
    elif kind == "oa.open.phone":
        _phone(_object(payload, "buttons.payload", {"phone_code"}))
    elif kind == "oa.open.sms":
        fields = _object(payload, "buttons.payload", {"phone_code", "content"})
        _phone(fields)
        _text(fields.get("content"), "buttons.payload.content", LONGEST_SMS)
    else:
        raise invalid("buttons.type")


def _object(value: Any, field: str, allowed: Collection[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid(field)
    for key in value:
        if key not in allowed:
            raise invalid(f"{field}.{key}")
    return value


def _text(value: Any, field: str, longest: int) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= longest:
        raise invalid(field)
    return value


def _natural(value: Any, field: str) -> None:
    if type(value) is not int or value < 1:
        raise invalid(field)


def _phone(fields: Mapping[str, Any]) -> None:
    digits = fields.get("phone_code")
    if not (isinstance(digits, str) and digits.isascii() and digits.isdecimal() and 3 <= len(digits) <= 15):
        raise invalid("buttons.payload.phone_code")


def _address(value: Any, field: str) -> str:
    """https, or plain http on the loopback, where a hotline that is tried out has its pictures."""
    address = _text(value, field, LONGEST_QUERY)
    parts = urlsplit(address)
    loopback = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")
    if not (loopback or (parts.scheme == "https" and parts.hostname)):
        raise invalid(field)
    return address


def _one_element(payload: Mapping[str, Any]) -> dict[str, Any]:
    elements = payload.get("elements")
    if not isinstance(elements, list) or len(elements) != 1 or not isinstance(elements[0], dict):
        raise invalid("elements")
    return elements[0]
