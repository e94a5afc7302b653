"""Which trained model belongs to the present inputs, and its training when there is none yet."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import yaml

from hotline.errors import Stop
from hotline.paths import MODELS, RASA_PYTHON, ROOT
from programme.content import Content

KEPT_MODELS = 3
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


def ensure_model(content: Content, say: object = print) -> Path:
    """The archive for the present inputs, trained now if they changed. Raises Stop when training fails."""
    lookup = lookup_table(content)
    archive = MODELS / f"{inputs_digest(lookup)}.tar.gz"
    if not (archive.is_file() and archive.with_name(archive.name + ".sha256").is_file()):
        if callable(say):
            say("Đang huấn luyện mô hình hiểu câu hỏi (khoảng một phút)…")
        train(lookup, archive)
        _forget_old_models()
    return archive


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
    run_rasa(
        "nlu.train",
        "--out",
        str(archive),
        "--domain",
        "bot/flows",
        "--data",
        "nlu/data",
        "bot/flows",
        str(lookup_file),
    )


def run_rasa(module: str, *arguments: str) -> None:
    """Run one of nlu's modules in Rasa's environment and wait for it. Raises Stop."""
    require_rasa_environment()
    done = subprocess.run([str(RASA_PYTHON), "-m", module, *arguments], cwd=ROOT, check=False)  # noqa: S603
    if done.returncode != 0:
        raise Stop(f"{module} kết thúc với mã lỗi {done.returncode}; xem các dòng báo lỗi ở trên.")


def require_rasa_environment() -> None:
    """Raises Stop when Rasa's environment is not installed."""
    if not RASA_PYTHON.exists():
        raise Stop("Chưa có môi trường của Rasa (nlu/.venv). Hãy chạy: make install")


def _input_files() -> Iterator[Path]:
    for pattern in _INPUTS:
        yield from sorted(ROOT.glob(pattern))


def _forget_old_models() -> None:
    archives = sorted(MODELS.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime, reverse=True)
    for archive in archives[KEPT_MODELS:]:
        archive.unlink()
        archive.with_name(archive.name + ".sha256").unlink(missing_ok=True)
