"""What citizens do on their phones, and an officer in OA Manager: the actions of the control API."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from integrations.simulation import samples
from integrations.simulation.errors import ControlError
from integrations.simulation.people import Bubble, Upload, Wish
from integrations.simulation.simulator import Action
from integrations.zalo.sim_account import Citizen
from integrations.zalo.sim_events import new_message_id
from integrations.zalo.sim_world import World

MEDIA_LIFE = timedelta(minutes=30)
ADMIN_ID = "7776665554443332221"
# Action: the type in the event, how the page shows it, what is sent when the citizen chose no file
FILES: dict[str, tuple[str, str, Callable[[], Upload]]] = {
    "image": ("image", "image", samples.photo),
    "gif": ("gif", "image", samples.photo),
    "voice": ("audio", "voice", samples.voice),
    "video": ("video", "video", samples.voice),
    "file": ("file", "file", samples.document),
}
NO_INTERACTION = ("block", "unblock", "unfollow", "agent", "refuse_templates")


class Citizens:
    """One per simulator."""

    def __init__(self, world: World) -> None:
        self._world = world

    def actions(self) -> dict[str, Action[Citizen]]:
        """By name; the wish's fields are said with each. Those that Zalo counts as interaction open the window."""
        plain: dict[str, Action[Citizen]] = {
            "text": self.text,
            "press": self.press,
            "location": self.location,
            "sticker": self.sticker,
            "link": self.link,
            "card": self.card,
            "follow": self.follow,
            "unfollow": self.unfollow,
            "block": self.block,
            "unblock": self.unblock,
            "submit_info": self.submit_info,
            "agent": self.agent,
            "refuse_templates": self.refuse_templates,
            **{name: self._sending(name) for name in FILES},
        }
        return {name: self._acting(name, action) for name, action in plain.items()}

    def text(self, citizen: Citizen, wish: Wish) -> Mapping[str, Any]:
        """text; optionally quote (a message id)."""
        quote = wish.text("quote", "")
        message = {"text": wish.text("text"), **({"quote_msg_id": quote} if quote else {})}
        return self._send(citizen, "user_send_text", message, Bubble("person", wish.text("text")))

    def press(self, citizen: Citizen, wish: Wish) -> Mapping[str, Any]:
        """payload; hidden = "1" for oa.query.hide, which the chat does not show."""
        payload = wish.text("payload")
        bubble = None if wish.text("hidden", "") else Bubble("person", payload)
        return self._send(citizen, "user_send_text", {"text": payload}, bubble)

    def location(self, citizen: Citizen, wish: Wish) -> Mapping[str, Any]:
        """latitude, longitude in degrees; without them the sample's."""
        latitude, longitude = (
            f"{wish.number(name, sample):.6f}"
            for name, sample in zip(("latitude", "longitude"), samples.PLACE, strict=True)
        )
        place = {"latitude": latitude, "longitude": longitude}
        if self._world.switches.location_in_message:
            message: dict[str, Any] = {"location": {name: float(value) for name, value in place.items()}}
        else:
            message = {"text": "", "attachments": [{"type": "location", "payload": {"coordinates": place}}]}
        bubble = Bubble("person", media={"kind": "location", "url": "", "name": f"{latitude}, {longitude}"})
        return self._send(citizen, "user_send_location", message, bubble)

    def sticker(self, citizen: Citizen, wish: Wish) -> Mapping[str, Any]:
        payload = {"url": f"{self._world.base_url()}/media/sticker/none.png", "id": wish.text("id", "1f7a5c9e3b2d4a60")}
        message = {"attachments": [{"type": "sticker", "payload": payload}]}
        return self._send(citizen, "user_send_sticker", message, Bubble("person", "☺", media=_shown("sticker")))

    def link(self, citizen: Citizen, wish: Wish) -> Mapping[str, Any]:
        """url, title."""
        url = wish.text("url", "https://thainguyen.gov.vn/")
        payload = {"url": url, "title": wish.text("title", "Trang của tỉnh"), "description": "", "thumbnail": ""}
        message = {"text": url, "attachments": [{"type": "link", "payload": payload}]}
        return self._send(citizen, "user_send_link", message, Bubble("person", url, media=_shown("link")))

    def card(self, citizen: Citizen, wish: Wish) -> Mapping[str, Any]:
        """A business card: name, phone; without them the citizen's own."""
        name, phone = wish.text("name", citizen.name), wish.text("phone", citizen.phone)
        description = json.dumps({"phone": phone, "caption": name}, ensure_ascii=False)
        message = {
            "attachments": [{"type": "link", "payload": {"description": description, "thumbnail": "", "url": ""}}]
        }
        bubble = Bubble("person", f"{name}\n{phone}", media=_shown("card"))
        return self._send(citizen, "user_send_business_card", message, bubble)

    def follow(self, citizen: Citizen, wish: Wish) -> Mapping[str, Any]:
        citizen.follows = True
        self._world.events.flat(citizen, "follow", source="oa_profile")
        return self._note(citizen, "Đã quan tâm OA")

    def unfollow(self, citizen: Citizen, wish: Wish) -> Mapping[str, Any]:
        citizen.follows = False
        self._world.events.flat(citizen, "unfollow", source="oa_profile")
        return self._note(citizen, "Đã bỏ quan tâm OA")

    def block(self, citizen: Citizen, wish: Wish) -> Mapping[str, Any]:
        """Zalo tells the account nothing about it."""
        citizen.blocked = True
        return self._note(citizen, "Đã chặn OA")

    def unblock(self, citizen: Citizen, wish: Wish) -> Mapping[str, Any]:
        citizen.blocked = False
        return self._note(citizen, "Đã bỏ chặn OA")

    def submit_info(self, citizen: Citizen, wish: Wish) -> Mapping[str, Any]:
        """The form that request_user_info shows: name, phone, address, district, city; what is missing is made up."""
        name, phone = wish.text("name", citizen.name), wish.text("phone", citizen.phone)
        number: Any = int(phone) if self._world.switches.phone_as_number and phone.isdecimal() else phone
        address, ward = wish.text("address", "Số 1, tổ 2"), wish.text("district", "Phường Phan Đình Phùng")
        city = wish.text("city", "Thái Nguyên")
        if self._world.switches.flat_info:
            info: dict[str, Any] = {"name": name, "phone": number, "address": address, "city": city, "district": ward}
        else:
            place = {"user_city": city, "user_ward": ward, "user_address": address}
            info = {"name": name, "phone": number, "user_dob": "", "gender": "", "full_address": place}
        event = self._world.events.message(citizen, "user_submit_info", {})
        del event["message"]
        self._world.events.post(citizen.id, {**event, "info": info})
        return self._note(citizen, f"Đã gửi thông tin: {name}, {phone}")

    def agent(self, citizen: Citizen, wish: Wish) -> Mapping[str, Any]:
        """An officer writes to the citizen in OA Manager: text."""
        message_id, text = new_message_id(), wish.text("text")
        self._world.people.say(citizen, Bubble("account", text, message_id, state="received"))
        sender = {"admin_id": ADMIN_ID} if self._world.switches.admin_id else {}
        self._world.events.from_account(citizen, "oa_send_text", {"msg_id": message_id, "text": text}, sender)
        return {"message_id": message_id}

    def refuse_templates(self, citizen: Citizen, wish: Wish) -> Mapping[str, Any]:
        """code: the error with which templates to this citizen fail from now on (-114, -139, -141; 0 = none)."""
        citizen.refuses = int(wish.number("code", -139))
        return {}

    def _sending(self, name: str) -> Action[Citizen]:
        kind, shown, sample = FILES[name]

        def send(citizen: Citizen, wish: Wish) -> Mapping[str, Any]:
            upload = wish.upload or sample()
            path = self._world.media.put(upload, MEDIA_LIFE)
            payload: dict[str, Any] = {"url": self._world.base_url() + path}
            if kind == "image":
                payload["thumbnail"] = payload["url"]
            if kind == "file":
                payload |= {"name": upload.name, "size": str(len(upload.content)), "type": _extension(upload.name)}
                payload["checksum"] = ""
            text = wish.text("text", "")
            message = {**({"text": text} if text else {}), "attachments": [{"type": kind, "payload": payload}]}
            # What the page shows stays; only the address in the event expires
            media = {"kind": shown, "url": self._world.media.show(upload), "name": upload.name}
            return self._send(citizen, f"user_send_{kind}", message, Bubble("person", text, media=media))

        return send

    def _acting(self, name: str, action: Action[Citizen]) -> Action[Citizen]:
        def act(citizen: Citizen, wish: Wish) -> Mapping[str, Any]:
            if name in NO_INTERACTION:
                return action(citizen, wish)
            if citizen.blocked:
                raise ControlError("Đang chặn OA: bỏ chặn trước đã.")
            outcome = action(citizen, wish)
            citizen.last_interaction, citizen.free_used = self._world.clock.now(), 0
            return outcome

        return act

    def _send(
        self, citizen: Citizen, event: str, message: Mapping[str, Any], bubble: Bubble | None
    ) -> Mapping[str, Any]:
        message_id = new_message_id()
        if bubble is not None:
            bubble.id = message_id
            self._world.people.say(citizen, bubble)
        self._world.events.from_person(citizen, event, {**message, "msg_id": message_id})
        return {"message_id": message_id}

    def _note(self, citizen: Citizen, text: str) -> Mapping[str, Any]:
        self._world.people.say(citizen, Bubble("note", text))
        return {}


def _shown(kind: str) -> dict[str, str]:
    return {"kind": kind, "url": "", "name": ""}


def _extension(name: str) -> str:
    return name.rpartition(".")[2].lower()
