"""Where things are in a checkout. Everything written at run time is under var/."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var"
MODELS = VAR / "models"
RASA_PYTHON = ROOT / "nlu" / ".venv" / "bin" / "python"
