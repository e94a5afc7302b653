"""The `reply_markup` of a message: what Telegram takes as a keyboard, and what it says when it does not."""

from __future__ import annotations

from typing import Any

from integrations.telegram.sim_parameters import Parameters, bad_request

MAX_DATA_BYTES = 64
# Not documented: beyond these the app cuts or the server refuses, so nobody may rely on more.
MAX_IN_ROW = 8
MAX_BUTTONS = 100


def read_markup(parameters: Parameters, strict_size: bool) -> dict[str, Any] | None:
    """The keyboard, None when there is none. `strict_size`: 8 in a row and 100 in all are the most."""
    markup = parameters.structure("reply_markup", "can't parse reply keyboard markup JSON object")
    if markup is None:
        return None
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" in markup:
        rows = [[_inline_button(button) for button in row] for row in _rows(markup, "inline_keyboard")]
        if strict_size and (any(len(row) > MAX_IN_ROW for row in rows) or sum(map(len, rows)) > MAX_BUTTONS):
            raise bad_request("REPLY_MARKUP_TOO_LONG")
        return {"inline_keyboard": [row for row in rows if row]} if any(rows) else None
    if "keyboard" in markup:
        return {**markup, "keyboard": [[_button(button) for button in row] for row in _rows(markup, "keyboard")]}
    return markup if markup.get("remove_keyboard") or markup.get("force_reply") else None


def is_inline(markup: dict[str, Any] | None) -> bool:
    return markup is not None and "inline_keyboard" in markup


def _rows(markup: dict[str, Any], name: str) -> list[list[Any]]:
    rows = markup[name]
    if not isinstance(rows, list):
        raise bad_request(f'field "{name}" must be of type Array')
    if not all(isinstance(row, list) for row in rows):
        raise bad_request(f'field "{name}" must be an Array of Arrays')
    return rows


def _inline_button(button: Any) -> dict[str, Any]:
    if not isinstance(button, dict):
        raise bad_request("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
    text = button.get("text")
    if not isinstance(text, str) or not text.strip():
        raise bad_request('can\'t parse inline keyboard button: Field "text" must be a non-empty String')
    if "callback_data" in button:
        data = button["callback_data"]
        if not isinstance(data, str) or not 1 <= len(data.encode()) <= MAX_DATA_BYTES:
            raise bad_request("BUTTON_DATA_INVALID")
        return {"text": text, "callback_data": data}
    if "url" in button:
        url = button["url"]
        if not isinstance(url, str) or not url.startswith(("http://", "https://", "tg://")):
            raise bad_request("BUTTON_URL_INVALID")
        return {"text": text, "url": url}
    raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")


def _button(button: Any) -> dict[str, Any]:
    if isinstance(button, str):
        button = {"text": button}
    if not isinstance(button, dict) or not isinstance(button.get("text"), str) or not button["text"].strip():
        raise bad_request("can't parse keyboard button: KeyboardButton must have a text")
    return button
