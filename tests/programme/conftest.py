"""A typed text read as the bot reads it: the gazetteer finds, the directory says what is meant; channels to join."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from nlu.components.commune_finder import CommuneFinder
from programme.communes import CommuneDirectory, Mention, Resolution
from programme.content import Content
from store.clock import ManualClock
from store.crypto import Keyring
from store.database import Database
from tests.programme.channels import Channels

Understand = Callable[..., Resolution]
WORD_LISTS = Path(__file__).parents[2] / "nlu/data/everyday_words.yml"


def word_list(name: str) -> list[str]:
    tables = {table["lookup"]: table["examples"] for table in yaml.safe_load(WORD_LISTS.read_text("utf-8"))["nlu"]}
    return [line.removeprefix("- ").strip() for line in tables[name].splitlines()]


@pytest.fixture(scope="session")
def communes(content: Content) -> CommuneDirectory:
    return content.communes


@pytest.fixture(scope="session")
def understand(content: Content) -> Understand:
    finder = CommuneFinder(
        content.communes.lookup_examples(),
        [name for p in content.packs.provinces_of_vietnam for name in (p.name, *p.former, *p.also)],
        word_list("everyday_word"),
        word_list("before_other_name"),
    )

    def read(text: str, province: str = "thai-nguyen") -> Resolution:
        mentions = [Mention(found.value, found.start, found.end) for found in finder.find(text)]
        return content.communes.resolve_all(mentions, text, province)

    return read


@pytest.fixture
def channels(database: Database, keyring: Keyring, clock: ManualClock, content: Content) -> Channels:
    return Channels(database, keyring, clock, content)
