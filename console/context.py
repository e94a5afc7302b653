"""What the console's routes need, made once by the composition (hotline/app.py)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request

from bot.files import Files
from bot.model_switch import ModelSwitch
from bot.wakeups import Wakeups
from console.login_limits import LoginLimits
from console.words import Words
from integrations.provider import Provider
from programme.content import Content
from programme.training_examples import TrainingExamples
from store.clock import Clock
from store.crypto import Keyring
from store.database import Database


@dataclass(frozen=True)
class ConsoleContext:
    """`province`: the pack of this hotline. `public_url`: the address people type, if it is known.

    `open_streams`: how many event streams each account reads from this process. `carries`: the kinds of bulk messages
    that each SMS gateway with an account takes, by its name.
    """

    database: Database
    clock: Clock
    keyring: Keyring
    wakeups: Wakeups
    content: Content
    providers: Mapping[str, Provider]
    files: Files
    province: str
    words: Words
    switch: ModelSwitch
    examples: TrainingExamples
    public_url: str | None = None
    carries: Mapping[str, frozenset[str]] = field(default_factory=dict)
    login_limits: LoginLimits = field(default_factory=LoginLimits)
    open_streams: Counter[int] = field(default_factory=Counter)


def console_context(request: Request) -> ConsoleContext:
    """The context of the app that serves `request`."""
    context: ConsoleContext = request.app.state.context
    return context
