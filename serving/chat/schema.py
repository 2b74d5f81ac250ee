"""The tables of the chat's history. Whoever changes them raises ``SCHEMA_VERSION`` and writes the step up to it."""

from typing import Any, ClassVar, Final

from sqlalchemy import JSON, Connection, ForeignKey, MetaData, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA_VERSION: Final = 2  # SQLite's user_version


class Base(DeclarativeBase):
    """What all tables share."""

    type_annotation_map: ClassVar = {dict[str, Any]: JSON, list[str]: JSON}
    metadata = MetaData()


class UserRow(Base):
    """Somebody who signs in."""

    __tablename__ = "users"

    identifier: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[str]
    user_metadata: Mapped[dict[str, Any]]


class ThreadRow(Base):
    """A conversation. It is listed once it has a name, which its first message gives it."""

    __tablename__ = "threads"

    id: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(ForeignKey("users.identifier"), index=True)
    name: Mapped[str | None]
    created_at: Mapped[str]
    thread_metadata: Mapped[dict[str, Any]]
    tags: Mapped[list[str] | None]


class StepRow(Base):
    """A message, or what a tool did. ``number`` is the order in which they were sent."""

    __tablename__ = "steps"

    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    thread_id: Mapped[str] = mapped_column(ForeignKey("threads.id", ondelete="CASCADE"), index=True)
    parent_id: Mapped[str | None]
    type: Mapped[str]
    name: Mapped[str]
    output: Mapped[str]
    input: Mapped[str]
    created_at: Mapped[str | None]
    start: Mapped[str | None]
    end: Mapped[str | None]
    is_error: Mapped[bool | None]
    show_input: Mapped[Any | None] = mapped_column(JSON, nullable=True)
    language: Mapped[str | None]
    step_metadata: Mapped[dict[str, Any] | None]
    tags: Mapped[list[str] | None]
    command: Mapped[str | None]
    modes: Mapped[dict[str, Any] | None]
    default_open: Mapped[bool | None]
    auto_collapse: Mapped[bool | None]
    icon: Mapped[str | None]


class ElementRow(Base):
    """A text or figure beside a message, with its content."""

    __tablename__ = "elements"

    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    thread_id: Mapped[str] = mapped_column(ForeignKey("threads.id", ondelete="CASCADE"), index=True)
    for_id: Mapped[str | None] = mapped_column(index=True)
    type: Mapped[str]
    name: Mapped[str]
    display: Mapped[str]
    mime: Mapped[str]
    content: Mapped[bytes]
    size: Mapped[str | None]
    language: Mapped[str | None]
    page: Mapped[int | None]
    props: Mapped[dict[str, Any] | None]
    auto_play: Mapped[bool | None]
    player_config: Mapped[dict[str, Any] | None]


class FeedbackRow(Base):
    """A thumb (1 up, 0 down) for an answer, with what was said about it."""

    __tablename__ = "feedback"

    id: Mapped[str] = mapped_column(primary_key=True)
    step_id: Mapped[str] = mapped_column(ForeignKey("steps.id", ondelete="CASCADE"), unique=True)
    value: Mapped[int]
    comment: Mapped[str | None]
    created_at: Mapped[str]


class ThreadCallRow(Base):
    """A call that a thread is about; ``step_id`` is the message that shows its card."""

    __tablename__ = "thread_calls"

    thread_id: Mapped[str] = mapped_column(ForeignKey("threads.id", ondelete="CASCADE"), primary_key=True)
    call_id: Mapped[str] = mapped_column(primary_key=True, index=True)
    step_id: Mapped[str | None]


class QuoteRow(Base):
    """A call that an answer quotes, in its text or in what stands beside it."""

    __tablename__ = "quotes"

    step_id: Mapped[str] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(primary_key=True, index=True)


class ExchangeRow(Base):
    """A question and its answer as the coach gave it, by the message that shows it; only the server writes these."""

    __tablename__ = "exchanges"

    step_id: Mapped[str] = mapped_column(primary_key=True)
    thread_id: Mapped[str] = mapped_column(ForeignKey("threads.id", ondelete="CASCADE"), index=True)
    exchange: Mapped[dict[str, Any]]


class UploadRow(Base):
    """A file that came with a message, where the server put it."""

    __tablename__ = "uploads"

    path: Mapped[str] = mapped_column(primary_key=True)
    thread_id: Mapped[str] = mapped_column(ForeignKey("threads.id", ondelete="CASCADE"), index=True)
    step_id: Mapped[str | None] = mapped_column(index=True)


def bring_up_to_date(connection: Connection, version: int) -> None:
    """Brings the tables of a version, 0 for an empty file, to the present ones, in the transaction that is open.

    Until version 2 an answer's exchange stood in the metadata of its message, which a browser could write too. They are
    taken over for the one user of a home without accounts, who had nobody to deceive, and dropped for everybody else.
    """
    Base.metadata.create_all(connection)
    if version == 1:
        kept = "json_extract(step_metadata, '$.exchange')"
        connection.execute(
            text(
                f"INSERT INTO exchanges SELECT steps.id, thread_id, {kept} FROM steps JOIN threads "
                f"ON threads.id = thread_id WHERE owner = 'local' AND type = 'assistant_message' "
                f"AND json_type(step_metadata, '$.exchange') = 'object'"
            )
        )
        connection.execute(text("UPDATE steps SET step_metadata = json_remove(step_metadata, '$.exchange')"))
    connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
