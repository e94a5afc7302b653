"""The Rasa service as a child; here it is a script that says it is ready and ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotline import rasa_process
from hotline.errors import Stop
from hotline.rasa_process import RasaProcess


async def test_a_service_that_dies_is_started_again_with_the_model_that_answers_by_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho "$4" >> {tmp_path}/models\necho \'{{"port": 5005}}\'\n', encoding="utf-8")
    python.chmod(0o700)
    monkeypatch.setattr(rasa_process, "RASA_PYTHON", python)
    monkeypatch.setattr(rasa_process, "require_rasa_environment", lambda: None)
    monkeypatch.setattr(rasa_process, "MAX_QUICK_DEATHS", 2)
    answers, heard = [Path("first.tar.gz")], []
    rasa = RasaProcess(lambda: answers[-1], heard.append)
    await rasa.start()
    answers.append(Path("taught.tar.gz"))
    with pytest.raises(Stop):
        await rasa.watch()
    assert (tmp_path / "models").read_text(encoding="utf-8").split() == ["first.tar.gz", "taught.tar.gz"]
    assert heard == ["http://127.0.0.1:5005"] * 2
