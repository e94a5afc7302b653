"""The real bot, once for all tests of this folder: real model, real Rasa service, real content, own database."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import structlog

from bot.dialogue import TurnResult
from hotline import conversing
from hotline.conversing import Terminal, running_bot
from programme.content import Content
from store.clock import ManualClock
from store.settings import load_settings
from tests.conftest import NOW, SECRET

# The clock of these tests stands still, so a turn that fails is never retried: each gets the time it needs.
conversing.PATIENCE_SECONDS = 10
ENOUGH_SECONDS = 9.0


@pytest.fixture(autouse=True)
def _logs_stay_the_suites(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that runs in this process sets how a process logs; the tests after it must not feel it."""
    monkeypatch.setattr(structlog, "configure", lambda **_: None)
    monkeypatch.setattr(logging.getLogger(), "handlers", [*logging.getLogger().handlers])


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def terminal(content: Content, model: Path) -> AsyncIterator[Terminal]:
    settings = load_settings(secret_key=SECRET, _env_file=None)
    async with running_bot(settings, content, model, ManualClock(NOW)) as bot:
        turn = bot.hotline.dialogue.turn

        async def patient(*asked: Any) -> TurnResult:
            return await turn(*asked[:-1], ENOUGH_SECONDS)

        bot.hotline.dialogue.turn = patient  # type: ignore[method-assign]
        yield bot
