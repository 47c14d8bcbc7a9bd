"""Alembic's entry point; it only ever runs on a connection that the program gives it."""

from alembic import context

from store.records.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,  # the caller's transaction is the only one
)
context.run_migrations()
