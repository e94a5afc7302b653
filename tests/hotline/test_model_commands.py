"""`hotline models`: which there are, another one answers, and what cannot be is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from hotline.models import archive_of, release_of
from programme import trained_models
from programme.content import Content
from store.console_tables import audit_log
from store.database import Database
from tests.conftest import NOW
from tests.hotline.commands import hotline


def test_an_operator_goes_back_to_the_model_before_and_chooses_another(
    database: Database, database_url: str, content: Content, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.models.MODELS", tmp_path)
    here, release = {"HOTLINE_DATABASE_URL": database_url}, release_of(content)

    def said(*arguments: str, fails: bool = False) -> str:
        done = hotline("models", *arguments, **here)
        assert (done.returncode != 0) is fails, done
        return (done.stderr if fails else done.stdout).decode()

    assert "Chưa có mô hình nào" in said("list")
    assert "Chưa có mô hình nào trước đó" in said("rollback", fails=True)
    for name, is_ready in (("good", True), ("bad", False)):
        for file in (archive_of(name), Path(f"{archive_of(name)}.sha256")):
            file.touch()
        database.run_now(lambda c, n=name, r=is_ready: trained_models.add(c, n, release, [1], r, {}, NOW))  # type: ignore[misc]
    database.run_now(lambda c: trained_models.settle(c, release, lambda _: True, NOW))

    assert "good trả lời từ bây giờ" in said("activate", "good", "--by", "Lan")
    assert "đang trả lời rồi" in said("activate", "good")
    assert "* good" in said("list")
    assert "bị chặn" in said("activate", "bad", fails=True)
    assert "Không còn tệp" in said("activate", "none", fails=True)
    for file in (archive_of(release), Path(f"{archive_of(release)}.sha256")):
        file.touch()
    assert f"{release} trả lời từ bây giờ" in said("rollback", "--by", "Lan")
    rows = database.read_now(lambda c: c.execute(select(audit_log.c.actor, audit_log.c.object)).all())
    assert [tuple(row) for row in rows] == [("Lan", "model good"), ("Lan", f"model {release}")]
