"""The parts of a segment's expression, after they were read and checked (segments.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Leaf:
    """One condition: what it asks (`name`), and its words or numbers, sorted where their order means nothing."""

    name: str
    values: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()

    def json(self) -> dict[str, Any]:
        match self.name:
            case "level":
                return {"level": {"from": self.numbers[0], "to": self.numbers[1]}}
            case "reached":
                days = {"days": self.numbers[0]} if self.numbers else {}
                return {"reached": self.values == ("yes",), **days}
            case "last_contact":
                return {"last_contact": {self.values[0]: self.numbers[0]}}
            case "contacts":
                return {"contacts": list(self.numbers)}
        return {self.name: list(self.values)}


@dataclass(frozen=True)
class And:
    parts: tuple[Node, ...]

    def json(self) -> dict[str, Any]:
        return {"and": [part.json() for part in self.parts]}


@dataclass(frozen=True)
class Or:
    parts: tuple[Node, ...]

    def json(self) -> dict[str, Any]:
        return {"or": [part.json() for part in self.parts]}


@dataclass(frozen=True)
class Not:
    part: Node

    def json(self) -> dict[str, Any]:
        return {"not": self.part.json()}


Node = Leaf | And | Or | Not
