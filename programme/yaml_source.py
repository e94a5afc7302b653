"""Content files as YAML: read, checked against a pydantic model, every refusal with its file and line.

Responsible for the way from a file to a validated object and for saying, in the operator's language, where
it is wrong. Not responsible for what the files mean: see `packs.py`, `answers.py` and `communes.py`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

T = TypeVar("T", bound=BaseModel)
Location = tuple[int | str, ...]
ContentErrorCode = Literal["content_invalid", "content_yaml", "content_missing"]


class ContentError(Exception):
    """A content file cannot be used: Vietnamese words for the operator, a stable code for programs.

    `file` is "<pack>/<file>", relative to the content root; `line` counts from 1 and is None when no line is
    at fault (a missing file); `problem` says what is wrong, `remedy` what to do about it (no full stops).
    """

    def __init__(
        self,
        file: str,
        line: int | None,
        problem: str,
        remedy: str = "",
        code: ContentErrorCode = "content_invalid",
    ) -> None:
        self.file = file
        self.line = line
        self.problem = problem
        self.remedy = remedy
        self.code: ContentErrorCode = code
        place = file if line is None else f"{file}, dòng {line}"
        super().__init__(f"{place}: {problem}." + (f" Cách sửa: {remedy}." if remedy else ""))


class ContentModel(BaseModel):
    """The shape of one mapping in a content file: nothing undeclared, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _ContentLoader(yaml.CSafeLoader):
    """LibYAML parser; YAML 1.1 without surprises: "no" is a word, 05443 a code, and 30 February crashes nothing."""

    def date_or_text(self, node: yaml.ScalarNode) -> object:
        """The written text when there is no such day, so that the model refuses it at its own line."""
        try:
            return self.construct_yaml_timestamp(node)
        except ValueError:
            return node.value


_ContentLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":int"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_ContentLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
_ContentLoader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^-?(?:0|[1-9][0-9]*)$"), list("-0123456789"))
_ContentLoader.add_constructor("tag:yaml.org,2002:timestamp", _ContentLoader.date_or_text)


class YamlSource:
    """One parsed content file that still knows its lines, for checks that a model alone cannot make."""

    def __init__(self, path: Path, node: yaml.Node, data: object) -> None:
        self.file = f"{path.parent.name}/{path.name}"
        self.data = data
        self._node = node

    def line(self, location: Location) -> int:
        """The line (from 1) of the deepest node that `location` (keys and list indexes) leads to."""
        node, line = self._node, self._node.start_mark.line
        for step in location:
            if isinstance(node, yaml.MappingNode):
                # Steps that are no key are pydantic's own (a union's branch): the node stays where it is.
                for key, value in node.value:
                    if str(key.value) == str(step):
                        node, line = value, key.start_mark.line
                        break
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                line = node.start_mark.line
        return int(line) + 1

    def error(self, location: Location, problem: str, remedy: str = "") -> ContentError:
        """A refusal of what stands at `location`, to be raised by the caller."""
        return ContentError(self.file, self.line(location), problem, remedy)

    def validate(self, model: type[T]) -> T:
        """The file as `model`. Raises ContentError for the first fault in the file and counts the others."""
        try:
            return model.model_validate(self.data)
        except ValidationError as invalid:
            faults = sorted(_causes(invalid.errors()), key=lambda fault: self.line(fault["loc"]))
            problem, remedy = _in_vietnamese(faults[0])
            if len(faults) > 1:
                problem += f" (và {len(faults) - 1} lỗi khác trong tệp này)"
            raise self.error(faults[0]["loc"], problem, remedy) from None


def read_yaml(path: Path) -> YamlSource:
    """Parse one content file (UTF-8, NFC, one document, no key twice) without looking at its shape.

    Raises ContentError: `content_missing` when there is no such file, `content_yaml` when it is not YAML,
    `content_invalid` for a key written twice or for text that is not in Unicode form NFC.
    """
    file = f"{path.parent.name}/{path.name}"
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ContentError(file, None, "không có tệp này", "tạo tệp này", "content_missing") from None
    except UnicodeDecodeError as broken:
        line = broken.object[: broken.start].count(b"\n") + 1
        raise ContentError(file, line, "tệp không phải mã UTF-8", "lưu lại tệp với mã UTF-8", "content_yaml") from None
    for number, line_text in enumerate(text.split("\n"), 1):
        if not unicodedata.is_normalized("NFC", line_text):
            raise _unclean(file, number)
    try:
        loader = _ContentLoader(text)
        node = loader.get_single_node()
        if node is None:
            raise ContentError(file, 1, "tệp rỗng", "điền nội dung theo mẫu của gói khác", "content_yaml")
        source = YamlSource(path, node, None)
        _refuse_repeated_keys_and_unclean_text(source, node, set())
        source.data = loader.construct_document(node)
    except yaml.MarkedYAMLError as broken:
        mark = broken.problem_mark or broken.context_mark
        problem = f"không đọc được YAML ({broken.problem or broken.context})"
        line = mark.line + 1 if mark else 1
        raise ContentError(
            file, line, problem, "xem lại thụt lề, dấu nháy và dấu hai chấm quanh dòng này", "content_yaml"
        ) from None
    except yaml.reader.ReaderError as broken:
        line = text.count("\n", 0, int(broken.position)) + 1
        raise ContentError(
            file, line, "có ký tự điều khiển không được phép", "xóa ký tự lạ ở dòng này", "content_yaml"
        ) from None
    return source


def load_yaml(path: Path, model: type[T]) -> T:
    """Read one content file as `model`; raises ContentError with file, line, problem and remedy."""
    return read_yaml(path).validate(model)


def _refuse_repeated_keys_and_unclean_text(source: YamlSource, node: yaml.Node, seen: set[int]) -> None:
    # An alias points back to a node already checked; a recursive one would never end.
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        if not unicodedata.is_normalized("NFC", node.value):
            raise _unclean(source.file, node.start_mark.line + 1)  # written as escapes
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_repeated_keys_and_unclean_text(source, item, seen)
    elif isinstance(node, yaml.MappingNode):
        first_lines: dict[str, int] = {}
        for key, value in node.value:
            line, name = key.start_mark.line + 1, str(key.value)
            if name in first_lines:
                problem = f'mục "{name}" viết hai lần (lần đầu ở dòng {first_lines[name]})'
                raise ContentError(source.file, line, problem, "giữ một mục, xóa mục kia")
            first_lines[name] = line
            _refuse_repeated_keys_and_unclean_text(source, key, seen)
            _refuse_repeated_keys_and_unclean_text(source, value, seen)


def _unclean(file: str, line: int) -> ContentError:
    problem = "chữ có dấu chưa ở dạng Unicode dựng sẵn (NFC)"
    return ContentError(file, line, problem, "gõ lại đoạn chữ này bằng bộ gõ Unicode dựng sẵn")


def _causes(faults: list[ErrorDetails]) -> list[ErrorDetails]:
    # pydantic also calls a list too short when its items are at fault: only the innermost fault is the cause.
    return [
        fault
        for fault in faults
        if not any(
            len(other["loc"]) > len(fault["loc"]) and other["loc"][: len(fault["loc"])] == fault["loc"]
            for other in faults
        )
    ]


def _field(fault: ErrorDetails) -> str:
    names = [str(step) for step in fault["loc"] if isinstance(step, str)]
    return f'mục "{names[-1]}"' if names else "tệp này"


def _value(fault: ErrorDetails) -> str:
    shown = str(fault["input"])
    return shown if len(shown) <= 60 else shown[:57] + "…"


_TRUE_OR_FALSE = ("phải là true hoặc false", "viết true hoặc false, không có dấu nháy")
_WHOLE_NUMBER = ("phải là số nguyên", "viết một số, không có dấu nháy")
_NUMBER = ("phải là số", "viết một số, không có dấu nháy")
_LIST = ("phải là danh sách", 'viết mỗi phần tử một dòng, bắt đầu bằng "- "')
_MAPPING = ("phải gồm các mục con", 'viết các dòng "tên: giá trị" thụt vào bên dưới')
_DATE = ("không phải là ngày có thật", "viết ngày dạng 2026-06-30, không có dấu nháy")

# pydantic's error types -> (problem, remedy); the rest is said in pydantic's own words.
_WORDS: dict[str, tuple[str, str]] = {
    "string_type": ("phải là chữ", "đặt giá trị trong dấu nháy"),
    "bool_type": _TRUE_OR_FALSE,
    "bool_parsing": _TRUE_OR_FALSE,
    "int_type": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "tuple_type": _LIST,
    "list_type": _LIST,
    "model_type": _MAPPING,
    "dict_type": _MAPPING,
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "string_too_short": ("để trống", "điền nội dung hoặc xóa mục này"),
    "too_short": ("không có phần tử nào", "thêm ít nhất một phần tử"),
}


def _in_vietnamese(fault: ErrorDetails) -> tuple[str, str]:
    """(problem, remedy) of one of pydantic's faults; a rule of ours (ValueError) brings its own words."""
    kind, context = fault["type"], fault.get("ctx", {})
    special: dict[str, Callable[[], tuple[str, str]]] = {
        "missing": lambda: (f"thiếu {_field(fault)}", "thêm mục này vào"),
        "extra_forbidden": lambda: (
            f"{_field(fault)} không có trong khuôn mẫu",
            "sửa lại tên mục hoặc xóa dòng này",
        ),
        "value_error": lambda: _split(str(context.get("error", ""))),
        "literal_error": lambda: (
            f'{_field(fault)} không nhận giá trị "{_value(fault)}"',
            f"chọn một trong: {str(context.get('expected', '')).replace(' or ', ', ')}",
        ),
        "string_pattern_mismatch": lambda: (
            f'{_field(fault)} viết sai khuôn ("{_value(fault)}")',
            f"viết theo khuôn {context.get('pattern', '')}",
        ),
        "greater_than": lambda: (f"{_field(fault)} quá nhỏ", f"viết số lớn hơn {context.get('gt')}"),
        "less_than": lambda: (f"{_field(fault)} quá lớn", f"viết số nhỏ hơn {context.get('lt')}"),
    }
    if kind in special:
        return special[kind]()
    problem, remedy = _WORDS.get(kind, (f"không hợp lệ ({fault['msg']})", "sửa lại giá trị này"))
    return f"{_field(fault)} {problem}", remedy


def _split(words: str) -> tuple[str, str]:
    problem, _, remedy = words.partition(" -> ")
    return problem, remedy


def refusal(problem: str, remedy: str) -> ValueError:
    """What a model's own validator raises, so that the operator reads both what is wrong and what to do."""
    return ValueError(f"{problem} -> {remedy}")
