"""Faults that the platform is told to have: what it answers instead, or fails to answer, to which requests."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from integrations.simulation.errors import ControlError


class FaultKind(StrEnum):
    """`…_after`: the platform has done what was asked, only the answer is missing. All others: it has done nothing."""

    HTTP_500 = "http_500"
    HTTP_502 = "http_502"
    HTML = "html"  # 200 with a page, as from a proxy in between
    ERROR = "error"  # the provider's own error with `code`
    RATE_LIMIT = "rate_limit"  # the provider's "too fast"; `seconds` until it may be tried again
    TIMEOUT_BEFORE = "timeout_before"  # silent for `seconds`, then the connection ends
    TIMEOUT_AFTER = "timeout_after"
    RESET_BEFORE = "reset_before"  # the connection is reset at once
    RESET_AFTER = "reset_after"
    SLOW = "slow"  # answers properly, `seconds` later

    @property
    def acts(self) -> bool:
        """Whether the platform does what was asked."""
        return self in (FaultKind.TIMEOUT_AFTER, FaultKind.RESET_AFTER, FaultKind.SLOW)


@dataclass
class Fault:
    """One armed fault. It strikes a matching request with probability `share`, `count` times (None = until cleared).

    `path`: only requests whose path contains it. `seconds`: real time, see FaultKind. `code`: of `error`.
    """

    kind: FaultKind
    count: int | None = None
    share: float = 1.0
    path: str = ""
    seconds: float = 30.0
    code: int = 0


class Faults:
    """Those armed at present; the same seed and the same requests give the same strikes."""

    def __init__(self, seed: int = 0) -> None:
        self.armed: list[Fault] = []
        self._random = random.Random(seed)  # noqa: S311 - to be repeatable, not secret

    def arm(self, wanted: Mapping[str, Any]) -> Fault:
        """`wanted`: the fields of Fault, and `seed` to begin the chances anew. Raises ControlError."""
        values = dict(wanted)
        seed = values.pop("seed", None)
        unknown = values.keys() - {field.name for field in fields(Fault)}
        try:
            fault = Fault(**{**values, "kind": FaultKind(values.get("kind", ""))})
            fits = (
                0 < float(fault.share) <= 1 and float(fault.seconds) >= 0 and (fault.count is None or fault.count > 0)
            )
        except (TypeError, ValueError):
            fits = False
        if unknown or not fits:
            raise ControlError("Lỗi muốn gây ra chưa đúng dạng.")
        if seed is not None:
            self._random.seed(str(seed))
        self.armed.append(fault)
        return fault

    def clear(self) -> None:
        self.armed.clear()

    def strike(self, path: str) -> Fault | None:
        """The fault that this request meets; it is used up by that."""
        for fault in self.armed:
            if fault.path in path and self._random.random() < fault.share:
                if fault.count is not None:
                    fault.count -= 1
                    if not fault.count:
                        self.armed.remove(fault)
                return fault
        return None

    def as_json(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self.armed]
