"""The library itself: adding, finding, listing and deleting calls. Nothing is ever written by halves."""

import hashlib
import json
import logging
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar, cast

from pydantic import Field
from sqlalchemy import Connection, create_engine, delete, event, exists, func, or_, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session, selectinload

from salescoach.call_metrics import METRICS_VERSION, call_metrics
from salescoach.dates import check_date, naive_utc
from salescoach.errors import CoachError, DataError, InputError
from salescoach.library.migrate import bring_up_to_date
from salescoach.library.tables import AccountRow, CallRow, LibraryRow, RepRow, TurnRow, Visibility
from salescoach.own_calls import OwnCalls
from salescoach.scrub import scrub_file
from salescoach.sqlite_files import DISK_REMEDY, address, connect_read_only, is_disk_error, is_read_only
from salescoach.types import Frozen, LabelledCall, Outcome, Provenance, Transcript, Turn

logger = logging.getLogger(__name__)

_ROWS_AT_ONCE = 200
_LOCK_SECONDS = 30
_PASTED, _PASTED_DIGITS = "pasted-", 10  # a pasted call's id: the beginning of its content hash
_PASTED_ID = re.compile(rf"{_PASTED}([0-9a-f]{{{_PASTED_DIGITS}}})")
_FACTS = ("account_id", "rep_id", "started_at", "outcome", "outcome_at", "split")

T = TypeVar("T")


class AddReport(Frozen):
    """What ``Library.add`` did, in numbers of calls. ``same_as``: another id of a call -> the id it is kept under."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    same_as: dict[str, str] = Field(default_factory=dict)


class CallSummary(Frozen):
    """A call of the library without its text. ``outcome`` is None while the deal is open."""

    call_id: str
    account_id: str | None
    rep_id: str | None = None
    started_at: datetime | None = None
    outcome: Outcome | None
    outcome_at: datetime | None = None
    outcome_entered_at: datetime | None = None
    outcome_entered_by: str | None = None
    owner: str | None = None
    visibility: Visibility = "team"
    provenance: Provenance
    n_turns: int
    metrics: dict[str, float | None]
    metadata: dict[str, str] = Field(default_factory=dict)


def digest_of_calls(calls: Iterable[tuple[str, str, str, str | None, str | None]]) -> str:
    """sha256 over past calls in any order: id, content hash, outcome, account and date (ISO, UTC) of each."""
    lines = sorted(json.dumps(call) for call in calls)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def look_at_library(file: Path) -> tuple[str | None, int] | None:
    """The library's id and how many calls it holds, changing nothing: no file is made and none is migrated.

    The id is None in a file of an older program, which had none. None where there is no file, or one without tables.

    Raises:
        CoachError: the file is damaged.
    """
    if not file.is_file():
        return None
    try:
        with closing(connect_read_only(file)) as database:
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "calls" not in tables:
                return None
            (n_calls,) = database.execute("SELECT count(*) FROM calls").fetchone()
            ids = database.execute("SELECT library_id FROM library").fetchone() if "library" in tables else None
            return (ids[0] if ids else None), n_calls
    except sqlite3.DatabaseError as error:
        raise CoachError(f"The library {file} can't be read ({error}); restore it or move it away.") from None


class Library:
    """Calls of the team and private ones. A private call is found by its id only and never counts.

    Once open it never makes its file again: one that is removed meanwhile is an error, and not an empty library.
    """

    def __init__(self, file: Path, *, create: bool = True) -> None:
        """Opens the library; a file that can't be written to is read as it is.

        Args:
            file: of the library.
            create: whether to make it where there is none.

        Raises:
            CoachError: there is none, it is damaged, or a newer program wrote it.
        """
        _make_file(file, create)
        self._file = file
        is_fixed = is_read_only(file)
        self._engine = create_engine(
            "sqlite:///library",
            creator=lambda: sqlite3.connect(
                address(file, read_only=is_fixed), uri=True, timeout=_LOCK_SECONDS, check_same_thread=False
            ),
        )
        if not is_fixed:
            event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        self._writer = self._engine.execution_options(is_writer=True)
        try:
            bring_up_to_date(self._writer, file)
            self._measure_again()
        except DatabaseError as error:
            remedy = DISK_REMEDY if is_fixed or is_disk_error(error.orig) else "restore it or move it away"
            raise CoachError(f"The library {file} can't be opened ({error.orig}); {remedy}.") from None

    @property
    def library_id(self) -> str:
        """Which library it is: 16 hex digits that it keeps, in copies too."""
        with self._session() as session:
            return session.scalars(select(LibraryRow.library_id)).one()

    def digest(self) -> str:
        """sha256 over what an index holds of the past calls, as ``digest_of_calls`` has it."""
        fields = (CallRow.call_id, CallRow.content_hash, CallRow.outcome, CallRow.account_id, CallRow.started_at)
        query = select(*fields).where(CallRow.visibility == "team", CallRow.outcome.is_not(None))
        with self._session() as session:
            return digest_of_calls(
                (call_id, content, str(outcome), account, started.isoformat() if started else None)
                for call_id, content, outcome, account, started in session.execute(query)
            )

    def add(self, calls: Iterable[LabelledCall], owner: str | None = None) -> AddReport:
        """Adds calls or updates those whose ``call_id`` is known; all of them or, on an error, none.

        The same content under another id is the call that is there already, which keeps its id; a pasted call becomes
        a past one under the new id. What a known call doesn't say this time, such as its outcome, stays as it was. The
        order of the calls makes no difference.

        Args:
            calls: to add; those whose provenance is "pasted" stay private.
            owner: who brings them.

        Raises:
            DataError: a call is known with another outcome, its id is another call's, or its date is none; names ids.
        """
        batch = [call.model_copy(update=_in_utc(call)) for call in calls]
        _refuse_ids_of_two(batch)
        report = AddReport()
        with self._session(writes=True) as session:
            for chunk in _chunks(self._in_order(session, batch)):
                _add_names(session, chunk)
                shelf = _Shelf(session, chunk)
                for call in chunk:
                    report = shelf.put(call, owner, report)
                session.flush()
                session.expunge_all()
            _drop_unused_names(session)
        return report

    def add_pasted(self, transcript: Transcript, owner: str | None = None) -> str:
        """Keeps a call that a user pasted, privately, and returns its id: that of the same call where it is known."""
        with self._session() as session:
            query = select(CallRow.call_id).where(CallRow.content_hash == transcript.content_hash)
            known = session.scalar(query)
        if known is not None:
            return known
        call_id = f"{_PASTED}{transcript.content_hash[:_PASTED_DIGITS]}"
        named = transcript.model_copy(update={"call_id": call_id})
        self.add([LabelledCall(transcript=named, call_id=call_id, provenance="pasted")], owner)
        return call_id

    def adopt(
        self,
        call_id: str,
        outcome: Outcome | None = None,
        *,
        account_id: str | None = None,
        rep_id: str | None = None,
        outcome_at: datetime | None = None,
        by: str | None = None,
    ) -> str:
        """Makes a pasted call one of the team's, under the id that it has; returns that id.

        A call that is the team's already gets what is said here and keeps the rest; without ``outcome`` it keeps its.

        Args:
            call_id: of the call, or the one that it had while it was only pasted.
            outcome: how the deal ended; None: it is open.
            account_id: the customer's.
            rep_id: the seller's.
            outcome_at: when it ended.
            by: who says so.

        Raises:
            InputError: there is no such call, it is a sample call, or no deal can have ended then.
        """
        check_date(outcome_at, "the end of the deal")
        with self._session(writes=True) as session:
            row = self._changeable(session, call_id)
            if account_id is not None:
                session.execute(insert(AccountRow).on_conflict_do_nothing(), [{"account_id": account_id}])
            if rep_id is not None:
                session.execute(insert(RepRow).on_conflict_do_nothing(), [{"rep_id": rep_id}])
            row.provenance, row.visibility = "own", "team"
            row.account_id, row.rep_id = account_id or row.account_id, rep_id or row.rep_id
            if outcome is not None:
                _enter(row, outcome, outcome_at, by)
            session.flush()
            _drop_unused_names(session)
            return row.call_id

    def set_outcome(
        self, call_id: str, outcome: Outcome | None, at: datetime | None = None, *, by: str | None = None
    ) -> Outcome | None:
        """Enters how a deal ended, or corrects it; None opens it again. Returns what was there before.

        Args:
            call_id: of an own or pasted call.
            outcome: how the deal ended.
            at: when it did.
            by: who says so.

        Raises:
            InputError: there is no such call, it is a sample call, or no deal can have ended then.
        """
        check_date(at, "the end of the deal")
        with self._session(writes=True) as session:
            row = self._changeable(session, call_id)
            before = cast("Outcome | None", row.outcome)
            _enter(row, outcome, at, by)
            return before

    def own_calls(self) -> OwnCalls:
        """How many calls of the team's own have an outcome."""
        query = select(CallRow.outcome, func.count()).where(CallRow.visibility == "team", CallRow.provenance == "own")
        with self._session() as session:
            n = {outcome: count for outcome, count in session.execute(query.group_by(CallRow.outcome))}
        return OwnCalls(n_converted=n.get("converted", 0), n_lost=n.get("lost", 0))

    def get(self, call_id: str) -> LabelledCall:
        """A call by its id, or by the id that it had while it was only pasted.

        Raises:
            InputError: there is no such call.
        """
        with self._session() as session:
            return _call(self._row(session, call_id))

    def find(self, transcript: Transcript) -> LabelledCall | None:
        """The call of the library with the same content, if there is one."""
        with self._session() as session:
            row = session.scalar(select(CallRow).where(CallRow.content_hash == transcript.content_hash))
            return None if row is None else _call(row)

    def past_calls(self) -> Iterator[LabelledCall]:
        """Every past call whose outcome is known, by id; private and open ones are left out."""
        for call_ids in _chunks([summary.call_id for summary in self.summaries()]):
            with self._session() as session:
                query = select(CallRow).where(CallRow.call_id.in_(call_ids)).order_by(CallRow.call_id)
                rows = session.scalars(query.options(selectinload(CallRow.turns)))
                calls = [_call(row) for row in rows]
            yield from calls

    def summaries(self, outcome: Outcome | None = None) -> list[CallSummary]:
        """The past calls whose outcome is known, without their texts, by id."""
        return [
            summary
            for summary in self.team_calls()
            if summary.outcome is not None and outcome in (None, summary.outcome)
        ]

    def team_calls(self) -> list[CallSummary]:
        """Every call of the team, open deals too, without its text, by id. Private calls are left out."""
        n_turns = select(func.count()).where(TurnRow.call_id == CallRow.call_id).scalar_subquery()
        fields = (
            CallRow.call_id, CallRow.account_id, CallRow.rep_id, CallRow.started_at, CallRow.outcome,
            CallRow.outcome_at, CallRow.outcome_entered_at, CallRow.outcome_entered_by, CallRow.owner,
            CallRow.visibility, CallRow.provenance, CallRow.metrics,
            CallRow.call_metadata.label("metadata"), n_turns.label("n_turns"),
        )  # fmt: skip
        query = select(*fields).where(CallRow.visibility == "team").order_by(CallRow.call_id)
        with self._session() as session:
            return [CallSummary.model_validate(dict(row)) for row in session.execute(query).mappings()]

    def contents(self, call_ids: Sequence[str]) -> dict[str, tuple[str, Outcome | None]]:
        """Content hash and outcome of those of the calls that are in the library."""
        found: dict[str, tuple[str, Outcome | None]] = {}
        with self._session() as session:
            for chunk in _chunks(call_ids):
                query = select(CallRow.call_id, CallRow.content_hash, CallRow.outcome)
                for call_id, content, outcome in session.execute(query.where(CallRow.call_id.in_(chunk))):
                    found[call_id] = (content, cast("Outcome | None", outcome))
        return found

    def own_turns(self, call_id: str) -> list[Turn]:
        """The turns of a call that no other call of the library has, private ones included.

        Raises:
            InputError: there is no such call.
        """
        call = self.get(call_id)
        elsewhere = set()
        with self._session() as session:
            for texts in _chunks(list({turn.text for turn in call.transcript.turns})):
                query = select(TurnRow.role, TurnRow.text).where(TurnRow.text.in_(texts))
                others = session.execute(query.where(TurnRow.call_id != call.call_id).distinct())
                elsewhere |= {(role, text) for role, text in others}
        return [turn for turn in call.transcript.turns if (turn.role, turn.text) not in elsewhere]

    def is_said(self, words: str) -> bool:
        """Whether the words stand in a turn of any call, as they are."""
        with self._session() as session:
            return bool(session.scalar(select(exists().where(func.instr(TurnRow.text, words) > 0))))

    def delete(self, call_id: str) -> None:
        """Deletes a call, and its account and rep where no other call names them; no byte of it stays in the file.

        Raises:
            InputError: there is no such call.
            CoachError: another process keeps the file from being rewritten; nothing was deleted.
        """
        self._scrub()  # what can't be done afterwards isn't begun
        with self._session(writes=True) as session:
            session.delete(self._row(session, call_id))
            session.flush()
            _drop_unused_names(session)
        self._scrub()

    def _scrub(self) -> None:
        scrub_file(self._engine, f"The library {self._file}")

    def close(self) -> None:
        """Closes the file."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _row(self, session: Session, call_id: str) -> CallRow:
        row = session.get(CallRow, call_id)
        if row is None and (pasted := _PASTED_ID.fullmatch(call_id)):
            row = session.scalar(select(CallRow).where(CallRow.content_hash.startswith(pasted[1])))
        if row is None:
            raise InputError(f"There is no call {call_id!r} in the library; give the id of a call that was added.")
        return row

    def _changeable(self, session: Session, call_id: str) -> CallRow:
        row = self._row(session, call_id)
        if row.provenance == "sample":
            raise InputError(
                f"Call {row.call_id} is a sample call, whose outcome is part of the simulation and stays as it is; "
                "add calls of your own."
            )
        return row

    def _in_order(self, session: Session, batch: Sequence[LabelledCall]) -> list[LabelledCall]:
        """Calls whose id is known come first: one that was rewritten makes room for its old content under a new id."""
        known: set[str] = set()
        for chunk in _chunks(batch):
            ids = [call.call_id for call in chunk]
            known.update(session.scalars(select(CallRow.call_id).where(CallRow.call_id.in_(ids))))
        return sorted(batch, key=lambda call: (call.call_id not in known, call.call_id, call.model_dump_json()))

    def _measure_again(self) -> None:
        """Measures the calls whose metrics follow older definitions; an interrupted run goes on where it stopped."""
        old = select(CallRow).where(CallRow.metrics_version != METRICS_VERSION)
        with self._session() as session:
            n_old = session.scalar(select(func.count()).select_from(old.subquery())) or 0
        if n_old:
            logger.info("The definitions of the call metrics changed; %d calls are measured again.", n_old)
        for _ in range(0, n_old, _ROWS_AT_ONCE):
            with self._session(writes=True) as session:
                for row in session.scalars(old.limit(_ROWS_AT_ONCE).options(selectinload(CallRow.turns))):
                    row.metrics, row.metrics_version = dict(call_metrics(_call(row).transcript)), METRICS_VERSION

    @contextmanager
    def _session(self, *, writes: bool = False) -> Iterator[Session]:
        try:
            with Session(self._writer if writes else self._engine) as session, session.begin():
                yield session
        except DatabaseError as error:
            raise CoachError(
                f"The library {self._file} can't be used just now ({error.orig}); nothing was changed."
            ) from None


class _Shelf:
    """The rows of the library that a few calls may meet, by id and by content."""

    def __init__(self, session: Session, calls: Sequence[LabelledCall]) -> None:
        self._session = session
        is_met = or_(
            CallRow.call_id.in_([call.call_id for call in calls]),
            CallRow.content_hash.in_([call.transcript.content_hash for call in calls]),
        )
        rows = session.scalars(select(CallRow).where(is_met).options(selectinload(CallRow.turns))).all()
        self._by_id = {row.call_id: row for row in rows}
        self._by_content = {row.content_hash: row for row in rows}

    def put(self, call: LabelledCall, owner: str | None, report: AddReport) -> AddReport:
        """Adds a call, or merges it into the row that is the same call."""
        twin = self._by_content.get(call.transcript.content_hash)
        namesake = self._by_id.get(call.call_id)
        _refuse_contradiction(call, twin, namesake)
        known = twin or namesake
        if known is None:
            self._insert(call, owner, datetime.now(UTC).replace(tzinfo=None))
            return report.model_copy(update={"added": report.added + 1})
        if call.provenance == "pasted" and known is twin:
            return report.model_copy(update={"unchanged": report.unchanged + 1})
        if known.visibility == "private":  # it is found under its new id from now on; its old one is still understood
            for row in {known, namesake or known}:
                self._remove(row)
            self._insert_again(_merged(_call(known), call, call.call_id), known, owner)
            return report.model_copy(update={"updated": report.updated + 1})
        before = _call(known)
        merged = _merged(before, call, known.call_id)
        same_as = report.same_as if call.call_id == known.call_id else {**report.same_as, call.call_id: known.call_id}
        if merged == before:
            return report.model_copy(update={"unchanged": report.unchanged + 1, "same_as": same_as})
        self._remove(known)
        self._insert_again(merged, known, owner)
        return report.model_copy(update={"updated": report.updated + 1, "same_as": same_as})

    def _insert_again(self, call: LabelledCall, known: CallRow, owner: str | None) -> None:
        """A call that was there, with what only its row knew."""
        row = self._insert(call, known.owner or owner, known.added_at)
        if call.outcome == known.outcome:
            row.outcome_entered_at, row.outcome_entered_by = known.outcome_entered_at, known.outcome_entered_by

    def _insert(self, call: LabelledCall, owner: str | None, added_at: datetime) -> CallRow:
        row = _row_of(call, owner, added_at)
        self._session.add(row)
        self._by_id[row.call_id] = self._by_content[row.content_hash] = row
        return row

    def _remove(self, row: CallRow) -> None:
        self._session.flush()  # it may be of this very batch
        self._session.delete(row)
        self._session.flush()
        del self._by_id[row.call_id], self._by_content[row.content_hash]


def _enter(row: CallRow, outcome: Outcome | None, at: datetime | None, by: str | None) -> None:
    row.outcome, row.outcome_at = outcome, _naive_utc(at) if outcome is not None else None
    row.outcome_entered_at, row.outcome_entered_by = datetime.now(UTC).replace(tzinfo=None), by


def _make_file(file: Path, create: bool) -> None:
    """An empty file is a library without tables, which it then gets."""
    if not create and not (file.is_file() and file.stat().st_size):
        raise CoachError("There is no call library yet; run `coach setup`.")
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
    except OSError as error:
        raise CoachError(
            f"The library {file} can't be made ({error.strerror}); set COACH_HOME to a folder of yours."
        ) from None


def _prepare(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions are begun below; sqlite3's own would begin only at the first write
    _use_write_ahead_log(connection)
    for pragma in ("foreign_keys=ON", "secure_delete=ON", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}")


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Tried again while another process makes the file: only for this statement SQLite doesn't wait by itself."""
    until = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def _begin(connection: Connection) -> None:
    """A writer holds the lock before it reads, so that what it decides by can't change under it."""
    is_writer = connection.get_execution_options().get("is_writer", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")


def _refuse_ids_of_two(batch: Iterable[LabelledCall]) -> None:
    contents: dict[str, str] = {}
    for call in sorted(batch, key=lambda call: call.call_id):
        content = call.transcript.content_hash
        if contents.setdefault(call.call_id, content) != content:
            raise DataError(f"Two different calls have the id {call.call_id}. Nothing was added; give each its own id.")


def _refuse_contradiction(call: LabelledCall, twin: CallRow | None, namesake: CallRow | None) -> None:
    if twin and twin.outcome and call.outcome and twin.outcome != call.outcome:
        raise DataError(
            f"Call {call.call_id} is {call.outcome}, but the same call is in the library as {twin.call_id} with the "
            f"outcome {twin.outcome}. Nothing was added; correct the wrong one, in the table or by "
            f"`coach outcome {twin.call_id}`."
        )
    if twin and namesake and twin is not namesake and twin.visibility == "team":
        raise DataError(
            f"The id {call.call_id} is in the library for another call, and this one is there as {twin.call_id}. "
            "Nothing was added; correct one of the ids."
        )


def _merged(known: LabelledCall, new: LabelledCall, call_id: str) -> LabelledCall:
    """What both say, the new one first; of a transcript, the one with more times where the words are the same."""
    facts = {name: getattr(new, name) if getattr(new, name) is not None else getattr(known, name) for name in _FACTS}
    is_same = known.transcript.content_hash == new.transcript.content_hash
    is_poorer = is_same and _n_times(new.transcript) < _n_times(known.transcript)
    transcript = known.transcript if is_poorer else new.transcript
    return new.model_copy(
        update={
            **facts,
            "call_id": call_id,
            "transcript": transcript.model_copy(update={"call_id": call_id}),
            "metadata": {**known.metadata, **new.metadata},
        }
    )


def _n_times(transcript: Transcript) -> int:
    return sum((turn.start_s is not None) + (turn.end_s is not None) for turn in transcript.turns)


def _row_of(call: LabelledCall, owner: str | None, added_at: datetime) -> CallRow:
    return CallRow(
        call_id=call.call_id,
        content_hash=call.transcript.content_hash,
        owner=owner,
        visibility="private" if call.provenance == "pasted" else "team",
        provenance=call.provenance,
        added_at=added_at,
        metrics=dict(call_metrics(call.transcript)),
        metrics_version=METRICS_VERSION,
        call_metadata=dict(call.metadata),
        warnings={"transcript": list(call.transcript.warnings)},
        turns=[
            TurnRow(number=number, **turn.model_dump()) for number, turn in enumerate(call.transcript.turns, start=1)
        ],
        **{name: getattr(call, name) for name in _FACTS},
    )


def _call(row: CallRow) -> LabelledCall:
    turns = tuple(Turn.model_validate({name: getattr(turn, name) for name in Turn.model_fields}) for turn in row.turns)
    transcript = Transcript(turns=turns, call_id=row.call_id, warnings=tuple(row.warnings["transcript"]))
    facts: Mapping[str, Any] = {name: getattr(row, name) for name in _FACTS}
    return LabelledCall(
        transcript=transcript, call_id=row.call_id, provenance=row.provenance, metadata=row.call_metadata, **facts
    )


def _add_names(session: Session, calls: Iterable[LabelledCall]) -> None:
    for table, name in ((AccountRow, "account_id"), (RepRow, "rep_id")):
        if names := {value for call in calls if (value := getattr(call, name)) is not None}:
            session.execute(insert(table).on_conflict_do_nothing(), [{name: value} for value in sorted(names)])


def _drop_unused_names(session: Session) -> None:
    for table, name, used in (
        (AccountRow, AccountRow.account_id, CallRow.account_id),
        (RepRow, RepRow.rep_id, CallRow.rep_id),
    ):
        session.execute(delete(table).where(name.not_in(select(used).where(used.is_not(None)))))


def _in_utc(call: LabelledCall) -> dict[str, datetime | None]:
    return {"started_at": _naive_utc(call.started_at), "outcome_at": _naive_utc(call.outcome_at)}


def _naive_utc(when: datetime | None) -> datetime | None:
    """SQLite keeps no time zone; everything in it is UTC."""
    return None if when is None else naive_utc(when)


def _chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _ROWS_AT_ONCE):
        yield items[start : start + _ROWS_AT_ONCE]
