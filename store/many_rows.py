"""Statements about many rows at once whose text does not grow with them.

On PostgreSQL the values go as arrays: one text, which the server plans once, where a list of parameters would be parsed
and planned anew for every length. SQLite plans in no time and takes the usual forms.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Update, any_, bindparam, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine

Given = Mapping[str, ColumnElement[Any]]


def among(connection: Connection, column: ColumnElement[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Whether `column` is one of `values`."""
    if connection.dialect.name != "postgresql":
        return column.in_(values)
    return column == any_(literal(list(values), ARRAY(column.type)))


class UpdateEach:
    """One update for each of many rows, made once and executed again and again.

    `types`: what each row gives, by name. `build`: the update out of these values; a bindparam in it is the same for
    all rows.
    """

    def __init__(self, types: Mapping[str, TypeEngine[Any]], build: Callable[[Given], Update]) -> None:
        self._names = {name: f"given_{name}" for name in types}
        self._one = build({name: bindparam(self._names[name], type_=type_) for name, type_ in types.items()})
        arrays = [bindparam(self._names[name], type_=ARRAY(type_)) for name, type_ in types.items()]
        columns = [func.unnest(array).label(name) for name, array in zip(types, arrays, strict=True)]
        self._all = build(dict(select(*columns).subquery("given").c.items()))

    def execute(self, connection: Connection, rows: Sequence[Mapping[str, Any]], **common: Any) -> None:
        """`rows`: no two of them may mean the same row of the table."""
        if not rows:
            return
        if connection.dialect.name == "postgresql":
            arrays = {given: [row[name] for row in rows] for name, given in self._names.items()}
            connection.execute(self._all, {**arrays, **common})
        else:
            values = [{given: row[name] for name, given in self._names.items()} | common for row in rows]
            connection.execute(self._one, values)
