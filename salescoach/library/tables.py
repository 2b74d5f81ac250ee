"""The tables of the library. Whoever changes them adds a migration under ``migrations/versions``."""

from datetime import datetime
from typing import Any, ClassVar, Literal

from sqlalchemy import JSON, CheckConstraint, ForeignKey, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

SCHEMA_VERSION = 4  # the number of the newest migration; also in the file, as SQLite's user_version

Visibility = Literal["private", "team"]


class Base(DeclarativeBase):
    """What all tables share."""

    type_annotation_map: ClassVar = {dict[str, Any]: JSON}
    metadata = MetaData(
        naming_convention={
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "ix": "ix_%(table_name)s_%(column_0_name)s",
        }
    )


class LibraryRow(Base):
    """The library itself, in one row: a random id that it keeps, in copies too."""

    __tablename__ = "library"

    library_id: Mapped[str] = mapped_column(primary_key=True)


class AccountRow(Base):
    """A customer. It is there as long as one of its calls is."""

    __tablename__ = "accounts"

    account_id: Mapped[str] = mapped_column(primary_key=True)


class RepRow(Base):
    """A seller. Calls point to one; nothing is counted by rep unless that is switched on."""

    __tablename__ = "reps"

    rep_id: Mapped[str] = mapped_column(primary_key=True)


class CallRow(Base):
    """A call. Times are UTC without a zone, as SQLite keeps none."""

    __tablename__ = "calls"
    __table_args__ = (
        CheckConstraint("outcome IN ('converted', 'lost')", name="outcome"),
        CheckConstraint("visibility IN ('private', 'team')", name="visibility"),
    )

    call_id: Mapped[str] = mapped_column(primary_key=True)
    content_hash: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.account_id"), index=True)
    rep_id: Mapped[str | None] = mapped_column(ForeignKey("reps.rep_id"), index=True)
    owner: Mapped[str | None]  # who brought the call, where several people share a library
    visibility: Mapped[str]
    started_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(index=True)
    outcome_at: Mapped[datetime | None]
    outcome_entered_at: Mapped[datetime | None]  # when a person entered it; none where it came with a table
    outcome_entered_by: Mapped[str | None]
    split: Mapped[str | None]
    provenance: Mapped[str]
    added_at: Mapped[datetime]
    metrics: Mapped[dict[str, Any]]
    metrics_version: Mapped[int]  # of the definitions that the metrics were measured by
    call_metadata: Mapped[dict[str, Any]]
    warnings: Mapped[dict[str, Any]]
    turns: Mapped[list["TurnRow"]] = relationship(order_by="TurnRow.number", cascade="all, delete-orphan")


class TurnRow(Base):
    """A turn of a call, counted from 1."""

    __tablename__ = "turns"

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.call_id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    speaker: Mapped[str]
    role: Mapped[str]
    text: Mapped[str]
    start_s: Mapped[float | None]
    end_s: Mapped[float | None]
