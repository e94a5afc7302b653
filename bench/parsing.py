"""Measures how fast sentences are understood inside one process: our pipeline next to Rasa's default one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from bench.catalogue import Sheet
from bench.figures import Times
from bench.machine import FOLDER, environment, run
from bench.stock_server import STOCK_PYTHON
from hotline.paths import RASA_PYTHON, ROOT

READ_SECONDS = 120.0
TRAIN_SECONDS = 240.0


def measure(archive: Path, sentences: Sequence[str], sheet: Sheet) -> list[str]:
    """Fills in the figures; returns the intent of each sentence as our model reads it. Raises Unavailable."""
    times, intents = _read("parse-ours", RASA_PYTHON, archive, sentences)
    sheet.put(sheet["parse"].timed(times), sheet["parse_throughput"].paced(times))
    return intents


def measure_default(our_archive: Path, sentences: Sequence[str], sheet: Sheet) -> None:
    """Train Rasa's default pipeline in the stock environment; then both read the sentences, one after the other.

    Raises Unavailable.
    Same examples; without our lookup table, whose thousands of names would slow its RegexFeaturizer down.
    """
    archive = FOLDER / "default.tar.gz"
    command: list[str | Path] = [STOCK_PYTHON, "-m", "rasa", "train", "nlu", "--nlu", "nlu/data"]
    command += ["--config", "bench/default_pipeline.yml", "--out", FOLDER, "--fixed-model-name", "default"]
    run("train-default", command, _reading_environment(), TRAIN_SECONDS)
    ours, _ = _read("parse-ours", RASA_PYTHON, our_archive, sentences)
    stock, _ = _read("parse-default", STOCK_PYTHON, archive, sentences)
    sheet.put(
        sheet["parse"].timed(ours).with_peer(stock.p95, stock),
        sheet["parse_throughput"].paced(ours).with_peer(stock.per_second, stock),
    )


def _read(name: str, python: Path, archive: Path, sentences: Sequence[str]) -> tuple[Times, list[str]]:
    FOLDER.mkdir(parents=True, exist_ok=True)
    given, result = FOLDER / "sentences.json", FOLDER / f"{name}.json"
    given.write_text(json.dumps(list(sentences)), encoding="utf-8")
    command: list[str | Path] = [python, "-W", "ignore", "-m", "bench.parse_in_process", archive, given, result]
    run(name, command, _reading_environment(), READ_SECONDS)
    read = json.loads(result.read_text(encoding="utf-8"))
    return Times(tuple(read["ms"])), list(read["intents"])


def _reading_environment() -> dict[str, str]:
    cache = str(FOLDER / "rasa-cache")
    return environment(
        PYTHONPATH=str(ROOT), TF_CPP_MIN_LOG_LEVEL="3", MPLCONFIGDIR=str(FOLDER), RASA_CACHE_DIRECTORY=cache
    )
