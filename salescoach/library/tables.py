"""The tables of the library. Whoever changes them adds a migration under ``migrations/versions``."""

from datetime import datetime
from typing import Any, ClassVar, Literal

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, MetaData, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

SCHEMA_VERSION = 8  # the number of the newest migration; also in the file, as SQLite's user_version

Visibility = Literal["private", "team"]


class LibraryTable(DeclarativeBase):
    """What all tables share."""

    type_annotation_map: ClassVar = {dict[str, Any]: JSON}
    metadata = MetaData(
        naming_convention={
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "ix": "ix_%(table_name)s_%(column_0_name)s",
        }
    )


class LibraryRow(LibraryTable):
    """The library itself, in one row: a random id that it keeps, in copies too."""

    __tablename__ = "library"

    library_id: Mapped[str] = mapped_column(primary_key=True)


class AccountRow(LibraryTable):
    """A customer. It is there as long as one of its calls is."""

    __tablename__ = "accounts"

    account_id: Mapped[str] = mapped_column(primary_key=True)


class RepRow(LibraryTable):
    """A seller. Calls point to one; nothing is counted by rep unless that is switched on."""

    __tablename__ = "reps"

    rep_id: Mapped[str] = mapped_column(primary_key=True)


class CallRow(LibraryTable):
    """A call. Times are UTC without a zone, as SQLite keeps none."""

    __tablename__ = "calls"
    __table_args__ = (
        CheckConstraint("outcome IN ('converted', 'lost')", name="outcome"),
        CheckConstraint("visibility IN ('private', 'team')", name="visibility"),
        CheckConstraint("proposed_outcome IN ('converted', 'lost', 'open')", name="proposed_outcome"),
        # The team has a call once; a private one is there once for each of those who pasted it.
        Index("uq_calls_team_content", "content_hash", unique=True, sqlite_where=text("visibility = 'team'")),
    )

    call_id: Mapped[str] = mapped_column(primary_key=True)
    content_hash: Mapped[str] = mapped_column(index=True)
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.account_id"), index=True)
    rep_id: Mapped[str | None] = mapped_column(ForeignKey("reps.rep_id"), index=True)
    owner: Mapped[str | None]  # who brought the call; of a private one, the only user of the chat who sees it
    visibility: Mapped[str]
    started_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(index=True)
    outcome_at: Mapped[datetime | None]
    outcome_entered_at: Mapped[datetime | None]  # when a person entered it; none where it came with a table
    outcome_entered_by: Mapped[str | None]
    outcome_confirmed_by: Mapped[str | None]  # the second person, where one was needed
    proposed_outcome: Mapped[str | None]  # waits for a second person, and counts nowhere until then
    proposed_by: Mapped[str | None]
    split: Mapped[str | None]
    provenance: Mapped[str]
    added_at: Mapped[datetime]
    metrics: Mapped[dict[str, Any]]
    metrics_version: Mapped[int]  # of the definitions that the metrics were measured by
    moves_reader: Mapped[str | None]  # that read the moves, on which some metrics rest; None: they weren't read
    # What was read, loaded on use: it is as long as the call.
    moves: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), deferred=True)
    call_metadata: Mapped[dict[str, Any]]
    warnings: Mapped[dict[str, Any]]
    turns: Mapped[list["TurnRow"]] = relationship(order_by="TurnRow.number", cascade="all, delete-orphan")


class AliasRow(LibraryTable):
    """Another id of a call: the one that it had while it was pasted, before it became the team's under another."""

    __tablename__ = "aliases"

    alias: Mapped[str] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.call_id", ondelete="CASCADE"), index=True)


class ScoreRow(LibraryTable):
    """A score that somebody saw, without a word of its call; ``score_log`` writes and reads it.

    It points to no row of ``calls``: a call that isn't in the library can be scored, and one may get another id.
    """

    __tablename__ = "scores"

    number: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str | None] = mapped_column(index=True)
    content_hash: Mapped[str] = mapped_column(index=True)
    model_id: Mapped[str]
    scorer: Mapped[str]
    probability: Mapped[float | None]
    low: Mapped[float | None]
    high: Mapped[float | None]
    abstained: Mapped[bool]
    scored_at: Mapped[datetime]
    door: Mapped[str]
    # What the call was like; none of it in lines of older programs.
    n_turns: Mapped[int | None]
    n_words: Mapped[int | None]
    unlikeness: Mapped[float | None]
    customer_share: Mapped[float | None]
    unknown_share: Mapped[float | None]
    timed_share: Mapped[float | None]
    marks_per_word: Mapped[float | None]
    reasons: Mapped[str | None]


class TurnRow(LibraryTable):
    """A turn of a call, counted from 1."""

    __tablename__ = "turns"

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.call_id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    speaker: Mapped[str]
    role: Mapped[str]
    text: Mapped[str]
    start_s: Mapped[float | None]
    end_s: Mapped[float | None]
