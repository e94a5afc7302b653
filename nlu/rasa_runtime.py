"""How Rasa is run here: without telemetry, without TensorFlow, quietly, and only with archives we trained ourselves.

Import this module before anything of rasa.
"""

from __future__ import annotations

import hashlib
import logging
import os
import warnings
from pathlib import Path

os.environ.update(
    RASA_TELEMETRY_ENABLED="false",  # it would phone home
    SQLALCHEMY_SILENCE_UBER_WARNING="1",
    TQDM_DISABLE="1",  # training draws hundreds of progress bars
    # One sentence is too little work to be shared: threads that wait for it spin, and took four fifths of the time
    OPENBLAS_NUM_THREADS="1",
    OMP_NUM_THREADS="1",
)
warnings.filterwarnings("ignore")  # Rasa's own dependencies are years old and say so on every import

from nlu import absent

ABSENT = absent.install()

import rasa.core.agent
import rasa.graph_components.validators.default_recipe_validator
import rasa.model_training  # noqa: F401
from rasa.utils.log_utils import configure_structlog

absent.seal()
warnings.filterwarnings("ignore")  # again: sanic, once imported, asks for deprecation warnings


class ArchiveRejected(RuntimeError):
    """The model archive is not the one whose digest our own training recorded."""


def quiet() -> None:
    """Only warnings and errors: at DEBUG Rasa logs every message a person writes."""
    configure_structlog(logging.WARNING)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("rasa").setLevel(logging.ERROR)


def digest(archive: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(archive.read_bytes()).hexdigest()


def digest_file(archive: Path) -> Path:
    """Where training records the digest of `archive`."""
    return archive.with_name(archive.name + ".sha256")


def check_archive(archive: Path) -> None:
    """Refuse an archive that is missing, or that is not byte for byte what training wrote. Raises ArchiveRejected.

    Rasa would load the newest other model of the folder instead of a missing one, and unpacks what it is given.
    """
    if not archive.is_file() or not digest_file(archive).is_file():
        raise ArchiveRejected(f"no trained model at {archive}: run make train")
    if digest(archive) != digest_file(archive).read_text().strip():
        raise ArchiveRejected(f"{archive} is not the archive that training recorded: delete it and run make train")
