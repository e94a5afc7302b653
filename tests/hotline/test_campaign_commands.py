"""`hotline campaign simulate`: what is refused before anything is written, and what it says at its end."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Connection, insert

from hotline.cli import main
from hotline.simulated_campaign import outside_hours
from programme.bulk_law import MessageKind
from programme.campaign_file import read_campaign_file
from programme.content import Content
from store.campaign_tables import link_click
from store.clock import ManualClock
from store.contacts import Contacts
from store.crypto import Keyring
from store.database import Database
from tests.conftest import NOW, SECRET
from tests.hotline.commands import hotline
from tests.programme.campaigning import new_recipient, new_run

ACCOUNT = {"ESMS_API_KEY": "key", "ESMS_SECRET_KEY": "secret", "ESMS_BRANDNAME": "HOTLINE"}
HERE = {**ACCOUNT, "ESMS_API_URL": "http://127.0.0.1:9"}


def campaign(folder: Path, **fields: Any) -> str:
    said = {"kind": "customer_care", "text": "Chào {{ name }}", "gateway": "esms", "audience": {"count": 3}, **fields}
    path = folder / "campaign.json"
    path.write_text(json.dumps(said))
    return str(path)


@pytest.mark.parametrize(
    ("code", "fields", "settings"),
    [
        ("kind_not_carried", {"kind": "advertising"}, HERE),
        ("variable_unknown", {"text": "Chào {{ ten }}"}, HERE),
        ("audience_empty", {"audience": {"count": 0}}, HERE),
        ("gateway_not_configured", {}, {}),
        ("gateway_not_loopback", {}, ACCOUNT),
        ("gateway_not_loopback", {}, {**ACCOUNT, "ESMS_API_URL": "http://127.0.0.1.example.com"}),
        ("gateway_not_loopback", {}, {**ACCOUNT, "ESMS_API_URL": "http://10.0.0.7:80"}),
    ],
)
def test_what_cannot_be_tried_is_refused_by_its_code_and_leaves_nothing(
    tmp_path: Path, code: str, fields: dict[str, Any], settings: dict[str, str]
) -> None:
    database = tmp_path / "own.db"
    where = {"HOTLINE_DATABASE_URL": f"sqlite:///{database}"}
    done = hotline("campaign", "simulate", campaign(tmp_path, **fields), "--json", **settings, **where)
    assert done.returncode == 1 and done.stdout == b""
    assert done.stderr.decode().startswith(f"hotline: {code}: ")
    assert not database.exists()


def test_a_csv_without_its_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("phone,name\n0912345678,An\n")
    done = hotline("campaign", "simulate", campaign(tmp_path, audience={"csv": "people.csv"}), "--json", **HERE)
    assert done.returncode == 1 and b"columns_missing: " in done.stderr


@pytest.mark.parametrize(
    ("kind", "at", "waits"),
    [
        ("advertising", "22:30", True),
        ("advertising", "10:00", False),
        ("customer_care", "06:00", True),
        ("state_notice", "10:00", False),
    ],
)
def test_who_starts_outside_the_hours_is_told_why_nothing_happens(
    tmp_path: Path, content: Content, kind: str, at: str, waits: bool
) -> None:
    clock = ManualClock(datetime.fromisoformat(f"2026-11-23T{at}:00+07:00"))
    kinds = dict.fromkeys(("simulator",), frozenset(MessageKind))
    file = read_campaign_file(Path(campaign(tmp_path, kind=kind, gateway="simulator")), kinds, clock.timezone)
    told = outside_hours(file, content, clock)
    assert (told is not None) is waits
    assert told is None or "Ngoài giờ được gửi" in told


def test_after_its_deadline_nobody_is_called_and_everybody_is_accounted_for(tmp_path: Path, database_url: str) -> None:
    file = campaign(tmp_path, deadline="2026-11-23T08:59:00+07:00")
    settings = {**HERE, "HOTLINE_NOW": "2026-11-23T09:00:00+07:00", "HOTLINE_DATABASE_URL": database_url}
    for _ in range(2):  # the second start finds the first's campaign
        done = hotline("campaign", "simulate", file, "--json", **settings)
        assert done.returncode == 0, done.stderr.decode()
        said = json.loads(done.stdout)
        assert said.pop("seconds") >= 0
        assert said == {
            "prepared": 3,
            "accepted": 0,
            "delivered": 0,
            "failed": {},
            "skipped": {"too_late": 3},
            "uncertain": 0,
            "per_second": 0.0,
        }
    done = hotline("campaign", "simulate", file, **settings)
    assert "Người nhận: 3" in done.stdout.decode() and "too_late: 3" in done.stdout.decode()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_a_campaign_brought_is_a_report(database: Database, database_url: str, keyring: Keyring) -> None:
    def work(connection: Connection) -> None:
        who = Contacts(connection, keyring).add(NOW)
        row = new_recipient(connection, new_run(connection, NOW), who, None, tried_at=NOW)
        click = {"link": "campaign", "run_id": 1, "recipient_id": row, "province": "thai-nguyen", "at": NOW}
        connection.execute(insert(link_click), [click, click])

    database.run_now(work)

    def run(*arguments: str) -> Result:
        environment = {"HOTLINE_DATABASE_URL": database_url, "HOTLINE_SECRET_KEY": SECRET}
        return CliRunner().invoke(main, ["report", "campaign", *arguments], env=environment)

    printed = run("1", "--results")
    assert printed.exit_code == 0, printed.output
    (line,) = csv.DictReader(io.StringIO(printed.stdout_bytes.decode("utf-8-sig")))
    assert (line["Nội dung"], line["Số người nhận"], line["Người mở liên kết"], line["Lượt mở"]) == ("A", "1", "1", "2")
    ledger = csv.DictReader(io.StringIO(run("1").stdout_bytes.decode("utf-8-sig")))
    assert [one["Lượt mở liên kết"] for one in ledger] == ["2"]
    assert run("7", "--results").exit_code == 1
