"""What the app itself must know of the flows: intents that exist, and the slots and forms rasa-sdk works with.

The flows are Rasa's data (bot/flows/<flow>/domain.yml); Rasa trains on the same files.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FLOWS_ROOT = Path(__file__).parent / "flows"


@dataclass(frozen=True)
class Flows:
    """`domain`: {"slots": …, "forms": …} of all flows."""

    intents: frozenset[str]
    domain: dict[str, Any]


def load_flows() -> Flows:
    """Merge every flow's domain file."""
    intents: set[str] = set()
    domain: dict[str, Any] = {"slots": {}, "forms": {}}
    for path in sorted(FLOWS_ROOT.glob("*/domain.yml")):
        part = yaml.safe_load(path.read_text(encoding="utf-8"))
        intents.update(part.get("intents", ()))
        for kind, merged in domain.items():
            merged.update(part.get(kind, {}))
    return Flows(frozenset(intents), domain)
