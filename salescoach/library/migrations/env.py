"""Run by Alembic, which is given an open connection by ``salescoach.library.migrate`` and leaves it open."""

from alembic import context

from salescoach.library.tables import LibraryTable

context.configure(connection=context.config.attributes["connection"], target_metadata=LibraryTable.metadata)
context.run_migrations()
