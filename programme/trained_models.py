"""Which models there are, and which of them answers: the newest row of `model_activation` names it.

A model belongs to a release: to the files it was trained from. Another release's model is never switched to, because
its flows and its code are others (docs/decisions/0027-teaching.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select

from programme import training_jobs
from programme.teaching import lessons
from store.database import insert_if_new, insert_returning_id
from store.quality_tables import model_activation, trained_model
from store.tables import officer

HISTORY = 50
# So many models that have answered can be gone back to; archives of earlier ones are removed.
KEPT = 4


@dataclass(frozen=True)
class Model:
    """`lessons`: the annotations in it, by number. `figures`: on the held-out set; None: it came with a release."""

    id: int
    name: str
    release: str
    lessons: tuple[int, ...]
    state: str
    figures: Mapping[str, Any] | None
    made_at: datetime


@dataclass(frozen=True)
class Activation:
    """From `at` on this model answered. `officer` None: the hotline itself, or the command line."""

    id: int
    model: Model
    why: str
    officer: str | None
    at: datetime


class NotSwitchable(Exception):
    """`code`: model_unknown | model_refused | other_release | nothing_before."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def live(connection: Connection) -> Activation | None:
    """Which model answers now, and since when; None before the first start."""
    found = _activations(connection, 1)
    return found[0] if found else None


def history(connection: Connection) -> tuple[Activation, ...]:
    """Which model answered when, the newest first."""
    return _activations(connection, HISTORY)


def all_models(connection: Connection) -> tuple[Model, ...]:
    """The newest models first, refused ones too."""
    rows = select(trained_model).order_by(trained_model.c.id.desc()).limit(HISTORY)
    return tuple(_model(row) for row in connection.execute(rows).mappings())


def before(connection: Connection, release: str) -> Model | None:
    """What the one click goes back to: the model of this release that answered before the live one."""
    now, *earlier = _activations(connection, HISTORY) or (None,)
    if now is None:
        return None
    others = (one.model for one in earlier if one.model.id != now.model.id)
    return next((model for model in others if model.release == release), None)


def named(connection: Connection, name: str) -> Model | None:
    """The model called `name`."""
    row = connection.execute(select(trained_model).filter_by(name=name)).mappings().first()
    return _model(row) if row is not None else None


def switchable(connection: Connection, name: str, release: str) -> Model:
    """The model called `name`, which may answer. Raises NotSwitchable."""
    model = named(connection, name)
    if model is None:
        raise NotSwitchable("model_unknown")
    if model.state != "ready":
        raise NotSwitchable("model_refused")
    if model.release != release:
        raise NotSwitchable("other_release")
    return model


def activate(connection: Connection, model_id: int, why: str, officer_id: int | None, now: datetime) -> bool:
    """From now on this model answers; False when it does already."""
    present = live(connection)
    if present is not None and present.model.id == model_id:
        return False
    connection.execute(
        model_activation.insert().values(model_id=model_id, why=why, officer_id=officer_id, at=now),
    )
    return True


def add(
    connection: Connection,
    name: str,
    release: str,
    taught: Sequence[int],
    is_ready: bool,
    figures: Mapping[str, Any],
    now: datetime,
) -> int:
    """Keep a model that was trained; its number. The same training again (after a kill) finds the first row."""
    values = {
        "release": release,
        "lessons": list(taught),
        "state": "ready" if is_ready else "refused",
        "figures": dict(figures),
        "made_at": now,
    }
    known = connection.scalar(select(trained_model.c.id).filter_by(name=name))
    if known is None:
        return insert_returning_id(connection, trained_model, {"name": name, **values})
    connection.execute(trained_model.update().filter_by(id=known).values(values))
    return int(known)


def settle(connection: Connection, release: str, has_archive: Callable[[str], bool], now: datetime) -> str:
    """At a start: the name of the model that answers with these files.

    Where the live model belongs to other files, or its archive is gone (`has_archive` of its name), the release's own
    answers from now on; what officers have taught is trained into it by a training that is asked for here. Starting
    again, and several processes starting at once, change nothing more.
    """
    row: dict[str, Any] = {
        "name": release,
        "release": release,
        "lessons": [],
        "state": "ready",
        "figures": None,
        "made_at": now,
    }
    insert_if_new(connection, trained_model, row)
    base = connection.scalar(select(trained_model.c.id).filter_by(name=release))
    present = live(connection)
    if (
        present is not None
        and present.model.release == release
        and (present.model.name == release or has_archive(present.model.name))
    ):
        return present.model.name
    activate(connection, int(base or 0), "release", None, now)
    if present is not None and lessons(connection):
        training_jobs.ask(connection, "release", None, now)
    return release


def passed(connection: Connection) -> frozenset[int]:
    """The annotations, by number, that are in a model which was no worse, of whatever release."""
    of_models = connection.scalars(select(trained_model.c.lessons).where(trained_model.c.state == "ready"))
    return frozenset(number for lessons in of_models for number in lessons)


def forgettable(connection: Connection, release: str) -> tuple[str, ...]:
    """The names of this release's models whose archives nobody needs: refused, or long ago."""
    stay = _kept(connection, release)
    names = connection.scalars(select(trained_model.c.name).filter_by(release=release).order_by(trained_model.c.id))
    return tuple(name for name in names if name not in stay)


def _kept(connection: Connection, release: str) -> frozenset[str]:
    """The release's own, and the last that answered."""
    names: list[str] = [release]
    for one in history(connection):
        if one.model.release == release and one.model.name not in names:
            names.append(one.model.name)
    return frozenset(names[: KEPT + 1])


def _activations(connection: Connection, most: int) -> tuple[Activation, ...]:
    rows: Select[Any] = (
        select(
            trained_model,
            model_activation.c.id.label("activation_id"),
            model_activation.c.why,
            model_activation.c.at,
            officer.c.name.label("officer"),
        )
        .join(model_activation, model_activation.c.model_id == trained_model.c.id)
        .outerjoin(officer, officer.c.id == model_activation.c.officer_id)
        .order_by(model_activation.c.id.desc())
        .limit(most)
    )
    return tuple(
        Activation(row["activation_id"], _model(row), row["why"], row["officer"], row["at"])
        for row in connection.execute(rows).mappings()
    )


def _model(row: RowMapping) -> Model:
    return Model(
        id=row["id"],
        name=row["name"],
        release=row["release"],
        lessons=tuple(row["lessons"]),
        state=row["state"],
        figures=row["figures"],
        made_at=row["made_at"],
    )
