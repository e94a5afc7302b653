"""Bring a database to the newest schema. Forward only: a restore is a backup's business, not a downgrade's."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from store.database import Database

MIGRATION_LOCK = 20261123
SCRIPTS = Path(__file__).parent / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    return config


@cache
def newest_revision() -> str:
    """The revision this code was written for."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def current_revision(connection: Connection) -> str:
    """The revision the database is at; empty for a new one."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def migrate(database: Database) -> str:
    """Run what is missing, in one transaction; returns the revision. Safe to call at every start."""
    with database.engine.begin() as connection:
        upgrade(connection)
    return newest_revision()


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the schema to `revision`, in the caller's transaction."""
    config = _config()
    if connection.dialect.name == "postgresql":  # of processes that start together one migrates, the others wait
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def knows(revision: str) -> bool:
    """Whether this code has a schema of that name: a later version's it has not."""
    return any(script.revision == revision for script in ScriptDirectory.from_config(_config()).walk_revisions())
