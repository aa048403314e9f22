"""Alembic's entry; `serving.records.opening.migrate` runs it with a connection of its own."""

from __future__ import annotations

from alembic import context

from serving.records import account_tables, forgotten_tables  # noqa: F401 - their tables register themselves
from serving.records.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    # SQLite cannot alter a table in place
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
