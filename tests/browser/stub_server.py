"""A stand-in for the web chat's server, so that the page is tested by itself: the HTTP protocol, messages in memory.

It can be stopped and started again on the same port with what it remembers, refuse messages, forget its tokens
and fall silent. It understands nothing and answers only what a test tells it to.
"""

import asyncio
import html
import json
import socket
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.web.policy import page_policy
from integrations.webchat.client import EMBED_SCRIPT

PAGE = Path(__file__).parents[2] / "integrations" / "webchat" / "page"
HEADERS = {
    "Content-Security-Policy": page_policy(),
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
}
MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
HEARTBEAT_SECONDS = 15
FIRST_MOMENT = datetime(2026, 11, 23, 7, 5, tzinfo=UTC)

Message = dict[str, Any]


@dataclass
class Conversation:
    """What one browser said and was told, in order; `seq` counts from 1."""

    token: str
    messages: list[Message] = field(default_factory=list)
    pictures: list[bytes] = field(default_factory=list)

    def add(self, direction: str, **content: Any) -> Message:
        """Appends a message; each is three minutes younger than the one before."""
        seq = len(self.messages) + 1
        at = (FIRST_MOMENT + timedelta(minutes=3 * seq)).isoformat()
        empty = {"id": None, "text": "", "buttons": [], "sources": [], "image": None, "by": "bot", "at": at}
        message = {**empty, "seq": seq, "direction": direction, **content}
        self.messages.append(message)
        return message


@dataclass
class Refusal:
    """The answer to one message or picture that is not 202; `detail` None: a body of somebody else."""

    status: int
    code: str = "refused"
    detail: str | None = "Không được ạ."
    headers: dict[str, str] = field(default_factory=dict)
    loses_answer: bool = False  # the message is kept and only the answer fails, as when a connection breaks too late


class StubServer:
    """One server on the loopback in its own thread. Tests read `posts` and `conversations` and call `say`."""

    def __init__(self, province: str = "Thái Nguyên") -> None:
        self.province = province
        self.framed_by: tuple[str, ...] = ()
        """Origins of the pages that may show the chat."""
        self.conversations: dict[str, Conversation] = {}
        self.posts: list[tuple[str, int]] = []
        """Every message or picture that was sent, as (message id, status answered)."""
        self.stream_starts: list[int] = []
        """The `after` of every event stream that was opened."""
        self.refusals: deque[Refusal] = deque()
        self.answer: Callable[[Message], list[Message]] = lambda message: []
        self.silent = False
        self._port = 0
        self._made = 0
        self._known: set[str] = set()
        self._waiting: set[asyncio.Event] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._stopping = False

    # ---- life -----------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/"

    def start(self) -> None:
        """Listens; a second start uses the same port, with everything remembered."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self._port))
        self._port = listener.getsockname()[1]
        self._stopping = False
        config = uvicorn.Config(self._app(), log_config=None, lifespan="off", ws="none", timeout_graceful_shutdown=1)
        self._server = _Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()
        assert self._server.has_started.wait(10), "the stand-in server did not start"
        self._loop = self._server.loop

    def stop(self) -> None:
        """Ends every stream and stops listening; what was said is kept for the next start."""
        assert self._server is not None and self._thread is not None
        self._stopping = True
        self._server.should_exit = True
        self._wake()
        self._thread.join(10)
        assert not self._thread.is_alive(), "the stand-in server did not stop"

    # ---- what a test makes happen ---------------------------------------------------------------------------

    @property
    def conversation(self) -> Conversation:
        """The newest conversation."""
        return list(self.conversations.values())[-1]

    @property
    def accepted(self) -> list[str]:
        """What was accepted from the owner, in order: texts and payloads of all conversations."""
        return [
            message["text"]
            for conversation in self.conversations.values()
            for message in conversation.messages
            if message["direction"] == "in"
        ]

    def say(self, text: str, **content: Any) -> None:
        """Sends a message to the owner of the newest conversation."""
        self.conversation.add("out", text=text, **content)
        self._wake()

    def remember(self) -> Conversation:
        """A new conversation made without the page."""
        self._made += 1
        conversation = Conversation(f"token-{self._made}")
        self.conversations[conversation.token] = conversation
        self._known.add(conversation.token)
        return conversation

    def forget_tokens(self) -> None:
        """From now on every token given so far is unknown; what was said stays in `conversations`. Streams end."""
        self._known.clear()
        self._wake()

    def _wake(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(lambda: [event.set() for event in self._waiting])

    # ---- the protocol ---------------------------------------------------------------------------------------

    def _app(self) -> Starlette:
        files = [
            Route(f"/webchat/{path.name}", self._file(path, MEDIA_TYPES[path.suffix]))
            for path in PAGE.iterdir()
            if path.suffix in MEDIA_TYPES
        ]
        return Starlette(
            routes=[
                Route("/", self._page),
                Route("/webchat/embed.js", self._embed_script),
                *files,
                Route("/webchat/conversations", self._create, methods=["POST"]),
                Route("/webchat/messages", self._receive_message, methods=["POST"]),
                Route("/webchat/attachments", self._receive_picture, methods=["POST"]),
                Route("/webchat/attachments/{number:int}", self._show_picture),
                Route("/webchat/events", self._events),
            ]
        )

    def _file(self, path: Path, media_type: str) -> Callable[[Request], Response]:
        return lambda request: FileResponse(path, media_type=media_type, headers=HEADERS)

    def _page(self, request: Request) -> Response:
        template = (PAGE / "index.html").read_text(encoding="utf-8")
        policy = page_policy(self.framed_by if request.query_params.get("embed") == "1" else ())
        headers = {**HEADERS, "Content-Security-Policy": policy}
        return HTMLResponse(template.replace("{{ province }}", html.escape(self.province)), headers=headers)

    def _embed_script(self, request: Request) -> Response:
        headers = {**HEADERS, "Access-Control-Allow-Origin": "*"}
        return FileResponse(EMBED_SCRIPT, media_type="text/javascript", headers=headers)

    async def _create(self, request: Request) -> Response:
        conversation = self.remember()
        response = JSONResponse({"token": conversation.token}, status_code=201)
        response.set_cookie("hotline_webchat", conversation.token, httponly=True, samesite="strict")
        return response

    async def _receive_message(self, request: Request) -> Response:
        return self._receive(request, await request.json(), None)

    async def _receive_picture(self, request: Request) -> Response:
        return self._receive(request, {"id": request.query_params["id"], "text": ""}, await request.body())

    async def _show_picture(self, request: Request) -> Response:
        conversation = self.conversations.get(_token_of(request))
        if conversation is None:
            return JSONResponse({"code": "token_unknown"}, 401, media_type="application/problem+json")
        return Response(conversation.pictures[request.path_params["number"]], media_type="image/png", headers=HEADERS)

    def _receive(self, request: Request, body: Message, picture: bytes | None) -> Response:
        token = _token_of(request)
        if token not in self._known:
            return self._refuse(body["id"], Refusal(401, "token_unknown", "Không nhận ra cuộc trò chuyện."))
        refusal = self.refusals.popleft() if self.refusals else None
        if refusal is not None and not refusal.loses_answer:
            return self._refuse(body["id"], refusal)
        conversation = self.conversations[token]
        earlier = next((old for old in conversation.messages if old["id"] == body["id"]), None)
        message = earlier or self._take(conversation, body, picture)
        if refusal is not None:
            return self._refuse(body["id"], refusal)
        self.posts.append((body["id"], 202))
        answer = {"id": body["id"], "seq": message["seq"], "duplicate": earlier is not None}
        return JSONResponse(answer, status_code=202)

    def _take(self, conversation: Conversation, body: Message, picture: bytes | None) -> Message:
        text, pictures = body.get("text", body.get("payload")), []
        if picture is not None:
            pictures = [f"/webchat/attachments/{len(conversation.pictures)}"]
            conversation.pictures.append(picture)
        message = conversation.add("in", id=body["id"], text=text, by="owner", pictures=pictures)
        for reply in self.answer(message):
            conversation.add("out", **reply)
        for event in self._waiting:
            event.set()
        return message

    def _refuse(self, message_id: str, refusal: Refusal) -> Response:
        self.posts.append((message_id, refusal.status))
        if refusal.detail is None:
            return HTMLResponse("<h1>Bad gateway</h1>", status_code=refusal.status, headers=refusal.headers)
        problem = {
            "type": "about:blank",
            "title": "Lỗi",
            "status": refusal.status,
            "code": refusal.code,
            "detail": refusal.detail,
        }
        return JSONResponse(problem, refusal.status, refusal.headers, "application/problem+json")

    async def _events(self, request: Request) -> Response:
        token = _token_of(request)
        if token not in self._known:
            return JSONResponse({"code": "token_unknown"}, 401, media_type="application/problem+json")
        after = int(request.query_params.get("after", "0"))
        self.stream_starts.append(after)
        return StreamingResponse(self._stream(token, after), media_type="text/event-stream", headers=HEADERS)

    async def _stream(self, token: str, after: int) -> AsyncIterator[str]:
        news = asyncio.Event()
        self._waiting.add(news)
        conversation = self.conversations[token]
        is_replay = True
        try:
            while not self._stopping and token in self._known:
                for message in list(conversation.messages[after:]):
                    if not self.silent:
                        yield f"id: {message['seq']}\nevent: message\ndata: {json.dumps(message)}\n\n"
                        after = message["seq"]
                if is_replay:
                    yield "event: ready\ndata: {}\n\n"
                is_replay = False
                if not await _happens(news) and not self.silent:
                    yield ": heartbeat\n\n"
        finally:
            self._waiting.discard(news)


def _token_of(request: Request) -> str:
    """The page sends it with everything: inside another site's page no cookie would come."""
    return request.headers.get("Authorization", "").removeprefix("Bearer ")


class _Server(uvicorn.Server):
    """Says when it listens, so that nobody has to poll."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.has_started = threading.Event()
        self.loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.loop = asyncio.get_running_loop()
        self.has_started.set()


async def _happens(event: asyncio.Event) -> bool:
    """True when the event happened, False when it was time for a heartbeat."""
    try:
        await asyncio.wait_for(event.wait(), HEARTBEAT_SECONDS)
    except TimeoutError:
        return False
    event.clear()
    return True
