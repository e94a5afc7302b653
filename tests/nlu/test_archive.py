from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nlu import rasa_runtime
from nlu.rasa_runtime import ArchiveRejected, check_archive, digest_file

ROOT = Path(__file__).parents[2]


def test_what_training_wrote_is_accepted(model: Path) -> None:
    check_archive(model)


def test_a_changed_archive_is_refused_before_it_is_opened(model: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(model, tmp_path / "m.tar.gz"))
    shutil.copy(digest_file(model), digest_file(copy))
    copy.write_bytes(copy.read_bytes() + b"x")
    with pytest.raises(ArchiveRejected, match="training"):
        check_archive(copy)


def test_a_missing_archive_is_not_replaced_by_another_one_of_its_folder(model: Path) -> None:
    with pytest.raises(ArchiveRejected, match="no trained model"):
        check_archive(model.with_name("other.tar.gz"))


def test_the_components_keep_names_and_numbers_only(model: Path, tmp_path: Path) -> None:
    """No file of the archive is a pickle: loading a model cannot run code."""
    shutil.unpack_archive(model, tmp_path)
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in kept} <= {".json", ".npz", ".gz", ".yml"}
    # an .npz is loaded with allow_pickle=False; an object array would be refused there
    import numpy

    for path in kept:
        if path.suffix == ".npz":
            with numpy.load(path, allow_pickle=False) as numbers:
                assert all(numbers[name].dtype != object for name in numbers.files)


def test_the_pipeline_needs_nothing_of_the_absent_packages(model: Path) -> None:
    """After sealing, any use of a placeholder raises; the session's model was trained and loaded after that."""
    from nlu import absent

    assert absent._sealed
    assert "tensorflow" in rasa_runtime.ABSENT


def test_a_component_that_needs_an_absent_package_says_so() -> None:
    code = (
        "from nlu import rasa_runtime\n"
        "from rasa.nlu.classifiers.diet_classifier import DIETClassifier\n"
        "from rasa.utils.tensorflow.models import RasaModel\n"
        "RasaModel(random_seed=1)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "is not part of this environment" in done.stderr
    assert "uv sync --extra full" in done.stderr
