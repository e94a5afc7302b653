"""Facts about a platform that sources dispute, as switches; each can be turned while the simulator runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from integrations.simulation.errors import ControlError


def switch(default: Any, label: str, choices: Sequence[Any] | None = None) -> Any:
    """A switch's field. `label` is read on the page (Vietnamese); without `choices` any value of the same type fits."""
    return field(default=default, metadata={"label": label, "choices": choices})


@dataclass
class Switches:
    """Those of every platform; a simulator adds its own by inheriting."""

    in_order: bool = switch(True, "Giữ đúng thứ tự sự kiện của từng người")
    duplicate_events: bool = switch(False, "Gửi mỗi sự kiện hai lần")

    def change(self, wanted: Mapping[str, Any]) -> None:
        """All or none. Raises ControlError."""
        known = {item.name: item for item in fields(self)}
        for name, value in wanted.items():
            if name not in known:
                raise ControlError(f"Không có công tắc {name}.")
            choices = known[name].metadata["choices"]
            fits = value in choices if choices else type(value) is type(known[name].default)
            if not fits:
                raise ControlError(f"Công tắc {name} không nhận giá trị này.")
        for name, value in wanted.items():
            setattr(self, name, value)

    def described(self) -> list[dict[str, Any]]:
        """name, value, label, choices (None = yes/no, a number or a text, like the value) of each."""
        return [{"name": item.name, "value": getattr(self, item.name), **item.metadata} for item in fields(self)]

    def change_by_text(self, setting: str) -> None:
        """`name=value` of a command line, the value as JSON or a bare word. Raises ControlError."""
        name, _, value = setting.partition("=")
        try:
            self.change({name: json.loads(value)})
        except ValueError:
            self.change({name: value})
