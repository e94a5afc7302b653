"""What a person can do on the phone, and what it makes Telegram tell the bot."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

from PIL import Image, UnidentifiedImageError

from integrations.simulation import samples
from integrations.simulation.errors import ControlError
from integrations.simulation.people import Bubble, Upload, Wish
from integrations.simulation.simulator import Action
from integrations.telegram.sim_account import BOT
from integrations.telegram.sim_chats import Chat
from integrations.telegram.sim_files import Stored
from integrations.telegram.sim_methods import document, photo_sizes
from integrations.telegram.sim_text import commands_in, utf16_length
from integrations.telegram.sim_world import World

# The app cuts a longer text into several messages
LONGEST_TYPED = 4096
THUMBNAIL_PIXELS = 90
SUPERGROUPS = -1_000_000_000_000
# As little as tells what it is
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"
STICKER = b"RIFF\x04\x00\x00\x00WEBP"

Outcome = Mapping[str, Any]


class Acts:
    """`table`: the actions of the control API by name. `added`: told after every update.

    Each answers `update_id` (None when the bot does not want such updates) and, of a message, `message_id`.
    """

    def __init__(self, world: World, added: Callable[[], None]) -> None:
        self.world, self._added = world, added
        self.table: dict[str, Action[Chat]] = {
            "start": lambda chat, _: self._say(chat, "/start"),
            "text": lambda chat, wish: self._say(chat, wish.text("text")),
            "press": self.press,
            "edit": self.edit,
            "image": self.image,
            "voice": self.voice,
            "video": self.video,
            "file": self.file,
            "location": self.location,
            "contact": self.contact,
            "sticker": self.sticker,
            "block": self.block,
            "unblock": self.unblock,
            "group": self.group,
            "migrate": self.migrate,
            "delete_account": self.delete_account,
        }

    def press(self, chat: Chat, wish: Wish) -> Outcome:
        """A button: `message_id` and `payload`, its data, or its words if it stands below the text field."""
        message = self._message(chat, wish)
        data = wish.text("payload")
        inline = message.get("reply_markup", {}).get("inline_keyboard", [])
        if any(button.get("callback_data") == data for row in inline for button in row):
            query = {
                "id": self.world.press(chat),
                "from": chat.writer(),
                "message": message,
                "chat_instance": f"{abs(chat.number)}",
                "data": data,
            }
            return {"callback_query_id": query["id"], **self._emit(chat, "callback_query", query)}
        if any(button["payload"] == data for row in self._buttons(chat, message) for button in row):
            return self._say(chat, data)
        raise ControlError("Tin này không có nút đó.")

    def edit(self, chat: Chat, wish: Wish) -> Outcome:
        """One of the person's own messages, `message_id`, gets another `text`."""
        message = self._message(chat, wish)
        if message["from"]["is_bot"]:
            raise ControlError("Chỉ sửa được tin của chính mình.")
        text = wish.text("text")
        self.world.rewrite(chat, message, {"text": text, "entities": commands_in(text)})
        return self._emit(chat, "edited_message", message)

    def image(self, chat: Chat, wish: Wish) -> Outcome:
        """A picture; whatever it was, Telegram makes a JPEG of it and a small one beside it."""
        content = (wish.upload or samples.photo()).content
        small, full = (self.world.files.put("photos", _jpeg(content, pixels)) for pixels in (THUMBNAIL_PIXELS, 1280))
        sizes = [*photo_sizes(small), *photo_sizes(full)]
        return self._send(chat, "image", full, photo=sizes, caption=wish.text("text", ""))

    def voice(self, chat: Chat, wish: Wish) -> Outcome:
        stored = self.world.files.put("voice", wish.upload or samples.voice())
        voice = {**stored.as_json(), "duration": int(wish.number("seconds", 3)), "mime_type": stored.upload.media_type}
        return self._send(chat, "voice", stored, voice=voice)

    def video(self, chat: Chat, wish: Wish) -> Outcome:
        stored = self.world.files.put("videos", wish.upload or Upload("video.mp4", "video/mp4", MP4))
        shape = {"width": 640, "height": 360, "duration": int(wish.number("seconds", 3))}
        return self._send(chat, "video", stored, video={**document(stored), **shape}, caption=wish.text("text", ""))

    def file(self, chat: Chat, wish: Wish) -> Outcome:
        stored = self.world.files.put("documents", wish.upload or samples.document())
        return self._send(chat, "file", stored, document=document(stored), caption=wish.text("text", ""))

    def location(self, chat: Chat, wish: Wish) -> Outcome:
        latitude, longitude = samples.PLACE
        place = {"latitude": wish.number("latitude", latitude), "longitude": wish.number("longitude", longitude)}
        shown = {"kind": "location", "name": f"{place['latitude']:.4f}, {place['longitude']:.4f}"}
        return self._write(chat, Bubble("person", media=shown), location=place)

    def contact(self, chat: Chat, wish: Wish) -> Outcome:
        """The person's own card, as after a button that asks for it."""
        card = {
            "phone_number": wish.text("phone", "84912345678"),
            "first_name": wish.text("name", chat.name),
            "user_id": chat.writer()["id"],
        }
        shown = {"kind": "card", "name": f"{card['first_name']} {card['phone_number']}"}
        return self._write(chat, Bubble("person", media=shown), contact=card)

    def sticker(self, chat: Chat, _: Wish) -> Outcome:
        stored = self.world.files.put("stickers", Upload("sticker.webp", "image/webp", STICKER))
        shape = {"width": 512, "height": 512, "is_animated": False, "is_video": False, "type": "regular", "emoji": "👍"}
        return self._write(
            chat, Bubble("person", media={"kind": "sticker", "name": "👍"}), sticker={**stored.as_json(), **shape}
        )

    def block(self, chat: Chat, _: Wish) -> Outcome:
        """The person blocks the bot, or the group throws it out."""
        chat.blocked = True
        self.world.people.say(chat, Bubble("note", "Đã chặn bot" if not chat.is_group else "Đã mời bot ra khỏi nhóm"))
        return self._member(chat, "member", "kicked")

    def unblock(self, chat: Chat, _: Wish) -> Outcome:
        chat.blocked, chat.started = False, True
        self.world.people.say(chat, Bubble("note", "Đã bỏ chặn bot" if not chat.is_group else "Đã thêm lại bot"))
        return self._member(chat, "kicked", "member")

    def group(self, chat: Chat, wish: Wish) -> Outcome:
        """The person makes a group called `title` with the bot in it; it is acted in as a chat of its own, `id`."""
        if chat.is_group:
            raise ControlError("Chỉ một người mới lập được nhóm.")
        number = -4_000_000_000 - len(list(self.world.people))
        made = Chat(str(number), wish.text("title", "Nhóm chủ cửa hàng"), kind="group", started=True, founder=chat)
        self.world.people.add(made)
        self.world.people.say(made, Bubble("note", f"{chat.name} đã lập nhóm và thêm bot"))
        return {"id": made.id, **self._member(made, "left", "member")}

    def migrate(self, chat: Chat, _: Wish) -> Outcome:
        """The group becomes a supergroup, `id`; the old one cannot be written to any more."""
        if chat.kind != "group" or chat.successor is not None:
            raise ControlError("Chỉ một nhóm thường mới thành siêu nhóm được.")
        made = Chat(
            str(SUPERGROUPS + chat.number), chat.name, kind="supergroup", started=chat.started, founder=chat.founder
        )
        self.world.people.add(made)
        told = "Nhóm đã thành siêu nhóm"
        self._write(chat, Bubble("note", told), migrate_to_chat_id=made.number)
        chat.successor = made.number
        return {"id": made.id, **self._write(made, Bubble("note", told), migrate_from_chat_id=chat.number)}

    def delete_account(self, chat: Chat, _: Wish) -> Outcome:
        """The account is gone; Telegram tells nobody."""
        chat.deactivated = True
        self.world.people.changed(chat)
        return {}

    def _say(self, chat: Chat, text: str) -> Outcome:
        if not text.strip():
            raise ControlError("Tin nhắn đang trống.")
        outcome: Outcome = {}
        for piece in _pieces(text.strip()):
            outcome = self._write(chat, Bubble("person", piece), text=piece, entities=commands_in(piece))
        return outcome

    def _send(self, chat: Chat, kind: str, stored: Stored, **content: Any) -> Outcome:
        bubble = Bubble("person", content.get("caption", ""), media=self.world.shown(kind, stored))
        return self._write(chat, bubble, **content)

    def _write(self, chat: Chat, bubble: Bubble, **content: Any) -> Outcome:
        if chat.blocked or chat.deactivated:
            raise ControlError("Người này đang chặn bot." if chat.blocked else "Tài khoản này đã xóa.")
        chat.started = True
        message = chat.new_message(chat.writer(), self.world.clock.now(), **content)
        bubble.id = str(message["message_id"])
        self.world.people.say(chat, bubble)
        return {"message_id": bubble.id, **self._emit(chat, "message", message)}

    def _member(self, chat: Chat, before: str, after: str) -> Outcome:
        """What became of the bot in this chat."""
        change = {
            "chat": chat.as_chat(),
            "from": chat.writer(),
            "date": int(self.world.clock.now().timestamp()),
            "old_chat_member": _as_member(before),
            "new_chat_member": _as_member(after),
        }
        return self._emit(chat, "my_chat_member", change)

    def _emit(self, chat: Chat, kind: str, body: Mapping[str, Any]) -> Outcome:
        update = self.world.tell(chat, kind, body)
        self._added()
        return {"update_id": None if update is None else update.id}

    @staticmethod
    def _message(chat: Chat, wish: Wish) -> dict[str, Any]:
        message = chat.messages.get(int(wish.number("message_id", 0)))
        if message is None:
            raise ControlError("Không có tin này.")
        return message

    @staticmethod
    def _buttons(chat: Chat, message: Mapping[str, Any]) -> list[list[dict[str, str]]]:
        wanted = str(message["message_id"])
        return next((bubble.buttons for bubble in chat.bubbles if bubble.id == wanted), [])


def _as_member(status: str) -> dict[str, Any]:
    return {"user": dict(BOT), "status": status, **({"until_date": 0} if status == "kicked" else {})}


def _jpeg(content: bytes, pixels: int) -> Upload:
    try:
        with Image.open(io.BytesIO(content)) as picture:
            picture.thumbnail((pixels, pixels))
            out = io.BytesIO()
            picture.convert("RGB").save(out, "JPEG")
    except (UnidentifiedImageError, OSError):
        raise ControlError("Tệp này không phải là ảnh.") from None
    return Upload("photo.jpg", "image/jpeg", out.getvalue())


def _pieces(text: str) -> list[str]:
    pieces, length = [""], 0
    for character in text:
        length += utf16_length(character)
        if length > LONGEST_TYPED:
            pieces.append("")
            length = utf16_length(character)
        pieces[-1] += character
    return pieces
