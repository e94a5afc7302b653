"""Which trained model belongs to the present inputs (a release's own), and its training when there is none yet.

What officers have taught is trained besides, into models of their own (hotline/trainer.py).
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml

from hotline.errors import Stop
from hotline.paths import MODELS, RASA_PYTHON, ROOT, VAR
from programme.content import Content

KEPT_RELEASES = 3
ENDING = ".tar.gz"
TAUGHT = "-"  # in the name of a model between its release and what it was taught
LOG_TAIL_CHARACTERS = 4000
# Whatever changes what training makes; the commune lookup comes on top, as the text that is trained on.
_INPUTS = (
    "config.yml",
    "nlu/uv.lock",
    "nlu/*.py",
    "nlu/components/*.py",
    "nlu/data/*.yml",
    "bot/flows/*/*.yml",
    "content/national/lexicon.yaml",
)


def ensure_model(content: Content, say: Callable[[str], None] = print) -> Path:
    """The archive for the present inputs, trained now if they changed. Raises Stop when training fails."""
    lookup = lookup_table(content)
    archive = archive_of(inputs_digest(lookup))
    if not is_there(archive):
        say("Đang huấn luyện mô hình hiểu câu hỏi (khoảng một phút)…")
        train(lookup, archive)
        _forget_old_models()
    return archive


def release_of(content: Content) -> str:
    """The name of the release's own model: everything that it is made of, hashed."""
    return inputs_digest(lookup_table(content))


def archive_of(name: str) -> Path:
    """Where the model of that name is, or would be."""
    return MODELS / f"{name}{ENDING}"


def is_there(archive: Path) -> bool:
    """Whether a training has written it, whole."""
    return archive.is_file() and archive.with_name(archive.name + ".sha256").is_file()


def forget(archive: Path) -> None:
    """Remove a model."""
    archive.unlink(missing_ok=True)
    archive.with_name(archive.name + ".sha256").unlink(missing_ok=True)


def lookup_table(content: Content) -> str:
    """The gazetteer's names in Rasa's training format, from the packs."""
    tables = {"commune": content.communes.lookup_examples()}
    tables["province"] = sorted(
        {name for p in content.packs.provinces_of_vietnam for name in (p.name, *p.former, *p.also)}
    )
    rows = [
        {"lookup": name, "examples": "".join(f"- {example}\n" for example in examples)}
        for name, examples in tables.items()
    ]
    return yaml.safe_dump({"version": "3.1", "nlu": rows}, allow_unicode=True, sort_keys=False)


def inputs_digest(lookup: str) -> str:
    """A short hash of everything that training reads."""
    digest = hashlib.sha256(lookup.encode())
    for path in _input_files():
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def train(lookup: str, archive: Path) -> None:
    """Run training in Rasa's environment. Raises Stop."""
    lookup_file = MODELS / "lookup.yml"
    MODELS.mkdir(parents=True, exist_ok=True)
    lookup_file.write_text(lookup, encoding="utf-8")
    data = ["nlu/data", "bot/flows", str(lookup_file)]
    run_rasa("nlu.train", "--out", str(archive), "--domain", "bot/flows", "--data", *data, quietly=True)


def run_rasa(module: str, *arguments: str, quietly: bool = False) -> None:
    """Run one of nlu's modules in Rasa's environment and wait for it. Raises Stop.

    `quietly`: what it prints goes to var/rasa.log, and is shown only when it fails.
    """
    require_rasa_environment()
    command = [str(RASA_PYTHON), "-W", "ignore", "-m", module, *arguments]
    if not quietly:
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
    else:
        log = VAR / "rasa.log"
        with log.open("wb") as output:
            code = subprocess.run(command, cwd=ROOT, check=False, stdout=output, stderr=output).returncode
        if code != 0:
            print(log.read_text(encoding="utf-8", errors="replace")[-LOG_TAIL_CHARACTERS:], file=sys.stderr)
    if code != 0:
        raise Stop(f"{module} kết thúc với mã lỗi {code}; xem các dòng báo lỗi ở trên.")


def require_rasa_environment() -> None:
    """Raises Stop when Rasa's environment is not installed."""
    if not RASA_PYTHON.exists():
        raise Stop("Chưa có môi trường của Rasa (nlu/.venv). Hãy chạy: make install")


def _input_files() -> Iterator[Path]:
    for pattern in _INPUTS:
        yield from sorted(ROOT.glob(pattern))


def _forget_old_models() -> None:
    """Of the releases the newest stay. Models that were taught go with theirs; within it the trainer keeps order."""
    archives = sorted(MODELS.glob(f"*{ENDING}"), key=lambda path: path.stat().st_mtime, reverse=True)
    releases = [archive for archive in archives if TAUGHT not in archive.name][:KEPT_RELEASES]
    kept = {archive.name.removesuffix(ENDING) for archive in releases}
    for archive in archives:
        if archive.name.removesuffix(ENDING).partition(TAUGHT)[0] not in kept:
            forget(archive)
