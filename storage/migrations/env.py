"""How Alembic runs the migrations: on the connection that it is handed, in its transaction."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
    transactional_ddl=False,  # the connection's owner begins and commits, also where Alembic wouldn't
    **context.config.attributes["options"],
)
context.run_migrations()
