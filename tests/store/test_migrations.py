from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from store.database import Database
from store.migrate import current_revision, migrate, newest_revision
from store.schema import metadata
from store.search import SEARCH_TABLES


def test_the_migrations_make_exactly_the_tables_of_the_code(database: Database) -> None:
    def is_ours(name: str | None, kind: str, _: object) -> bool:
        # The words for searching are kept by the database itself (store/search.py); FTS5 has tables of its own
        return kind != "table" or not (name or "").startswith(SEARCH_TABLES)

    def differences(connection: object) -> list[object]:
        options = {"compare_type": True, "include_name": is_ours}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))  # type: ignore[arg-type]

    assert database.read_now(differences) == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    assert migrate(database) == newest_revision() == database.read_now(current_revision)
