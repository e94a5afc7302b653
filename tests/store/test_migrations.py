from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from store.console_tables import metadata
from store.database import Database
from store.migrate import current_revision, migrate, newest_revision


def test_the_migrations_make_exactly_the_tables_of_the_code(database: Database) -> None:
    def differences(connection: object) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))  # type: ignore[arg-type]

    assert database.read_now(differences) == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    assert migrate(database) == newest_revision() == database.read_now(current_revision)
