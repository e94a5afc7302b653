"""How much disk an installed environment takes, with and without its development tools."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.machine import Unavailable


@dataclass(frozen=True)
class Size:
    """`total` and `tools` in bytes; `tools`: what the packages only developers need take of it."""

    total: int
    tools: int

    @property
    def without_tools_mb(self) -> float:
        """In MB of a million bytes."""
        return (self.total - self.tools) / 1e6


def needed_packages(lock: dict[str, Any], project: str) -> set[str]:
    """The packages that `project` needs at run time, from a parsed uv.lock: without development groups and extras."""
    packages: dict[str, list[dict[str, Any]]] = {}
    for package in lock["package"]:
        packages.setdefault(package["name"], []).append(package)
    needed: set[tuple[str, str | None]] = set()
    waiting: list[tuple[str, str | None]] = [(project, None)]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in needed:
            continue
        needed.add((name, extra))
        for package in packages.get(name, ()):
            wanted = package.get("optional-dependencies", {}).get(extra, ()) if extra else ()
            for dependency in (*package.get("dependencies", ()), *wanted):
                waiting += [(dependency["name"], extra) for extra in (None, *dependency.get("extra", ()))]
    return {name for name, _ in needed}


def measure(project: Path, name: str) -> Size:
    """The size of `project`/.venv, where `project`/uv.lock locks `name`. Raises Unavailable when there is none."""
    venv = project / ".venv"
    if not venv.is_dir():
        raise Unavailable(f"{venv.parent.name}/.venv is not installed")
    needed = needed_packages(tomllib.loads((project / "uv.lock").read_text()), name)
    (packages,) = venv.glob("lib/python3.*/site-packages")
    tools: set[Path] = set()
    for installed in importlib.metadata.distributions(path=[str(packages)]):
        if _normal(installed.metadata["Name"]) not in needed:
            tools.update(_files(installed))
    return Size(_bytes(venv.rglob("*")), _bytes(tools))


def _files(installed: importlib.metadata.Distribution) -> set[Path]:
    """The files of one package, with what Python compiled of them."""
    files = {Path(str(installed.locate_file(file))).resolve() for file in installed.files or ()}
    compiled = (file.parent / "__pycache__" for file in files if file.suffix == ".py")
    return files | {
        pyc for folder in set(compiled) if folder.is_dir() for pyc in folder.iterdir() if _source(pyc) in files
    }


def _source(compiled: Path) -> Path:
    return compiled.parent.parent / f"{compiled.name.partition('.')[0]}.py"


def _bytes(files: Iterable[Path]) -> int:
    """The disk blocks of `files`; a file that has several names there counts once."""
    found = {}
    for file in files:
        if not file.is_symlink() and file.is_file():
            status = file.stat()
            found[status.st_ino] = status.st_blocks * 512
    return sum(found.values())


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
