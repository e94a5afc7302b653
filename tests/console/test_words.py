from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.baton import Reason
from bot.data_requests import CAME_BY, IDENTITIES, KINDS
from bot.officer_voice import SCORES
from console import templating
from console.context import ConsoleContext
from console.queue import View
from console.words import load_words
from programme.yaml_source import ContentError
from store.messages import Kind

ROOT = Path(templating.__file__).parent
SAID = re.compile(r"\bsay\(\s*[\"']([a-z_]+\.[a-z_0-9]*)[\"']")
# What a row of the database may hold, by the words that are said of it.
OF_ROWS = {
    "reason": list(Reason),
    "attached": list(Kind),
    "csat": SCORES,
    "queue.view": list(View),
    "queue.empty": list(View),
    "delivery": "waiting sending sent delivered seen held uncertain failed settled".split(),
    "channel": "zalo telegram webchat email terminal".split(),
    "escalation": "returned closed withdrawn".split(),
    "consent": "survey vendor_contact vendor_contact_asked vendor_contact_other domain_reminder class".split(),
    "data.kind": KINDS,
    "data.stage": "proof confirm officer erasing".split(),
    "data.status": "done refused withdrawn".split(),
    "data.came_by": ("chat", *CAME_BY),
    "data.identity": ("conversation", "phone_digits", "shop_name", *IDENTITIES),
    "who": "owner bot officer note".split(),
}


def test_every_word_that_a_page_says_is_there(context: ConsoleContext) -> None:
    files = [*ROOT.rglob("*.html"), *ROOT.rglob("*.py")]
    said = {key for file in files for key in SAID.findall(file.read_text())}
    assert len(said) > 200
    known = set(context.words.texts)
    # What ends with "_" or "." is put together with a code: something must begin with it
    assert [key for key in said if key not in known and not _begins(key, known)] == []


def _begins(key: str, known: set[str]) -> bool:
    return key.endswith(("_", ".")) and any(one.startswith(key) for one in known)


@pytest.mark.parametrize("of", list(OF_ROWS))
def test_whatever_a_row_holds_can_be_said(context: ConsoleContext, of: str) -> None:
    joint = "_" if of in ("queue.view", "queue.empty") or of.startswith("data.") else "."
    assert {f"{of}{joint}{value}" for value in OF_ROWS[of]} - set(context.words.texts) == set()


@pytest.mark.parametrize(
    "text",
    [
        "words: {a.b: {vi: x}}",
        "words: {a.b: {vi: 'x {name}', en: x}}",
        "words: {a.b: {vi: x, en: x, fr: x}}",
    ],
)
def test_half_a_translation_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "words.yaml").write_text(text)
    with pytest.raises(ContentError):
        load_words(tmp_path)


def test_a_word_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("words: {a.b: {vi: x, en: x}}")
    with pytest.raises(ContentError, match="đã có"):
        load_words(tmp_path)
