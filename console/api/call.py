"""One call of a partner's program: whose it is, what it may, and changes made once, however often they are sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import Header, Request
from pydantic import BaseModel
from sqlalchemy import Connection
from starlette.responses import Response

from console import api_tokens
from console.api.context import ApiContext, api_context
from console.api.problems import ApiProblem, scope_missing, token_invalid
from console.api_tokens import ApiScope, ApiToken
from programme.lead_steps import Scope
from store import api_answers
from store.api_answers import CallDiffers, CallRunning, KeptAnswer
from store.audit import record

T = TypeVar("T")
Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        description="Yours to choose, one for each change (a UUID, say). The same call with the same key within 24"
        " hours changes nothing more and gets the same answer, with `Idempotency-Replayed: true`.",
        pattern=r"^[!-~]{1,255}$",
        examples=["0198c1de-4f0e-7f9a-9d52-3a4f5c1b2e77"],
    ),
]


@dataclass(frozen=True)
class Note:
    """A row of the audit log: numbers and codes only."""

    action: str
    object: str
    detail: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Answer:
    """What a change is answered with. Names nobody: it is kept for a day, and a consent may end before that."""

    body: BaseModel
    note: Note | None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """`now`: when it came."""

    context: ApiContext
    token: ApiToken
    request: Request
    now: datetime

    @property
    def leads(self) -> Scope:
        """Whose leads the token opens."""
        return Scope(self.context.province, self.token.grant.vendor, self.token.grant.communes)

    async def read(self, work: Callable[[Connection], tuple[T, Note | None]]) -> T:
        """Run `work`, which reads what names people, and record what it says that was seen."""

        def transaction(connection: Connection) -> T:
            self._check_token(connection)
            found, note = work(connection)
            self._record(connection, note)
            return found

        return await self.context.database.run(transaction)

    async def change(self, key: str, work: Callable[[Connection], Answer]) -> Response:
        """Make a change, or give the answer that it had. Raises ApiProblem 409 call_running, 422 key_used_otherwise."""
        running, held = self.context.running, (self.token.id, key)
        if held in running:
            raise _running()
        call_hash = await self._hash()
        running.add(held)
        try:
            kept, is_new = await self.context.database.run(lambda c: self._once(c, key, call_hash, work))
        except CallRunning:
            raise _running() from None
        except CallDiffers:
            words = "Idempotency-Key này đã dùng cho một lời gọi khác. Mỗi thay đổi mới cần một khóa mới."
            raise ApiProblem(422, "key_used_otherwise", words) from None
        finally:
            running.discard(held)
        headers = kept.headers if is_new else {**kept.headers, "Idempotency-Replayed": "true"}
        return Response(kept.body, kept.status, headers, media_type="application/json")

    def _once(
        self, connection: Connection, key: str, call_hash: bytes, work: Callable[[Connection], Answer]
    ) -> tuple[KeptAnswer, bool]:
        self._check_token(connection)
        api_answers.hold(connection, self.token.id, key)
        kept = api_answers.find(connection, self.token.id, key, call_hash, self.now)
        if kept is not None:
            return kept, False
        answer = work(connection)
        kept = KeptAnswer(answer.status, answer.headers, answer.body.model_dump_json())
        api_answers.keep(connection, self.token.id, key, call_hash, kept, self.now)
        self._record(connection, answer.note)
        return kept, True

    async def _hash(self) -> bytes:
        request = self.request
        said = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await request.body()
        return self.context.keyring.hash(said.hex(), "api_call")

    def _check_token(self, connection: Connection) -> None:
        """It may have been revoked since the door. Raises ApiProblem 401."""
        if not api_tokens.still_opens(connection, self.token.id, self.now):
            raise token_invalid()

    def _record(self, connection: Connection, note: Note | None) -> None:
        if note is not None:
            keyring, actor = self.context.keyring, self.token.actor
            record(connection, keyring, self.now, actor, note.action, note.object, note.detail)


def calls(scope: ApiScope | None = None) -> Callable[[Request], Call]:
    """A dependency: the call, whose token has this scope. Raises ApiProblem 403 insufficient_scope."""

    def door(request: Request) -> Call:
        context, token = api_context(request), request.state.api_token
        if scope is not None and scope not in token.grant.scopes:
            raise scope_missing(scope)
        return Call(context, token, request, context.clock.now())

    door.scope = scope  # type: ignore[attr-defined]
    return door


def _running() -> ApiProblem:
    words = "Lời gọi trước với cùng Idempotency-Key còn đang chạy. Anh/chị đợi một giây rồi gửi lại y như cũ."
    return ApiProblem(409, "call_running", words, {"Retry-After": "1"})
