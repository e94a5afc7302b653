"""`hotline campaign simulate`: what is refused before anything is written, and what it says at its end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.hotline.commands import hotline

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
