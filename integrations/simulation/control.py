"""The control API under `/__sim/` and the page at `/`: acting as a citizen, faults, clock, switches, the journal.

| call | does |
|---|---|
| GET `/__sim/state` | provider, time, switches, faults, webhook, people, `last` (number of the last journal entry) |
| GET `/__sim/abilities` | what the page offers (see `Simulator.abilities`) |
| GET `/__sim/account` | identifiers and secrets to configure a hotline by |
| GET `/__sim/journal?after=N&limit=M` | `{"entries": […], "last": N}` |
| GET `/__sim/live?after=N` | server-sent events: `journal` (one entry), `people` (when one of them or a chat changed) |
| POST, GET, DELETE `/__sim/faults` | arm one (fields of faults.Fault), list, clear |
| POST `/__sim/clock` | `{"advance_seconds": n}` or `{"now": ISO-8601}` |
| POST `/__sim/switches` | `{name: value, …}` |
| POST `/__sim/webhook` | `{"url": …, "enabled": true}`, either may be left out |
| GET, POST `/__sim/people` | list; add one `{"name"}` |
| GET `/__sim/people/{id}` | the person and the chat |
| POST `/__sim/people/{id}/{action}` | act as that person; JSON, or a form with a `file` |
| POST `/__sim/events` | a raw webhook call, however wrong (see the provider) |

Errors: 400 `{"error": text}` in Vietnamese.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aiohttp import web

from integrations.simulation.errors import ControlError
from integrations.simulation.journal import CONTROL
from integrations.simulation.people import Upload, Wish

if TYPE_CHECKING:
    from integrations.simulation.simulator import Simulator

PAGE = Path(__file__).parent / "page"
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    # Pictures may lie with the hotline that is being tried out
    " img-src 'self' data: http://127.0.0.1:* http://localhost:*; media-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
LOOPBACK = ("127.0.0.1", "localhost")
HEARTBEAT_SECONDS = 15
LONGEST_NAME = 60

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The control API's errors as JSON; and no web page from elsewhere can use it: its Host or Origin is not ours."""
    origin = request.headers.get("Origin")
    named = urlsplit(f"//{request.host}").hostname
    if named not in LOOPBACK or (origin is not None and origin != f"http://{request.host}"):
        return web.json_response({"error": "Chỉ dùng được trên máy này."}, status=403)
    try:
        return await handler(request)
    except ControlError as error:
        return web.json_response({"error": str(error)}, status=400)


def routes(simulator: Simulator[Any]) -> list[web.RouteDef]:
    """All of the above, for one simulator."""
    control = _Control(simulator)
    return [
        web.get("/", control.page),
        web.get("/page/{asset}", control.asset),
        web.get("/__sim/state", control.state),
        web.get("/__sim/abilities", control.abilities),
        web.get("/__sim/account", control.account),
        web.get("/__sim/journal", control.journal),
        web.get("/__sim/live", control.live),
        web.get("/__sim/faults", control.faults),
        web.post("/__sim/faults", control.arm),
        web.delete("/__sim/faults", control.clear),
        web.post("/__sim/clock", control.clock),
        web.post("/__sim/switches", control.switches),
        web.post("/__sim/webhook", control.webhook),
        web.get("/__sim/people", control.people),
        web.post("/__sim/people", control.add_person),
        web.get("/__sim/people/{id}", control.person),
        web.post("/__sim/people/{id}/{action}", control.act),
        web.post("/__sim/events", control.event),
        web.get("/__sim/media/{key}/{name}", simulator.media.answer),
    ]


class _Control:
    def __init__(self, simulator: Simulator[Any]) -> None:
        self.simulator = simulator

    async def page(self, _: web.Request) -> web.FileResponse:
        return web.FileResponse(PAGE / "index.html", headers=PAGE_HEADERS)

    async def asset(self, request: web.Request) -> web.FileResponse:
        name = request.match_info["asset"]
        if name not in {path.name for path in PAGE.iterdir() if path.suffix in (".js", ".css", ".svg")}:
            raise web.HTTPNotFound
        return web.FileResponse(PAGE / name, headers=PAGE_HEADERS)

    async def state(self, _: web.Request) -> web.Response:
        simulator = self.simulator
        return web.json_response(
            {
                "provider": simulator.provider,
                "now": simulator.clock.now().isoformat(),
                "switches": simulator.common_switches.described(),
                "faults": simulator.faults.as_json(),
                "webhook": simulator.deliverer.as_json(),
                "people": simulator.people.as_json(),
                "last": len(simulator.journal.entries),
            }
        )

    async def abilities(self, _: web.Request) -> web.Response:
        return web.json_response(dict(self.simulator.abilities()))

    async def account(self, _: web.Request) -> web.Response:
        return web.json_response(dict(self.simulator.account()))

    async def journal(self, request: web.Request) -> web.Response:
        after, limit = _count(request, "after"), _count(request, "limit")
        journal = self.simulator.journal
        return web.json_response({"entries": journal.after(after, limit or None), "last": len(journal.entries)})

    async def live(self, request: web.Request) -> web.StreamResponse:
        simulator, after, shown = self.simulator, _count(request, "after"), None
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await stream.prepare(request)
        while True:
            entries, people = simulator.journal.after(after), simulator.people.as_json()
            after += len(entries)
            events = [("journal", entry) for entry in entries]
            lines = [f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events]
            if people != shown:
                shown = people
                lines.append(f"event: people\ndata: {json.dumps(people)}\n\n")
            if lines:
                await stream.write("".join(lines).encode())
            elif not await simulator.pulse.wait(HEARTBEAT_SECONDS):
                await stream.write(b": alive\n\n")

    async def faults(self, _: web.Request) -> web.Response:
        return web.json_response({"faults": self.simulator.faults.as_json()})

    async def arm(self, request: web.Request) -> web.Response:
        fault = self.simulator.faults.arm(await _fields(request))
        self.simulator.journal.add(CONTROL, action="fault", fault=fault.kind.value)
        return await self.faults(request)

    async def clear(self, request: web.Request) -> web.Response:
        self.simulator.faults.clear()
        self.simulator.journal.add(CONTROL, action="no_faults")
        return await self.faults(request)

    async def clock(self, request: web.Request) -> web.Response:
        fields, clock = await _fields(request), self.simulator.clock
        try:
            if "now" in fields:
                now = datetime.fromisoformat(fields["now"])
                clock.set(now if now.tzinfo else now.replace(tzinfo=clock.timezone))
            else:
                clock.advance(timedelta(seconds=float(fields["advance_seconds"])))
        except (KeyError, TypeError, ValueError, OverflowError):
            raise ControlError("Cần advance_seconds (giây) hoặc now (ISO-8601).") from None
        self.simulator.journal.add(CONTROL, action="clock")
        return web.json_response({"now": clock.now().isoformat()})

    async def switches(self, request: web.Request) -> web.Response:
        fields = await _fields(request)
        self.simulator.common_switches.change(fields)
        self.simulator.journal.add(CONTROL, action="switches", switches=fields)
        return web.json_response({"switches": self.simulator.common_switches.described()})

    async def webhook(self, request: web.Request) -> web.Response:
        fields, deliverer = await _fields(request), self.simulator.deliverer
        if "url" in fields:
            if fields["url"] is not None and not str(fields["url"]).startswith(("http://", "https://")):
                raise ControlError("Địa chỉ webhook phải bắt đầu bằng http:// hoặc https://.")
            deliverer.url = fields["url"]
        if "enabled" in fields:
            deliverer.enabled = fields["enabled"] is True
        deliverer.changed()
        self.simulator.journal.add(CONTROL, action="webhook")
        return web.json_response(deliverer.as_json())

    async def people(self, _: web.Request) -> web.Response:
        return web.json_response({"people": self.simulator.people.as_json()})

    async def add_person(self, request: web.Request) -> web.Response:
        name = Wish(await _fields(request)).text("name").strip()
        if not 0 < len(name) <= LONGEST_NAME:
            raise ControlError(f"Tên cần từ 1 đến {LONGEST_NAME} ký tự.")
        person = self.simulator.new_person(name)
        self.simulator.journal.add(CONTROL, action="new_person", user=person.id)
        return web.json_response({"id": person.id, "name": person.name}, status=201)

    async def person(self, request: web.Request) -> web.Response:
        people = self.simulator.people
        person = people.find(request.match_info["id"])
        return web.json_response(
            {"id": person.id, "name": person.name, "status": person.status(), "chat": people.chat_json(person)}
        )

    async def act(self, request: web.Request) -> web.Response:
        person, name = self.simulator.people.find(request.match_info["id"]), request.match_info["action"]
        action = self.simulator.actions.get(name)
        if action is None:
            raise ControlError(f"Không có thao tác {name}.")
        outcome = dict(action(person, await _wish(request)))
        self.simulator.journal.add(CONTROL, action=name, user=person.id, **outcome)
        return web.json_response(outcome)

    async def event(self, request: web.Request) -> web.Response:
        self.simulator.raw_event(await _fields(request))
        self.simulator.journal.add(CONTROL, action="event")
        return web.json_response({})


def _count(request: web.Request, name: str) -> int:
    value = request.query.get(name, "0")
    if not (value.isascii() and value.isdecimal()):
        raise ControlError(f"{name} phải là số.")
    return int(value)


async def _fields(request: web.Request) -> dict[str, Any]:
    try:
        fields = await request.json()
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise ControlError("Cần một đối tượng JSON.")
    return fields


async def _wish(request: web.Request) -> Wish:
    if request.content_type != "multipart/form-data":
        return Wish(await _fields(request))
    form = await request.post()
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    upload = form.get("file")
    if not isinstance(upload, web.FileField):
        return Wish(fields)
    return Wish(fields, Upload(upload.filename, upload.content_type, upload.file.read()))
