"""What alembic runs for each command; the connection comes from `database.upgrade`, in its transaction."""

from __future__ import annotations

from alembic import context

from kis_terminal.adapters.storage.schema import METADATA, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
