"""`hotline zalo tokens` shows how the pair is, never the pair, and takes a new one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, update

from hotline.errors import Stop
from hotline.zalo_commands import tokens
from integrations.zalo.oauth import Pair
from integrations.zalo.tokens import replace_pair
from store.channel_tables import zalo_token
from store.crypto import Keyring
from store.database import Database, open_database
from store.migrate import migrate
from tests.conftest import NOW, SECRET

ACCESS, REFRESH = "access-token-of-the-tests", "refresh-token-of-the-tests"


@pytest.fixture
def kept(tmp_path: Path, keyring: Keyring, clock, monkeypatch) -> Database:
    """The database of the commands; one engine is enough, their statements are the store's."""
    url = f"sqlite:///{tmp_path / 'own.db'}"
    for name, value in {
        "HOTLINE_DATABASE_URL": url,
        "HOTLINE_SECRET_KEY": SECRET,
        "HOTLINE_NOW": NOW.isoformat(),
    }.items():
        monkeypatch.setenv(name, value)
    made = Database(url)
    migrate(made)
    made.close()
    opened = open_database(url, keyring, clock)
    yield opened
    opened.close()


def run(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(tokens, arguments, input=typed)


def stopped(*arguments: str, typed: str = "") -> str:
    result = run(*arguments, typed=typed)
    assert isinstance(result.exception, Stop)
    return str(result.exception)


def stored(database: Database) -> tuple[str, str, str | None]:
    row = database.read_now(lambda c: c.execute(select(zalo_token)).one())
    return row.access, row.refresh, row.trouble


def test_without_a_pair_it_says_how_to_get_one(kept):
    assert "hotline zalo tokens --paste" in stopped()


def test_it_shows_age_end_and_trouble_and_no_token(kept):
    kept.run_now(lambda c: replace_pair(c, Pair(ACCESS, REFRESH), NOW - timedelta(days=80)))
    kept.run_now(lambda c: c.execute(update(zalo_token).values(trouble="refused")) and None)
    output = run().output
    assert "80 ngày tuổi; đã lâu không đổi" in output
    assert "(đã hết hạn)" in output
    assert "cần dán cặp mã mới" in output
    assert ACCESS not in output
    assert REFRESH not in output


def test_a_fresh_pair_has_no_trouble(kept):
    output = run("--access", ACCESS, "--refresh", REFRESH).output
    assert "dùng được đến 10:00 ngày 24/11/2026." in output
    assert "0 ngày tuổi." in output
    assert "Trục trặc: không có." in output


@pytest.mark.parametrize(
    ("arguments", "typed"),
    [
        (("--access", ACCESS, "--refresh", REFRESH), ""),
        (("--paste",), f"{ACCESS}\n{REFRESH}\n"),
        (("--access", ACCESS), f"  {REFRESH}\n"),
    ],
)
def test_a_pasted_pair_takes_the_place_of_the_old_one_and_ends_its_trouble(kept, arguments, typed):
    kept.run_now(lambda c: replace_pair(c, Pair("old", "old too"), NOW))
    kept.run_now(lambda c: c.execute(update(zalo_token).values(trouble="refused")) and None)
    result = run(*arguments, typed=typed)
    assert result.exit_code == 0
    assert stored(kept) == (ACCESS, REFRESH, None)
    assert ACCESS not in result.output
    assert REFRESH not in result.output


@pytest.mark.parametrize(("access", "refresh"), [("short", REFRESH), (ACCESS, "short"), (ACCESS, ACCESS)])
def test_what_is_no_pair_changes_nothing(kept, access, refresh):
    kept.run_now(lambda c: replace_pair(c, Pair("old", "old too"), NOW))
    assert "chép lại cả hai" in stopped("--access", access, "--refresh", refresh)
    assert stored(kept)[0] == "old"
