"""A database of its own on PostgreSQL, for what is measured there."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator

import psycopg
from sqlalchemy import make_url

from bench.machine import FOLDER, Unavailable
from tools.services.machine import Machine, Missing
from tools.services.postgres import Postgres


@contextlib.contextmanager
def new_database() -> Iterator[str]:
    """The URL of an empty database that is dropped afterwards; its server is started where none runs.

    Raises Unavailable.
    """
    server = Postgres(Machine())
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        with _on(server.start()) as url:
            yield url
    except Missing as missing:
        raise Unavailable(str(missing)) from missing
    finally:
        server.stop()


@contextlib.contextmanager
def _on(server: str) -> Iterator[str]:
    name = f"hotline_bench_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
