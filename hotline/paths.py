"""Where things are in a checkout. Everything written at run time is under var/."""

from pathlib import Path

from store.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
MODELS = VAR / "models"
RASA_PYTHON = ROOT / "nlu" / ".venv" / "bin" / "python"


def forgotten_path(settings: Settings) -> Path:
    """Where what must be done again after a restore is kept outside the database: beside a SQLite file, so that two
    databases of one checkout do not share their notes, else in var/.
    """
    path = settings.database_url.get_secret_value().removeprefix("sqlite:///")
    beside = VAR if "://" in path else Path(path).parent
    return settings.forgotten_file or beside / "forgotten.jsonl"
