"""The campaign file of `hotline campaign simulate`: YAML or JSON, read and checked. Whom it is for: campaign_people.py.

Everything that can be wrong with it has a stable code and Vietnamese words; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import yaml

from programme import campaign_text
from programme.bulk_law import BulkLaw, MessageKind

KINDS = (MessageKind.STATE_NOTICE, MessageKind.CUSTOMER_CARE, MessageKind.ADVERTISING)
# What a row of the audience's file, or the hotline itself, has for everybody
VARIABLES = ("name", "commune", "stop")
FIELDS = ("kind", "text", "gateway", "pace_per_second", "start", "deadline", "audience")
OPTIONAL = frozenset(("pace_per_second", "start", "deadline"))
PACE, FASTEST = 100.0, 10_000.0
SLOWEST = 1 / 60  # the ledger paces by whole messages a minute
MOST_COUNTED = 1_000_000
MOST_BYTES = 1 << 20
MOST_AUDIENCE_BYTES = 256 << 20
_WAY_OUT = " Tu choi: {{ stop }}"


class CampaignFileInvalid(Exception):
    """The file cannot be used. `code` is stable; the text (Vietnamese, no full stop) says what to do."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


@dataclass(frozen=True)
class CampaignFile:
    """`start`, `deadline`: aware; None: at once, and no end. Of `table` (bytes of the CSV) and `count` one is there.

    `digest`: of the file and of its audience, so that a second start with both unchanged goes on with the first's run.
    """

    kind: MessageKind
    text: str
    gateway: str
    pace_per_second: float
    start: datetime | None
    deadline: datetime | None
    table: bytes | None
    count: int | None
    digest: str

    @property
    def pace_per_minute(self) -> int:
        return round(self.pace_per_second * 60)

    def lawful_text(self, law: BulkLaw, now: datetime, timezone: ZoneInfo) -> str:
        """The text with what the law wants at its beginning and end on the day it begins, where it is missing."""
        day = (self.start or now).astimezone(timezone).date()
        text, wrong = self.text, {problem.code for problem in law.check_text(self.kind, self.text, day)}
        if "label_missing" in wrong:
            text = f"{law.label(self.kind, day)} {text}"
        return text + _WAY_OUT if "opt_out_missing" in wrong else text


def read_campaign_file(path: Path, gateways: Mapping[str, Collection[str]], timezone: ZoneInfo) -> CampaignFile:
    """`gateways`: the kinds of messages that each carries. Times without a zone are `timezone`'s.

    A relative path of the CSV is looked for beside the file, then where the command runs. Raises CampaignFileInvalid.
    """
    raw = _bytes_of(path, MOST_BYTES, "file")
    said = _parsed(raw)
    if unknown := [str(key) for key in said if key not in FIELDS]:
        raise CampaignFileInvalid("field_unknown", f"không có mục “{unknown[0][:40]}”. Các mục: {', '.join(FIELDS)}")
    if missing := [key for key in FIELDS if key not in OPTIONAL and said.get(key) is None]:
        raise CampaignFileInvalid("field_missing", f"thiếu mục {', '.join(missing)}")
    kind, gateway = _kind(said["kind"]), _gateway(said["gateway"], gateways)
    if kind not in gateways[gateway]:
        carried = ", ".join(sorted(set(map(str, gateways[gateway])) & set(KINDS)))
        words = f"cổng {gateway} không nhận loại tin {kind}; chỉ nhận: {carried}"
        raise CampaignFileInvalid("kind_not_carried", words)
    start, deadline = _instant(said, "start", timezone), _instant(said, "deadline", timezone)
    if start is not None and deadline is not None and deadline <= start:
        raise CampaignFileInvalid(
            "deadline_before_start", "deadline phải sau start, nếu không thì không gửi được tin nào"
        )
    table, count = _audience(said["audience"], path.parent)
    digest = sha256(raw + b"\x00" + sha256(table or b"").digest()).hexdigest()
    pace = _pace(said.get("pace_per_second"))
    return CampaignFile(kind, _text(said["text"]), gateway, pace, start, deadline, table, count, digest)


class _Loader(yaml.CSafeLoader):
    """Times stay text: they are read in one place, with the zone that is meant."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _parsed(raw: bytes) -> Mapping[str, Any]:
    try:
        said = orjson.loads(raw)
    except orjson.JSONDecodeError:
        try:
            said = yaml.load(raw.decode("utf-8-sig"), _Loader)  # noqa: S506 - made of the safe loader
        except UnicodeDecodeError:
            raise CampaignFileInvalid("file_encoding", "tệp không phải mã UTF-8. Hãy lưu lại bằng mã UTF-8") from None
        except (yaml.YAMLError, ValueError) as broken:
            mark = getattr(broken, "problem_mark", None)
            where = f"dòng {mark.line + 1}: " if mark is not None else ""
            raise CampaignFileInvalid("file_unreadable", f"{where}tệp không phải YAML hay JSON đúng") from None
        except RecursionError:
            raise CampaignFileInvalid("file_unreadable", "tệp lồng nhau quá sâu") from None
    if not isinstance(said, dict):
        raise CampaignFileInvalid("file_unreadable", f"tệp phải có các mục {', '.join(FIELDS)}")
    return said


def _bytes_of(path: Path, most: int, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(most + 1)
    except OSError as fault:
        raise CampaignFileInvalid(f"{what}_missing", f"không đọc được {path} ({fault.strerror})") from None
    if len(raw) > most:
        raise CampaignFileInvalid(f"{what}_too_large", f"{path} lớn quá {most >> 20} MB")
    return raw


def _kind(said: object) -> MessageKind:
    if said not in tuple(map(str, KINDS)):
        raise CampaignFileInvalid("kind_unknown", f"không có loại tin “{said}”; chọn một trong: {', '.join(KINDS)}")
    return MessageKind(str(said))


def _gateway(said: object, known: Mapping[str, Collection[str]]) -> str:
    if not isinstance(said, str) or said not in known:
        raise CampaignFileInvalid("gateway_unknown", f"không có cổng “{said}”; chọn một trong: {', '.join(known)}")
    return said


def _text(said: object) -> str:
    text = said if isinstance(said, str) else ""
    if problems := campaign_text.check(text, VARIABLES):
        raise CampaignFileInvalid(problems[0].code, problems[0].words.rstrip("."))
    return text


def _pace(said: object) -> float:
    if said is None:
        return PACE
    is_number = isinstance(said, int | float) and not isinstance(said, bool)
    if not is_number or not SLOWEST <= float(said) <= FASTEST:  # type: ignore[arg-type]
        raise CampaignFileInvalid("pace_wrong", f"pace_per_second “{said}” phải là số từ 1/60 đến {FASTEST:.0f}")
    return float(said)  # type: ignore[arg-type]


def _instant(said: Mapping[str, Any], field: str, timezone: ZoneInfo) -> datetime | None:
    value = said.get(field)
    if value is None:
        return None
    try:
        instant = datetime.fromisoformat(value)
        # Somewhere between the years that both databases and every zone can name
        if not 2000 <= instant.year < 2200:
            raise ValueError
    except (TypeError, ValueError):
        words = f"{field} “{value}” không phải là thời điểm theo ISO-8601, ví dụ 2026-12-01T09:00:00+07:00"
        raise CampaignFileInvalid("instant_wrong", words) from None
    return instant if instant.tzinfo else instant.replace(tzinfo=timezone)


def _audience(said: object, folder: Path) -> tuple[bytes | None, int | None]:
    if not isinstance(said, dict) or len(said) != 1 or next(iter(said)) not in ("csv", "count"):
        raise CampaignFileInvalid("audience_wrong", "audience phải là {csv: đường dẫn} hoặc {count: số người}")
    if "count" in said:
        count = said["count"]
        if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MOST_COUNTED:
            raise CampaignFileInvalid("audience_wrong", f"count “{count}” phải là số nguyên từ 1 đến {MOST_COUNTED}")
        if not count:
            raise CampaignFileInvalid("audience_empty", "không có ai trong danh sách người nhận")
        return None, count
    if not isinstance(said["csv"], str) or not said["csv"] or "\x00" in said["csv"]:
        raise CampaignFileInvalid("audience_wrong", "csv phải là đường dẫn tới một tệp")
    beside = folder / said["csv"]
    return _bytes_of(beside if beside.exists() else Path(said["csv"]), MOST_AUDIENCE_BYTES, "csv"), None
