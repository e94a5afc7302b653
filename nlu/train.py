"""Train one model archive from config.yml, the flows and the NLU data, and record its SHA-256.

    python -m nlu.train --out var/models/X.tar.gz [--config FILE] [--data PATH …] [--domain PATH]
                         [--nice N] [--follow-stdin]

Runs in the repository's root. Which inputs a model belongs to is the app's business (hotline/models.py).
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Optional, Sequence

from nlu import rasa_runtime  # before any import of rasa

import rasa.model_training

from nlu import child


def train(config: Path, domain: Optional[Path], data: Sequence[Path], out: Path) -> Path:
    """Returns `out`. Raises RuntimeError when Rasa trains nothing. The archive appears complete or not at all."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
        # Rasa's cache does not see our lexicon; every training starts from nothing
        os.environ["RASA_CACHE_DIRECTORY"] = str(Path(scratch) / "cache")
        files = [str(path) for path in data]
        if domain is None:
            # train_nlu takes one path only
            together = Path(scratch) / "data"
            together.mkdir()
            for number, path in enumerate(data):
                (together / f"{number}-{path.name}").symlink_to(path.resolve())
            trained = rasa.model_training.train_nlu(str(config), str(together), scratch, fixed_model_name="model")
        else:
            trained = rasa.model_training.train(
                str(domain), str(config), files, scratch, force_training=True, fixed_model_name="model"
            ).model
        if not trained:
            raise RuntimeError("Rasa trained no model; its messages above say why")
        rasa_runtime.digest_file(out).write_text(rasa_runtime.digest(Path(trained)) + "\n")
        os.replace(trained, out)
    return out


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m nlu.train", description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--config", default=Path("config.yml"), type=Path)
    parser.add_argument("--domain", type=Path, help="flows; without them only understanding is trained")
    parser.add_argument("--data", nargs="+", required=True, type=Path)
    child.add_options(parser)
    arguments = parser.parse_args(argv)
    child.behave(arguments)
    rasa_runtime.quiet()
    train(arguments.config, arguments.domain, arguments.data, arguments.out)


if __name__ == "__main__":
    main()
