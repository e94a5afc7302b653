"""The Bot API's methods about messages, buttons, files and commands; those about updates are in sim_intake.py."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from PIL import Image, UnidentifiedImageError

from integrations.simulation.people import Upload as Uploaded
from integrations.telegram.sim_account import ABILITIES, BOT, BOT_ID
from integrations.telegram.sim_files import Stored
from integrations.telegram.sim_keyboard import is_inline, read_markup
from integrations.telegram.sim_parameters import Parameters, Refused, bad_request
from integrations.telegram.sim_text import read_text, utf16_length
from integrations.telegram.sim_world import World

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_ANSWER = 200
MAX_UPLOAD_BYTES = 50 * 1024 * 1024
MAX_PHOTO_BYTES = 10 * 1024 * 1024
MAX_COMMANDS = 100
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_ACTIONS = frozenset(
    "typing upload_photo record_video upload_video record_voice upload_voice upload_document choose_sticker"
    " find_location record_video_note upload_video_note".split()
)
_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current"
    " content and reply markup of the message"
)


@dataclass(frozen=True)
class Answer:
    """What a successful call answers; some say in words what was done."""

    result: Any
    description: str = ""


Method = Callable[[Parameters], Answer]


class Methods:
    """`table`: by name in lower case."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.table: dict[str, Method] = {
            "getme": lambda _: Answer({**BOT, **ABILITIES}),
            "sendmessage": self.send_message,
            "sendphoto": self.send_photo,
            "senddocument": self.send_document,
            "sendchataction": self.send_chat_action,
            "editmessagetext": self.edit_message_text,
            "editmessagereplymarkup": self.edit_message_reply_markup,
            "answercallbackquery": self.answer_callback_query,
            "getfile": self.get_file,
            "setmycommands": self.set_my_commands,
            "getmycommands": self.get_my_commands,
            "deletemycommands": self.delete_my_commands,
        }

    def send_message(self, parameters: Parameters) -> Answer:
        chat = self.world.chat(parameters)
        text, entities = _text(parameters)
        markup = self._markup(parameters)
        return Answer(self.world.post(chat, {"text": text, "entities": entities}, markup, parameters))

    def send_photo(self, parameters: Parameters) -> Answer:
        chat, markup, caption = self.world.chat(parameters), self._markup(parameters), _caption(parameters)
        stored = self._file(parameters, "photo", "photos")
        if len(stored.upload.content) > MAX_PHOTO_BYTES:
            raise Refused(413, "Request Entity Too Large")
        content = {"photo": photo_sizes(stored), **caption}
        return Answer(self.world.post(chat, content, markup, parameters, self.world.shown("image", stored)))

    def send_document(self, parameters: Parameters) -> Answer:
        chat, markup, caption = self.world.chat(parameters), self._markup(parameters), _caption(parameters)
        stored = self._file(parameters, "document", "documents")
        content = {"document": document(stored), **caption}
        return Answer(self.world.post(chat, content, markup, parameters, self.world.shown("file", stored)))

    def send_chat_action(self, parameters: Parameters) -> Answer:
        self.world.chat(parameters)
        if parameters.text("action") not in _ACTIONS:
            raise bad_request("wrong parameter action in request")
        return Answer(True)

    def edit_message_text(self, parameters: Parameters) -> Answer:
        text, entities = _text(parameters)
        return self._edit(parameters, {"text": text, "entities": entities})

    def edit_message_reply_markup(self, parameters: Parameters) -> Answer:
        return self._edit(parameters, {})

    def answer_callback_query(self, parameters: Parameters) -> Answer:
        if utf16_length(parameters.text("text")) > MAX_ANSWER:
            raise bad_request("MESSAGE_TOO_LONG")
        press = self.world.presses.get(parameters.text("callback_query_id"))
        switches = self.world.switches
        if press is None or self.world.clock.now() - press.at > timedelta(seconds=switches.callback_seconds):
            raise bad_request(_TOO_OLD)
        if press.answered and switches.second_answer_refused:
            raise bad_request(_TOO_OLD)
        press.answered = True
        return Answer(True)

    def get_file(self, parameters: Parameters) -> Answer:
        return Answer(self.world.files.describe(parameters.text("file_id"), self.world.clock.now()))

    def set_my_commands(self, parameters: Parameters) -> Answer:
        commands = parameters.structure("commands", "can't parse commands JSON object")
        if not isinstance(commands, list):
            raise bad_request("expected an Array of BotCommand")
        if len(commands) > MAX_COMMANDS:
            raise bad_request("BOT_COMMANDS_TOO_MUCH")
        self.world.commands[_place(parameters)] = [_command(command) for command in commands]
        return Answer(True)

    def get_my_commands(self, parameters: Parameters) -> Answer:
        return Answer(self.world.commands.get(_place(parameters), []))

    def delete_my_commands(self, parameters: Parameters) -> Answer:
        self.world.commands.pop(_place(parameters), None)
        return Answer(True)

    def _markup(self, parameters: Parameters) -> dict[str, Any] | None:
        return read_markup(parameters, self.world.switches.strict_keyboard)

    def _edit(self, parameters: Parameters, content: dict[str, Any]) -> Answer:
        """Without `reply_markup` the keyboard goes, as on the platform."""
        chat = self.world.chat(parameters)
        message = chat.message_of_bot(parameters.whole("message_id", 0, 0, 2**31), BOT_ID)
        markup = self._markup(parameters)
        if markup is not None and not is_inline(markup):
            raise bad_request("inline keyboard expected")
        changed = {**content, "reply_markup": markup}
        if all((message.get(name) or None) == (value or None) for name, value in changed.items()):
            raise bad_request(_NOT_MODIFIED)
        self.world.rewrite(chat, message, changed)
        return Answer({name: value for name, value in message.items() if value})

    def _file(self, parameters: Parameters, name: str, folder: str) -> Stored:
        """An upload, by its own field or `attach://field`, or a file that Telegram has already. Raises Refused."""
        reference = parameters.text(name)
        upload = parameters.files.get(reference.removeprefix("attach://") if reference else name)
        if upload is None:
            if not reference:
                raise bad_request(f"there is no {name} in the request")
            return self.world.files.find(reference)
        if len(upload.content) > MAX_UPLOAD_BYTES:
            raise Refused(413, "Request Entity Too Large")
        if not upload.content:
            raise bad_request("file must be non-empty")
        return self.world.files.put(folder, Uploaded(upload.name, upload.media_type, upload.content))


def photo_sizes(stored: Stored) -> list[dict[str, Any]]:
    """A photo's PhotoSize objects. Raises Refused when it is no picture."""
    try:
        with Image.open(io.BytesIO(stored.upload.content)) as picture:
            width, height = picture.size
    except (UnidentifiedImageError, OSError):
        raise bad_request("IMAGE_PROCESS_FAILED") from None
    return [{**stored.as_json(), "width": width, "height": height}]


def document(stored: Stored) -> dict[str, Any]:
    """A Document object."""
    return {**stored.as_json(), "file_name": stored.upload.name, "mime_type": stored.upload.media_type}


def _text(parameters: Parameters) -> tuple[str, list[dict[str, Any]]]:
    text, entities = read_text(parameters, "text")
    if not text:
        raise bad_request("message text is empty")
    if utf16_length(text) > MAX_TEXT:
        raise bad_request("message is too long")
    return text, entities


def _caption(parameters: Parameters) -> dict[str, Any]:
    text, entities = read_text(parameters, "caption")
    if utf16_length(text) > MAX_CAPTION:
        raise bad_request("message caption is too long")
    return {"caption": text, "caption_entities": entities}


def _place(parameters: Parameters) -> tuple[str, str]:
    """Scope and language of a list of commands."""
    scope = parameters.structure("scope", "can't parse BotCommandScope") or {}
    kind = scope.get("type", "") if isinstance(scope, dict) else ""
    return ("" if kind == "default" else str(kind)), parameters.text("language_code")


def _command(command: Any) -> dict[str, str]:
    name = command.get("command") if isinstance(command, dict) else None
    description = command.get("description") if isinstance(command, dict) else None
    if not isinstance(name, str) or not _COMMAND.fullmatch(name.removeprefix("/")):
        raise bad_request("BOT_COMMAND_INVALID")
    if not isinstance(description, str) or not 1 <= utf16_length(description.strip()) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name.removeprefix("/"), "description": description.strip()}
