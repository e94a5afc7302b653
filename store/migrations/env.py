"""Alembic's entry: runs migrations on the connection that store.migrate hands over."""

from alembic import context

from store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by making it anew
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
