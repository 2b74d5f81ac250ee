"""The call library: the truth about past calls, in SQLite through SQLAlchemy. The index over it can be thrown away."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Self, cast

from pydantic import Field
from sqlalchemy import JSON, ForeignKey, create_engine, event, func, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload

from salescoach.call_metrics import call_metrics
from salescoach.errors import CoachError, DataError, InputError
from salescoach.types import Frozen, LabelledCall, Outcome, Provenance, Transcript, Turn

SCHEMA_VERSION = 1
_ROWS_AT_ONCE = 200
_PASTED, _PASTED_DIGITS = "pasted-", 10  # a pasted call's id: the beginning of its content hash
_PASTED_ID = re.compile(rf"{_PASTED}([0-9a-f]{{{_PASTED_DIGITS}}})")


class AddReport(Frozen):
    """What ``Library.add`` did, in numbers of calls."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0


class CallSummary(Frozen):
    """A call of the library without its text."""

    call_id: str
    account_id: str | None
    outcome: Outcome | None
    provenance: Provenance
    n_turns: int
    metrics: dict[str, float | None]
    metadata: dict[str, str] = Field(default_factory=dict)


class _Base(DeclarativeBase):
    type_annotation_map: ClassVar = {dict[str, Any]: JSON}


class _Call(_Base):
    __tablename__ = "calls"

    call_id: Mapped[str] = mapped_column(primary_key=True)
    content_hash: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[str | None] = mapped_column(index=True)
    rep_id: Mapped[str | None]
    started_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(index=True)
    split: Mapped[str | None]
    provenance: Mapped[str]
    added_at: Mapped[datetime]
    metrics: Mapped[dict[str, Any]]
    call_metadata: Mapped[dict[str, Any]]
    warnings: Mapped[dict[str, Any]]
    turns: Mapped[list["_Turn"]] = relationship(order_by="_Turn.number", cascade="all, delete-orphan")


class _Turn(_Base):
    __tablename__ = "turns"

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.call_id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    speaker: Mapped[str]
    role: Mapped[str]
    text: Mapped[str]
    start_s: Mapped[float | None]
    end_s: Mapped[float | None]


class Library:
    """Past calls and pasted ones. A pasted call is private: it is found by its id only."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file
        self._engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": 30})
        event.listen(self._engine, "connect", _set_pragmas)
        try:
            with self._engine.begin() as connection:
                version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
                if version not in (0, SCHEMA_VERSION):
                    raise CoachError(
                        f"The library {file} was written by a newer Sales Coach (schema {version}); update the program."
                    )
                _Base.metadata.create_all(connection)
                connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
        except DatabaseError as error:
            raise CoachError(
                f"The library {file} can't be opened ({error.orig}); restore it or move it away."
            ) from None

    def add(self, calls: Iterable[LabelledCall]) -> AddReport:
        """Adds calls or updates those whose ``call_id`` is known; all of them or, on an error, none.

        The same content under another id is the call that is there already; a pasted call becomes a past one.

        Raises:
            DataError: a call is known with another outcome, or its id is another call's; names both ids.
        """
        added = updated = unchanged = 0
        with self._session() as session:
            for call in calls:
                content = call.transcript.content_hash
                twin = session.scalar(select(_Call).where(_Call.content_hash == content))
                namesake = session.get(_Call, call.call_id)
                known = twin or namesake
                if twin and twin.outcome and call.outcome and twin.outcome != call.outcome:
                    raise DataError(
                        f"Call {call.call_id} is {call.outcome}, but the same call is in the library as "
                        f"{twin.call_id} with the outcome {twin.outcome}. Nothing was added; correct one of them."
                    )
                if twin and namesake and twin is not namesake and twin.provenance != "pasted":
                    raise DataError(
                        f"The id {call.call_id} is in the library for another call, and this one is there as "
                        f"{twin.call_id}. Nothing was added; correct one of the ids."
                    )
                if known is None:
                    session.add(_row(call))
                    added += 1
                elif known is twin and (call.provenance == "pasted" or _same(known, call)):
                    unchanged += 1
                else:
                    for row in {known, namesake or known}:
                        session.delete(row)
                    session.flush()
                    session.add(_row(call))
                    updated += 1
        return AddReport(added=added, updated=updated, unchanged=unchanged)

    def add_pasted(self, transcript: Transcript) -> str:
        """Keeps a call that a user pasted and returns its id: that of the same call where it is known."""
        with self._session() as session:
            query = select(_Call.call_id).where(_Call.content_hash == transcript.content_hash)
            known = session.scalar(query)
        if known is not None:
            return known
        call_id = f"{_PASTED}{transcript.content_hash[:_PASTED_DIGITS]}"
        named = transcript.model_copy(update={"call_id": call_id})
        self.add([LabelledCall(transcript=named, call_id=call_id, provenance="pasted")])
        return call_id

    def get(self, call_id: str) -> LabelledCall:
        """A call by its id, or by the id that it had while it was only pasted.

        Raises:
            InputError: there is no such call.
        """
        with self._session() as session:
            row = session.get(_Call, call_id)
            if row is None and (pasted := _PASTED_ID.fullmatch(call_id)):
                row = session.scalar(select(_Call).where(_Call.content_hash.startswith(pasted[1])))
            if row is None:
                raise InputError(f"There is no call {call_id!r} in the library; give the id of a call that was added.")
            return _call(row)

    def past_calls(self) -> Iterator[LabelledCall]:
        """Every past call whose outcome is known, by id; pasted and open ones are left out."""
        for call_ids in _chunks([summary.call_id for summary in self.summaries()]):
            with self._session() as session:
                query = select(_Call).where(_Call.call_id.in_(call_ids)).order_by(_Call.call_id)
                rows = session.scalars(query.options(selectinload(_Call.turns)))
                calls = [_call(row) for row in rows]
            yield from calls

    def summaries(self, outcome: Outcome | None = None) -> list[CallSummary]:
        """The past calls whose outcome is known, without their texts, by id."""
        n_turns = select(func.count()).where(_Turn.call_id == _Call.call_id).scalar_subquery()
        query = select(_Call, n_turns).where(_Call.provenance != "pasted", _Call.outcome.is_not(None))
        if outcome is not None:
            query = query.where(_Call.outcome == outcome)
        with self._session() as session:
            return [
                CallSummary(
                    call_id=row.call_id,
                    account_id=row.account_id,
                    outcome=row.outcome,
                    provenance=row.provenance,
                    n_turns=turns,
                    metrics=row.metrics,
                    metadata=row.call_metadata,
                )
                for row, turns in session.execute(query.order_by(_Call.call_id))
            ]

    def contents(self, call_ids: Sequence[str]) -> dict[str, tuple[str, Outcome | None]]:
        """Content hash and outcome of those of the calls that are in the library."""
        found: dict[str, tuple[str, Outcome | None]] = {}
        with self._session() as session:
            for chunk in _chunks(call_ids):
                query = select(_Call.call_id, _Call.content_hash, _Call.outcome).where(_Call.call_id.in_(chunk))
                for call_id, content, outcome in session.execute(query):
                    found[call_id] = (content, cast("Outcome | None", outcome))
        return found

    def close(self) -> None:
        """Closes the file."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _session(self) -> Iterator[Session]:
        try:
            with Session(self._engine) as session, session.begin():
                yield session
        except DatabaseError as error:
            raise CoachError(
                f"The library {self._file} can't be used just now ({error.orig}); nothing was changed."
            ) from None


def _set_pragmas(connection: Any, _: Any) -> None:
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "secure_delete=ON", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}")


def _same(row: _Call, call: LabelledCall) -> bool:
    mine = (row.call_id, row.account_id, row.rep_id, row.outcome, row.split, row.provenance, row.call_metadata)
    theirs = (call.call_id, call.account_id, call.rep_id, call.outcome, call.split, call.provenance, call.metadata)
    return mine == theirs and row.started_at == _naive_utc(call.started_at)


def _row(call: LabelledCall) -> _Call:
    return _Call(
        call_id=call.call_id,
        content_hash=call.transcript.content_hash,
        account_id=call.account_id,
        rep_id=call.rep_id,
        started_at=_naive_utc(call.started_at),
        outcome=call.outcome,
        split=call.split,
        provenance=call.provenance,
        added_at=datetime.now(UTC).replace(tzinfo=None),
        metrics=dict(call_metrics(call.transcript)),
        call_metadata=dict(call.metadata),
        warnings={"transcript": list(call.transcript.warnings)},
        turns=[_Turn(number=number, **turn.model_dump()) for number, turn in enumerate(call.transcript.turns, start=1)],
    )


def _call(row: _Call) -> LabelledCall:
    turns = tuple(Turn.model_validate({name: getattr(turn, name) for name in Turn.model_fields}) for turn in row.turns)
    transcript = Transcript(turns=turns, call_id=row.call_id, warnings=tuple(row.warnings["transcript"]))
    return LabelledCall(
        transcript=transcript,
        call_id=row.call_id,
        outcome=row.outcome,
        account_id=row.account_id,
        rep_id=row.rep_id,
        started_at=row.started_at,
        split=row.split,
        provenance=row.provenance,
        metadata=row.call_metadata,
    )


def _naive_utc(when: datetime | None) -> datetime | None:
    """SQLite keeps no time zone; everything in it is UTC."""
    return when.astimezone(UTC).replace(tzinfo=None) if when is not None and when.tzinfo else when


def _chunks(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), _ROWS_AT_ONCE):
        yield names[start : start + _ROWS_AT_ONCE]
