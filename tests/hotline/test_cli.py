"""The commands of the contract, run as a script would run them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hotline.app import read_content
from hotline.errors import Stop
from hotline.paths import ROOT, VAR, forgotten_path
from programme.content import CONTENT_ROOT
from store.settings import load_settings
from tests.conftest import SECRET
from tests.hotline import commands

HOTLINE = [str(Path(sys.executable).with_name("hotline"))]


def hotline(*arguments: str, stdin: str | bytes = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*HOTLINE, *arguments],
        cwd=ROOT,
        env={**os.environ, "HOTLINE_SECRET_KEY": SECRET, **environment},
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        timeout=120,
        check=False,
    )


def test_ask_prints_one_object_per_line_in_order(model: Path) -> None:
    done = hotline("ask", "--json", stdin="xã Tân Cương bên nào hỗ trợ\n\ngặp cán bộ\ncảm ơn em")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [answer["text"] for answer in answers] == ["xã Tân Cương bên nào hỗ trợ", "", "gặp cán bộ", "cảm ơn em"]
    first = answers[0]
    assert set(first) == {"text", "replies", "intent", "confidence", "entities", "sources", "escalated", "ms"}
    assert set(first["replies"][0]) == {"text", "buttons", "image"}
    assert first["entities"] == [{"entity": "commune", "value": "Tân Cương", "start": 0, "end": 12}]
    assert first["sources"][0]["document"] == "Kế hoạch 148/KHPH-BKHCN-UBND"
    assert set(first["sources"][0]) == {"document", "article", "url"}
    assert [answer["escalated"] for answer in answers] == [False, True, True, False]
    assert all(answer["ms"] > 0 for answer in answers)


def test_ask_answers_as_of_the_given_day_and_province(model: Path) -> None:
    question = "chương trình chuyển đổi số cho cửa hàng là gì vậy"
    march = hotline("ask", "--json", "--now", "2026-03-15", stdin=question + "\n")
    november = hotline("ask", "--json", "--now", "2026-11-23T09:00:00+07:00", stdin=question + "\n")
    assert "30/6/2026" not in march.stdout.decode()
    assert "30/6/2026" in november.stdout.decode()
    thanh_hoa = hotline("ask", "--json", "--province", "thanh_hoa", stdin="phường Hạc Thành bên nào hỗ trợ\n")
    assert "chưa có bảng giao" in thanh_hoa.stdout.decode()


def test_converse_keeps_all_lines_in_one_conversation(model: Path) -> None:
    done = hotline("converse", "--json", stdin="van lang ai ho tro\n2\ngặp cán bộ\ncảm ơn\n")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert "MISA eShop" in answers[1]["replies"][0]["text"]
    assert answers[3]["replies"] == []
    assert answers[3]["escalated"] is True


def test_chat_numbers_its_buttons(model: Path) -> None:
    done = hotline("chat", stdin="chào em\n4\n")
    said = done.stdout.decode()
    assert "[1] Ai hỗ trợ xã, phường tôi?" in said
    assert "(Nguồn: Kế hoạch 103/KH-UBND" in said


def test_bytes_that_are_no_text_are_answered_too(model: Path) -> None:
    done = hotline("ask", "--json", stdin=b"\xff\xfe\x00chao\n")
    assert len(done.stdout.splitlines()) == 1


def test_escalations_are_listed_and_returned(tmp_path: Path, model: Path) -> None:
    environment = {"HOTLINE_DATABASE_URL": f"sqlite:///{tmp_path}/own.db"}
    assert "Không có yêu cầu nào" in commands.hotline("escalations", "list", **environment).stdout.decode()
    done = commands.hotline("escalations", "return", "7", **environment)
    assert done.returncode == 1
    assert "#7" in done.stderr.decode()


def test_the_configuration_is_explained_without_its_secrets() -> None:
    done = hotline("config", "check", HOTLINE_DATABASE_URL="sqlite:///x/y.db", HOTLINE_TYPO="1")
    said = done.stdout.decode()
    assert "HOTLINE_PROVINCE = thai-nguyen" in said
    assert SECRET not in said
    assert "HOTLINE_TYPO" in done.stderr.decode()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HOTLINE_SECRET_KEY", "short"),
        ("HOTLINE_PROVINCE", "ha-noi"),
        ("HOTLINE_TIMEZONE", "x/y"),
        ("HOTLINE_DATABASE_URL", "mysql://x/y"),
        ("HOTLINE_RASA_URL", "notaurl"),
    ],
)
def test_a_wrong_setting_is_named_in_one_sentence(variable: str, value: str) -> None:
    done = commands.hotline("content", "check", **{variable: value})
    assert done.returncode == 1
    assert variable in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


@pytest.mark.parametrize("url", ["sqlite:////proc/nowhere/h.db", "postgresql://nobody@127.0.0.1:1/x"])
def test_a_database_that_cannot_be_opened_is_named_in_one_sentence(url: str) -> None:
    done = commands.hotline("migrate", HOTLINE_DATABASE_URL=url)
    assert done.returncode == 1
    assert "HOTLINE_DATABASE_URL" in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_a_broken_content_file_is_refused_with_file_line_and_remedy(tmp_path: Path) -> None:
    broken = tmp_path / "content"
    shutil.copytree(CONTENT_ROOT, broken)
    answers = broken / "thai-nguyen" / "answers.yaml"
    lines = answers.read_text(encoding="utf-8").split("\n")
    at = next(i for i, line in enumerate(lines) if "confidence: A" in line)
    lines[at] = lines[at].replace("A", "Z")
    answers.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(Stop) as stop:
        read_content(load_settings(_env_file=None), broken)
    assert f"thai-nguyen/answers.yaml, dòng {at + 1}" in str(stop.value)


def test_two_databases_of_one_checkout_do_not_share_their_notes(tmp_path: Path) -> None:
    def notes_of(url: str, **more: str) -> Path:
        return forgotten_path(load_settings(database_url=url, _env_file=None, **more))

    assert notes_of(f"sqlite:///{tmp_path}/a/x.db") == tmp_path / "a" / "forgotten.jsonl"
    assert notes_of("sqlite:///var/hotline.db") == Path("var/forgotten.jsonl")
    assert notes_of("postgresql://one@two/three") == VAR / "forgotten.jsonl"
    assert notes_of("sqlite:///a/x.db", forgotten_file="b/notes") == Path("b/notes")
