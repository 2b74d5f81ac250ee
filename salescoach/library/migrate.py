"""Brings a library file to the present tables: a new one from nothing, an older one without losing a row.

SQLite's ``user_version`` holds the schema number, so an up-to-date file is opened without Alembic, and a program that
is older than the file says so instead of guessing.
"""

from pathlib import Path

from sqlalchemy import Connection, Engine

from salescoach.errors import CoachError
from salescoach.library.tables import SCHEMA_VERSION

_SCRIPTS = Path(__file__).parent / "migrations"
_BEFORE_ALEMBIC = 1  # files of this schema were made without it; it is the first migration's


def bring_up_to_date(writer: Engine, file: Path) -> None:
    """Runs the migrations that the file lacks, all of them or none.

    Args:
        writer: an engine whose transactions hold the write lock from their beginning.
        file: named in errors.

    Raises:
        CoachError: a newer program wrote the file.
    """
    with writer.execution_options(is_writer=False).connect() as connection:
        if _version(connection) == SCHEMA_VERSION:
            return
    with writer.connect() as connection:
        # Tables are rebuilt, and dropping the old ones must not cascade into the turns. Only outside of a transaction
        # can this be switched; closing the connection switches it back.
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]
        try:
            with connection.begin():
                version = _version(connection)  # again, now that nobody else can change it
                if version > SCHEMA_VERSION:
                    raise CoachError(
                        f"The library {file} was written by a newer Sales Coach (schema {version}); update the program."
                    )
                if version < SCHEMA_VERSION:
                    _migrate(connection, version)
        finally:
            connection.invalidate()


def _migrate(connection: Connection, version: int) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    if version == _BEFORE_ALEMBIC:
        command.stamp(config, f"{_BEFORE_ALEMBIC:04}")
    command.upgrade(config, "head")
    if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
        raise CoachError(f"The library has rows that point to nothing ({broken[0]}); restore it from a copy.")
    connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _version(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
