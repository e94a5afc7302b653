"""The models that a service holds: the one it was started with, and others of its folders, loaded while it answers.

The last one is held a while longer, so that going back at once costs nothing; later it costs loading it. A model is its
archive's name without the ending; nothing outside the folders can be named.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import re
from collections import OrderedDict
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence

from nlu.rasa_runtime import ArchiveRejected, check_archive
from nlu.turns import StatelessProcessor

logger = logging.getLogger("nlu.loaded")
ENDING = ".tar.gz"
HELD = 2
# So long somebody may want the last model back; then its memory (70 MB) is given back.
HELD_SECONDS = 600.0
NAME = re.compile(r"[0-9A-Za-z_-]{1,64}")


def name_of(archive: Path) -> str:
    """ "…/0f3a.tar.gz" → "0f3a"."""
    return archive.name[: -len(ENDING)] if archive.name.endswith(ENDING) else archive.name


class LoadedModels:
    """`folders`: where other models may be. For one event loop; loading happens in a thread beside it."""

    def __init__(
        self,
        first: StatelessProcessor,
        name: str,
        folders: Sequence[Path] = (),
        load: Callable[[str], StatelessProcessor] = StatelessProcessor,
        held_seconds: float = HELD_SECONDS,
    ) -> None:
        self._held: "OrderedDict[str, StatelessProcessor]" = OrderedDict([(name, first)])
        self._folders, self._load, self._present = list(folders), load, name
        self._held_seconds = held_seconds
        self._ending: Optional[asyncio.TimerHandle] = None
        self._loading: Dict[str, "asyncio.Task[None]"] = {}
        self._refused: List[str] = []  # said once in the log, not at every turn

    @property
    def present(self) -> str:
        """The model that answers who names none."""
        return self._present

    @property
    def names(self) -> List[str]:
        return list(self._held)

    def processor(self, name: Optional[str]) -> "tuple[str, StatelessProcessor]":
        """The model `name` if it is here, else the present one while `name` is fetched: a turn never waits for that."""
        if name is None or name == self._present:
            return self._present, self._held[self._present]
        if name in self._held:
            self._present = name
            self._held.move_to_end(name)
        elif name not in self._refused:
            self._begin(name)
        return self._present, self._held[self._present]

    async def fetch(self, name: str) -> None:
        """Have the model `name` here and make it the present one. Raises ArchiveRejected."""
        if name not in self._held:
            await asyncio.shield(self._begin(name))
            return  # loaded last, it is the present one
        self._present = name
        self._held.move_to_end(name)

    def _begin(self, name: str) -> "asyncio.Task[None]":
        if name not in self._loading:
            task = asyncio.ensure_future(self._fetch(name))
            task.add_done_callback(lambda done: self._done(name, done))
            self._loading[name] = task
        return self._loading[name]

    async def _fetch(self, name: str) -> None:
        archive = self._archive(name)
        processor = await asyncio.get_running_loop().run_in_executor(None, self._checked, archive)
        before, self._present = self._present, name
        self._held[name] = processor
        while len(self._held) > HELD:
            # the oldest that does not answer now; turns under way keep theirs to their end
            self._held.pop(next(held for held in self._held if held not in (name, before)))
            gc.unfreeze()  # else what it leaves behind would stay for good
        if self._ending is not None:
            self._ending.cancel()
        self._ending = asyncio.get_running_loop().call_later(self._held_seconds, self._let_go)
        gc.collect()
        gc.freeze()  # as at the start: the model stays

    def _let_go(self) -> None:
        """Only the model that answers stays."""
        for name in [held for held in self._held if held != self._present]:
            del self._held[name]
        gc.unfreeze()
        gc.collect()
        gc.freeze()

    def _checked(self, archive: Path) -> StatelessProcessor:
        check_archive(archive)
        return self._load(str(archive))

    def _archive(self, name: str) -> Path:
        if NAME.fullmatch(name):
            for folder in self._folders:
                if (folder / f"{name}{ENDING}").is_file():
                    return folder / f"{name}{ENDING}"
        raise ArchiveRejected(f"there is no model {name[:64]!r} in the models' folders")

    def _done(self, name: str, task: "asyncio.Task[None]") -> None:
        del self._loading[name]
        error = None if task.cancelled() else task.exception()
        if error is None:
            if name in self._refused:
                self._refused.remove(name)
        elif name not in self._refused:
            self._refused.append(name)
            logger.error("model %s cannot be loaded: %s", name[:64], error)
